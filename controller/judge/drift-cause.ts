/** Why declared and measured differ: expectation, outcome and the rest of the sweep's evidence make a cause. */
import type { OutcomeCode } from '../declared/expectation.ts';
import { blockedCode } from './blocked-code.ts';
import { causeOf } from './cause.ts';
import type { CauseCode } from './causes.ts';
import type { Evidence, ShownFault } from './evidence.ts';
import { faultCode } from './fault-code.ts';
import type { Cause, Drift } from './finding.ts';
import type { MeasuredCell } from './measured-cell.ts';
import type { Outcome } from '../../proto/outcome.ts';
import { listed, routeName, said, seen } from './sentences.ts';
import type { Declared } from './subject.ts';
import { decidersOf, effectiveStep } from './trail-reading.ts';

/** Never null: what fits nothing is MP1505. */
export function driftCause(
  cell: MeasuredCell,
  drift: Exclude<Drift, 'agrees' | 'unknown'>,
  declared: Declared,
  outcome: Outcome,
  evidence: Evidence,
): Cause {
  const code = codeOf(cell, drift, declared, outcome, evidence);
  const shown = code.startsWith('MP11') ? evidence.certificateFaults(cell.target) : [];
  if (shown.length > 0) return certificateCause(cell, code, shown, outcome);
  const objects = [...decidersOf(declared.decidedBy), effectiveStep(declared.trail, 'client')?.object];
  return causeOf(code, `${routeName(cell)} ${what(drift, declared, outcome)}.`, { objects });
}

function what(drift: Drift, declared: Declared, outcome: Outcome): string {
  if (drift === 'downgraded') {
    const caller = outcome.kind === 'reached' ? (outcome.witness?.caller ?? null) : null;
    const identity = caller === null ? 'without a proved identity' : `as ${caller}`;
    return `answered ${identity}, although ${declared.transport} as ${declared.identity ?? 'nobody'} is declared`;
  }
  if (drift === 'misplaced') return `${seen(outcome)}, closed as declared, but not as ${said(declared)}`;
  return `${seen(outcome)} although ${said(declared)}`;
}

/** The pods that show the certificate are the cause, whoever met it: one finding for all of their callers. */
function certificateCause(cell: MeasuredCell, code: CauseCode, shown: readonly ShownFault[], outcome: Outcome): Cause {
  const faults = shown.map(
    (fault) => `${fault.pod} shows a certificate that meshed callers refuse, ${faultWords(fault)}`,
  );
  const objects = shown.map(({ pod }) => {
    const slash = pod.indexOf('/');
    return { kind: 'Pod', namespace: pod.slice(0, slash), name: pod.slice(slash + 1) };
  });
  return causeOf(code, `${listed(faults)}. ${routeName(cell)} ${seen(outcome)}.`, { objects });
}

function faultWords({ certificate, fault }: ShownFault): string {
  const bearer = certificate.spiffeId === null ? 'without SPIFFE id' : `of ${certificate.spiffeId}`;
  switch (fault) {
    case 'expired':
      return `${bearer}, expired at ${new Date(certificate.notAfterMs).toISOString()}`;
    case 'not-yet-valid':
      return `${bearer}, valid from ${new Date(certificate.notBeforeMs).toISOString()}`;
    case 'untrusted-root':
      return `${bearer}, from a CA that the mesh does not know`;
    case 'identity-mismatch':
      return `${bearer}, which is not the identity of its service account`;
    case 'no-spiffe-id':
      return bearer;
  }
}

function codeOf(cell: MeasuredCell, drift: Drift, declared: Declared, outcome: Outcome, evidence: Evidence): CauseCode {
  if (outcome.kind === 'reached') {
    if (outcome.certificate?.fault) return faultCode(outcome.certificate.fault);
    if (drift === 'downgraded') return downgradedCode(cell, outcome.witness?.caller ?? null, evidence);
    return EXPOSED[declared.outcome] ?? (evidence.showsCertificate(cell.target) ? 'MP1005' : 'MP1010');
  }
  return blockedCode(cell, declared, outcome, evidence);
}

function downgradedCode(cell: MeasuredCell, caller: string | null, evidence: Evidence): CauseCode {
  if (caller !== null) return 'MP1104';
  return evidence.showsCertificate(cell.target) ? 'MP1017' : 'MP1008';
}

/** What must have failed where a denial did not happen. Not listed: a port that takes what STRICT would refuse. */
const EXPOSED: Partial<Record<OutcomeCode, CauseCode>> = {
  DENY_NO_CHAIN_TLS: 'MP1305',
  PROTO_MISMATCH: 'MP1305',
  HANG: 'MP1306',
  DENY_AUTHZ_HTTP: 'MP1211',
  DENY_AUTHZ_TCP: 'MP1211',
  DENY_AUTHZ_HBONE: 'MP1211',
  DENY_JWT: 'MP1211',
  DENY_EXTAUTHZ: 'MP1211',
  CLIENT_TLS_MISMATCH: 'MP1013',
  CLIENT_BLACKHOLE: 'MP1302',
  NO_ENDPOINTS: 'MP1013',
  NO_ROUTE: 'MP1301',
  APP_DOWN: 'MP1505',
  DENY_NETPOL: 'MP1308',
  HEALTH_FAILED: 'MP1505',
};
