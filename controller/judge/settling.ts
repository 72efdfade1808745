/** Drift that was seen while a fresh change was still on its way to the proxies: only what was seen after that counts. */
import { resolveOutcome } from '../measured/resolve.ts';
import type { Expectation, ObjectRef } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import { causeOf, objectName } from './cause.ts';
import type { Cell, Drift } from './finding.ts';
import type { MeasuredCell } from './measured-cell.ts';
import { listed, routeName, seen } from './sentences.ts';
import { objectsIn } from './trail-reading.ts';

const DRIFTING: ReadonlySet<Drift> = new Set(['exposed', 'blocked', 'downgraded', 'misplaced']);

/** Declared and measured differ. */
export function isDrifting({ drift }: Pick<Cell, 'drift'>): boolean {
  return DRIFTING.has(drift);
}

/**
 * The cell as it is, where nothing that it rests on was written within `settleMs` before its first attempt. Otherwise it
 * is judged by the attempts since: `unknown` (MP1013), where those are too few to say more.
 */
export function afterSettling(mesh: Mesh, cell: Cell, settleMs: number, judged: (cell: MeasuredCell) => Cell): Cell {
  const [first] = cell.attempts;
  if (settleMs === 0 || first === undefined || !isDrifting(cell)) return cell;
  const fresh = objectsIn([cell.expectation]).filter((ref) => settledAtMs(mesh, ref, settleMs) > first.startedAtMs);
  if (fresh.length === 0) return cell;
  const sinceMs = Math.max(...fresh.map((ref) => settledAtMs(mesh, ref, settleMs)));
  const attempts = cell.attempts.filter(({ startedAtMs }) => startedAtMs >= sinceMs);
  const outcome = resolveOutcome(attempts.map((attempt) => attempt.outcome));
  const settled = outcome === undefined ? undefined : judged({ ...cell, attempts, outcome });
  // All attempts stay on record, whichever of them count.
  if (settled !== undefined && settled.drift !== 'unknown') return { ...settled, attempts: cell.attempts };
  const message = `${routeName(cell)} ${seen(cell.outcome)}, which would be ${cell.drift}; but ${listed(fresh.map(objectName))} had changed just before.`;
  return { ...cell, drift: 'unknown', cause: causeOf('MP1013', message, { objects: fresh }) };
}

/**
 * When the latest change of what the expectation rests on is in force everywhere, milliseconds since 1970; -Infinity where
 * nobody knows when any of it was written.
 */
export function inForceAtMs(mesh: Mesh, expectation: Expectation, settleMs: number): number {
  return Math.max(-Infinity, ...objectsIn([expectation]).map((ref) => settledAtMs(mesh, ref, settleMs)));
}

function settledAtMs(mesh: Mesh, { kind, namespace, name }: ObjectRef, settleMs: number): number {
  const metadata = mesh.metadataOf(kind, namespace, name);
  const writtenAtMs = Date.parse(metadata?.changedAt ?? metadata?.creationTimestamp ?? '');
  return Number.isNaN(writtenAtMs) ? -Infinity : writtenAtMs + settleMs;
}
