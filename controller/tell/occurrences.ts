/** What of an event is worth a Kubernetes Event, and about which object. */
import { createHash } from 'node:crypto';
import type { Target } from '../../proto/vocabulary.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import type { Cause } from '../judge/finding.ts';
import type { Current } from '../monitor/current.ts';
import type { ConflictChange, StoredEvent, Transition, TransitionTo } from '../monitor/events.ts';

export interface Regarding {
  readonly kind: 'Service' | 'Pod';
  readonly namespace: string;
  readonly name: string;
}

export interface Occurrence {
  readonly regarding: Regarding;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  /** The same for occurrences that are one Event with a count: same object, same reason, same cause. */
  readonly key: string;
  readonly atMs: number;
}

const REASONS: Readonly<Record<TransitionTo, readonly [reason: string, type: Occurrence['type']]>> = {
  exposed: ['Exposed', 'Warning'],
  blocked: ['Blocked', 'Warning'],
  downgraded: ['Downgraded', 'Warning'],
  misplaced: ['Misplaced', 'Warning'],
  unknown: ['Unmeasured', 'Warning'],
  agrees: ['Recovered', 'Normal'],
  opened: ['Opened', 'Normal'],
  closed: ['Closed', 'Normal'],
};

/** A conflict may explain thousands of cells; so many of the objects behind them are told. */
const OBJECTS_OF_A_CONFLICT = 10;
/** kubernetes: pkg/apis/core/validation/events.go:NoteLengthLimit; it counts bytes. */
const NOTE_BYTES = 1024;

/** Propagation and ends of sweeps are nothing about an object. `current` says which objects a conflict's cells are of. */
export function occurrencesOf({ event }: StoredEvent, current: Current): readonly Occurrence[] {
  if (event.kind === 'transition') return [ofTransition(event)];
  if (event.kind === 'conflict') return ofConflict(event, current);
  return [];
}

function ofTransition({ to, target, cause, message, objects, atMs }: Transition): Occurrence {
  const [reason, type] = REASONS[to];
  const regarding = regardingOf(target);
  const key = keyOf(regarding, reason, cause?.code ?? '', cause?.objects ?? objects);
  return { regarding, type, reason, note: noteOf(message, cause), key, atMs };
}

function ofConflict({ isOver, conflict, atMs }: ConflictChange, current: Current): readonly Occurrence[] {
  const { cause, cells } = conflict;
  const keys = new Set(cells);
  const targets = current.routes.flatMap(({ cell }) => (keys.has(cell.key) ? [regardingOf(cell.target)] : []));
  const distinct = [...new Map(targets.map((one) => [JSON.stringify(one), one])).values()];
  const reason = isOver ? 'ConflictResolved' : 'Conflict';
  const note = isOver ? truncated(`No more: ${cause.message}`) : noteOf(cause.message, cause);
  return distinct.slice(0, OBJECTS_OF_A_CONFLICT).map((regarding) => ({
    regarding,
    type: isOver ? 'Normal' : 'Warning',
    reason,
    note,
    key: keyOf(regarding, reason, cause.code, cause.objects),
    atMs,
  }));
}

function regardingOf({ kind, namespace, name }: Target): Regarding {
  return { kind: kind === 'service' ? 'Service' : 'Pod', namespace, name };
}

function keyOf(regarding: Regarding, reason: string, code: string, objects: readonly ObjectRef[]): string {
  const names = objects.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`).sort();
  const text = JSON.stringify([regarding.kind, regarding.namespace, regarding.name, reason, code, names]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function noteOf(message: string, cause: Cause | null): string {
  if (cause === null) return truncated(message);
  return truncated(`${message} (${cause.code})${cause.fix === '' ? '' : ` Fix: ${cause.fix}`}`);
}

/** No character is cut in two. */
function truncated(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.byteLength <= NOTE_BYTES) return text;
  const kept = new TextDecoder().decode(bytes.subarray(0, NOTE_BYTES - 3), { stream: true });
  return `${kept}…`;
}
