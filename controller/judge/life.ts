/** Signs of life: what in an outcome proves that the other side was there, whatever it said. */
import type { Outcome, PeerCertificate, Signature } from '../../proto/outcome.ts';

/** Refusals that only something alive can utter; resets, ends, silence and 503 without a token prove nothing. */
const SPOKEN: ReadonlySet<Signature> = new Set([
  'certificate-required',
  'certificate-refused',
  'protocol-version',
  'tls-alert',
  'speaks-plaintext',
  'rbac-denied',
  'jwt-refused',
  'bad-request',
  'not-the-protocol',
  'upstream-plaintext',
  'upstream-certificate',
]);

/** Answers that a caller's own proxy makes up when it cannot hand the request on; no server says them. */
const OF_OWN_PROXY: ReadonlySet<Signature> = new Set([
  'no-route',
  'blackhole',
  'upstream-reset',
  'upstream-plaintext',
  'upstream-certificate',
  'upstream-timeout',
  'upstream-refused',
  'upstream-failed',
  'no-healthy-upstream',
]);

/** Seen from a meshed vantage: its sidecar took the request and answered for itself. */
export function showsOwnProxy(outcome: Outcome): boolean {
  return outcome.kind === 'refused' && outcome.status !== undefined && OF_OWN_PROXY.has(outcome.signature);
}

/** Bytes of the target came back: an answer, a certificate, or a refusal in words. */
export function showsTarget(outcome: Outcome): boolean {
  if (outcome.kind === 'reached') return true;
  return certificateOf(outcome) !== undefined || (outcome.kind === 'refused' && SPOKEN.has(outcome.signature));
}

export function certificateOf(outcome: Outcome): PeerCertificate | undefined {
  return outcome.kind === 'untested' ? undefined : outcome.certificate;
}
