/** Declared open and answered: whether it was answered over the transport and with the identity that were declared. */
import type { Reached } from '../../proto/outcome.ts';
import type { Probe } from '../../proto/vocabulary.ts';
import type { Declared } from './subject.ts';

/**
 * `blocked` where a meshed caller would have refused the served certificate: our own probe takes such a connection on
 * to the answer, Istio's clients do not. Without proof of the transport nothing is held against it, and more protection
 * than declared is no drift.
 */
export function transportDrift(
  probe: Probe,
  declared: Declared,
  outcome: Reached,
): 'agrees' | 'blocked' | 'downgraded' {
  if (probe.kind === 'mtls' && declared.transport === 'mtls' && (outcome.certificate?.fault ?? null) !== null)
    return 'blocked';
  if (declared.transport !== 'mtls' && declared.transport !== 'hbone') return 'agrees';
  if (outcome.transport === 'plaintext') return 'downgraded';
  const { witness } = outcome;
  if (witness?.isProof !== true) return 'agrees';
  return witness.caller === declared.identity ? 'agrees' : 'downgraded';
}
