/** Which cause a refusal stands for that nobody declared (or that came from another layer than declared). */
import { perspectiveOf } from './consistent.ts';
import type { Refused, Silent, Outcome, Signature } from '../../proto/outcome.ts';
import type { CauseCode } from './causes.ts';
import type { Evidence } from './evidence.ts';
import { faultCode, refusalCode } from './fault-code.ts';
import type { MeasuredCell } from './measured-cell.ts';
import type { Declared } from './subject.ts';
import { effectiveStep } from './trail-reading.ts';

/** Refusals whose signature alone names the cause. */
const BY_SIGNATURE: Partial<Record<Signature, CauseCode>> = {
  'name-not-found': 'MP1301',
  'connection-refused': 'MP1304',
  unreachable: 'MP1307',
  'certificate-required': 'MP1110',
  'protocol-version': 'MP1108',
  'tls-alert': 'MP1108',
  'rbac-denied': 'MP1201',
  'jwt-refused': 'MP1212',
  'bad-request': 'MP1305',
  'not-the-protocol': 'MP1305',
  'no-route': 'MP1301',
  blackhole: 'MP1302',
  'upstream-timeout': 'MP1307',
  'upstream-refused': 'MP1304',
  'upstream-failed': 'MP1503',
  'no-healthy-upstream': 'MP1303',
  'health-failed': 'MP1403',
};

export function blockedCode(cell: MeasuredCell, declared: Declared, outcome: Outcome, evidence: Evidence): CauseCode {
  if (outcome.kind === 'silent') return silentCode(outcome);
  if (outcome.kind !== 'refused') return 'MP1505';
  return BY_SIGNATURE[outcome.signature] ?? byContext(cell, declared, outcome, evidence);
}

function silentCode({ layer }: Silent): CauseCode {
  return layer === 'tcp' ? 'MP1307' : layer === 'application' ? 'MP1306' : 'MP1505';
}

/** Ambiguous on the wire: what was declared, and what else the sweep saw of the target, decide. */
function byContext(cell: MeasuredCell, declared: Declared, outcome: Refused, evidence: Evidence): CauseCode {
  const isMutual = evidence.showsCertificate(cell.target);
  switch (outcome.signature) {
    case 'certificate-refused':
      return servedFault(cell, evidence) ?? refusalCode(outcome.certificateRefusal ?? 'unspecified');
    case 'upstream-certificate':
      return servedFault(cell, evidence) ?? byText(outcome.detail);
    case 'upstream-plaintext':
      if (effectiveStep(declared.trail, 'client')?.by === 'destination-rule') return 'MP1003';
      return isMutual ? 'MP1017' : 'MP1008';
    case 'upstream-reset':
      return declared.transport === 'plaintext' ? 'MP1002' : 'MP1017';
    case 'speaks-plaintext':
      return 'MP1010';
    case 'reset':
    case 'closed':
      return cutCode(cell, outcome, isMutual);
    default:
      return 'MP1505';
  }
}

/** Envoy's client says only that verification failed; the prober's handshake with the same pod says why. */
function servedFault(cell: MeasuredCell, evidence: Evidence): CauseCode | undefined {
  const [fault] = evidence.certificateFaults(cell.target);
  return fault === undefined ? undefined : faultCode(fault.fault);
}

function byText(detail: string): CauseCode {
  if (/expired/i.test(detail)) return 'MP1102';
  return /\bSAN\b|subject alt|identity/i.test(detail) ? 'MP1104' : 'MP1103';
}

/** A connection that was cut: valid mutual TLS with the same port is the control that tells a policy from a dead application. */
function cutCode(cell: MeasuredCell, { layer }: Refused, isMutual: boolean): CauseCode {
  const { probe } = cell;
  if (layer === 'tcp') return 'MP1307';
  if (probe.kind === 'mtls') return layer === 'tls' ? 'MP1109' : 'MP1203';
  if (probe.kind === 'tls' || probe.kind === 'mtls-untrusted') return 'MP1305';
  if (!isMutual) return 'MP1304';
  return perspectiveOf(cell) === 'proxied' ? 'MP1203' : 'MP1001';
}
