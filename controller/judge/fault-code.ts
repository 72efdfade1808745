/** Which cause a fault of a served certificate stands for. */
import type { CertificateRefusal, IdentityFault } from '../../proto/outcome.ts';
import type { CauseCode } from './causes.ts';

const FAULTS: Readonly<Record<IdentityFault, CauseCode>> = {
  expired: 'MP1102',
  'not-yet-valid': 'MP1106',
  'untrusted-root': 'MP1103',
  'identity-mismatch': 'MP1104',
  'no-spiffe-id': 'MP1104',
};

export function faultCode(fault: IdentityFault): CauseCode {
  return FAULTS[fault];
}

/** By the alert that refused our certificate; an alert without a reason is laid at the caller's certificate. */
const REFUSALS: Readonly<Record<CertificateRefusal, CauseCode>> = {
  'unknown-ca': 'MP1103',
  expired: 'MP1101',
  identity: 'MP1104',
  revoked: 'MP1107',
  bad: 'MP1101',
  unspecified: 'MP1101',
};

export function refusalCode(refusal: CertificateRefusal): CauseCode {
  return REFUSALS[refusal];
}
