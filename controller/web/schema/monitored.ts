/** The shapes of what a monitor tells, as the API refers to them by name. */
import { extended, PUBLISHED, ref } from './published.ts';
import type { NamedSchema, Schema } from './published.ts';

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const count: Schema = { type: 'integer', minimum: 0 };
const timeMs: Schema = { type: 'number', description: 'Milliseconds since 1970.' };
const durationMs: Schema = { type: 'number', minimum: 0, description: 'Milliseconds.' };
const drift: Schema = { enum: ['agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown'] };
const access: Schema = { enum: ['open', 'closed', 'unknown'] };
const table: Schema = { enum: ['reachability', 'transport', 'health'] };

export function list(items: Schema, description?: string): Schema {
  return { type: 'array', items, ...(description !== undefined && { description }) };
}

export function orNull(schema: Schema, description?: string): Schema {
  return { anyOf: [schema, { type: 'null' }], ...(description !== undefined && { description }) };
}

/** Closed, and all of it required. */
export function object(properties: Readonly<Record<string, Schema>>, description?: string): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties),
    properties,
    ...(description !== undefined && { description }),
  };
}

function event(kind: string, properties: Readonly<Record<string, Schema>>, description: string): NamedSchema {
  return { $id: kind, ...object({ kind: { const: EVENT_KINDS[kind] }, atMs: timeMs, ...properties }, description) };
}

const EVENT_KINDS: Readonly<Record<string, string>> = {
  transition: 'transition',
  conflictChange: 'conflict',
  propagation: 'propagation',
  sweepEnded: 'sweep',
};

const fromTo = (schema: Schema): Schema => object({ from: schema, to: schema });

const ROUTE_NOW = object(
  {
    seen: { ...drift, description: 'What the latest attempts by themselves come to; `drift` is debounced.' },
    access,
    sinceMs: { ...timeMs, description: 'When the drift became what it is.' },
    measuredAtMs: orNull(timeMs, 'Of the latest attempt; null: none yet.'),
    freshness: { enum: ['fresh', 'stale', 'unmeasured'] },
    isFlapping: { ...flag, description: 'Changed its drift too often of late to be believed either way.' },
    suppression: orNull(
      { enum: ['terminating', 'not-ready', 'rollout', 'fresh-policy'] },
      'Why what is seen says nothing about policy at the moment.',
    ),
    intervalMs: durationMs,
  },
  'What the monitor knows of the route besides its cell.',
);

/** All that the API refers to, in an order in which each may refer to those before it. */
export const SCHEMAS: readonly NamedSchema[] = [
  ...PUBLISHED,
  extended('cell', 'matrixCell', { now: ROUTE_NOW }),
  extended('snapshot', 'matrixSnapshot', { syncedAtMs: timeMs, warnings: list(text) }),
  extended('objectRef', 'changedObject', {
    change: { enum: ['added', 'changed', 'deleted'] },
    resourceVersion: text,
  }),
  {
    $id: 'sweepSummary',
    ...object({
      id: text,
      trigger: { enum: ['interval', 'request'] },
      startedAtMs: timeMs,
      finishedAtMs: timeMs,
      snapshotDigest: text,
      verdict: ref('verdict'),
    }),
  },
  {
    $id: 'agent',
    ...object({
      id: text,
      vantage: text,
      state: { enum: ['connecting', 'up', 'stale', 'lost'] },
      why: text,
      loopLagMs: orNull(durationMs),
      droppedOutcomes: count,
    }),
  },
  {
    $id: 'trouble',
    ...object(
      { kind: { enum: ['cluster', 'store', 'clock', 'no-agents', 'stalled'] }, message: text, sinceMs: timeMs },
      'What keeps the monitor from knowing.',
    ),
  },
  {
    $id: 'matrix',
    ...object({
      apiVersion: { const: 'meshproof.io/v1alpha1' },
      kind: { const: 'Matrix' },
      revision: count,
      atMs: timeMs,
      startedAtMs: timeMs,
      intervalMs: durationMs,
      isStalled: { ...flag, description: 'The monitor has not moved for three intervals: all is unknown.' },
      snapshot: ref('matrixSnapshot'),
      vantages: list(ref('vantage')),
      targets: list(ref('target')),
      optedOut: list(text),
      conflicts: list(ref('conflict')),
      verdict: { ...ref('verdict'), description: 'Of the whole matrix, whatever part of it was asked for.' },
      agents: list(ref('agent')),
      troubles: list(ref('trouble')),
      lastSweep: orNull(ref('sweepSummary')),
      cells: list(ref('matrixCell')),
    }),
  },
  event(
    'transition',
    {
      route: text,
      sequence: { type: 'integer', minimum: 1, description: 'Of this route, without gaps.' },
      table,
      vantage: ref('vantage'),
      source: text,
      target: ref('target'),
      probe: ref('probe'),
      to: { enum: [...(drift['enum'] as readonly string[]), 'opened', 'closed'] },
      drift: fromTo(drift),
      access: fromTo(access),
      cause: orNull(ref('cause')),
      message: text,
      objects: list(ref('objectRef')),
      attempts: list(ref('attempt')),
    },
    'A route is not any more what it was.',
  ),
  event('conflictChange', { isOver: flag, conflict: ref('conflict') }, 'A conflict that was not there, or is no more.'),
  event(
    'propagation',
    {
      objects: list(ref('changedObject')),
      routes: list(text, 'Keys of those that followed.'),
      firstMs: durationMs,
      lastMs: durationMs,
      missing: list(text, 'Keys of those that had not followed when the waiting ended.'),
    },
    'How long a change of policy took until the wire showed it.',
  ),
  event('sweepEnded', { sweep: ref('sweepSummary') }, 'One pass over the plan.'),
  {
    $id: 'storedEvent',
    ...object({
      id: { type: 'integer', minimum: 1, description: 'Grows, over all restarts.' },
      event: { anyOf: ['transition', 'conflictChange', 'propagation', 'sweepEnded'].map(ref) },
    }),
  },
  {
    $id: 'problem',
    ...object({ code: { type: 'string', pattern: '^MPE_[A-Z_]+$' }, message: text, hint: text }, 'Any error.'),
  },
];
