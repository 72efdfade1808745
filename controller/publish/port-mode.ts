/** Which mutual-TLS mode a port has in force, read off the fingerprint probes alone. */
import type { Outcome } from '../../proto/outcome.ts';
import type { Cell } from '../judge/finding.ts';

export type PortMode = 'STRICT' | 'PERMISSIVE' | 'plaintext only' | 'closed' | 'not known';

/** Of the transport cells of one pod port. Silence and faults of ours say nothing about a mode. */
export function portMode(cells: readonly Cell[]): PortMode {
  const plaintext = answerOf(cells, (kind) => kind === 'http' || kind === 'tcp' || kind === 'grpc');
  const mutual = answerOf(cells, (kind) => kind === 'mtls');
  if (plaintext === undefined || mutual === undefined) return 'not known';
  if (plaintext) return mutual ? 'PERMISSIVE' : 'plaintext only';
  return mutual ? 'STRICT' : 'closed';
}

function answerOf(cells: readonly Cell[], isOfKind: (kind: string) => boolean): boolean | undefined {
  const outcomes = cells.filter((cell) => isOfKind(cell.probe.kind)).map((cell) => cell.outcome);
  if (outcomes.some((outcome) => outcome.kind === 'reached' || isPastTransport(outcome))) return true;
  return outcomes.some((outcome) => outcome.kind === 'refused') ? false : undefined;
}

/**
 * The mode let the bytes in where authorization, a token check or the application said no. On a TCP port authorization
 * says no by closing; after a handshake in which a workload certificate was served, that is not the mode's doing.
 */
function isPastTransport(outcome: Outcome): boolean {
  if (outcome.kind !== 'refused') return false;
  if (['rbac-denied', 'jwt-refused', 'no-route', 'health-failed'].includes(outcome.signature)) return true;
  const isClosed = outcome.layer === 'application' && ['reset', 'closed'].includes(outcome.signature);
  return isClosed && (outcome.certificate?.spiffeId ?? null) !== null;
}
