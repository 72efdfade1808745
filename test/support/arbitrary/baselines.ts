/** Baselines and sweeps in which everything happens: few routes, every state. */
import fc from 'fast-check';
import type { Baseline, BaselineCell, Measured } from '../../../controller/gate/baseline.ts';
import type { Attempt, Cell, Conflict, Drift, Sweep } from '../../../controller/judge/finding.ts';
import type { Outcome } from '../../../proto/outcome.ts';
import { routeKey } from '../../../proto/vocabulary.ts';
import { baseline, cellOf } from '../baselines.ts';
import { ANSWERED_IN_PLAINTEXT } from '../answered-in-plaintext.ts';

const STATES: readonly (readonly [Measured, Drift])[] = [
  ['plaintext', 'agrees'],
  ['mtls', 'agrees'],
  ['closed', 'agrees'],
  ['closed', 'misplaced'],
  ['closed', 'blocked'],
  ['plaintext', 'exposed'],
  ['plaintext', 'downgraded'],
  ['mixed', 'blocked'],
  ['unknown', 'unknown'],
];

const route = fc
  .tuple(
    fc.constantFrom('a/x (naked)', 'a/y (sidecar)', 'b/x (naked)'),
    fc.constantFrom('c/s:80', 'c/t:80', 'pods:c/s:8080'),
  )
  .map(([vantage, target]) => `${vantage} → ${target} http`);

const cell: fc.Arbitrary<BaselineCell> = fc
  .tuple(route, fc.constantFrom(...STATES))
  .map(([words, [measured, drift]]) => cellOf(`${words}: ${measured} ${drift}`));

export const baselines: fc.Arbitrary<Baseline> = fc
  .uniqueArray(cell, { selector: ({ identity }) => identity, maxLength: 9 })
  .map((cells) => ({ ...baseline(''), cells: cells.toSorted((a, b) => (a.identity < b.identity ? -1 : 1)) }));

const FACTS = { address: 0, timings: { totalMs: 1 } };
const outcome: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome[]>(
  { kind: 'reached', ...FACTS, transport: 'plaintext' },
  { kind: 'reached', ...FACTS, transport: 'mtls' },
  { kind: 'refused', ...FACTS, layer: 'application', signature: 'reset', detail: '' },
  { kind: 'untested', why: 'no-agent', detail: '' },
);

/** What a workload's pods show; the same of each, as they are of one template. */
interface Shown {
  readonly workload: string;
  readonly port: number;
  readonly outcome: Outcome;
  readonly drift: Drift;
}

const shown: fc.Arbitrary<Shown> = fc.record({
  workload: fc.constantFrom('pay', 'cart', 'search'),
  port: fc.constantFrom(8080, 9090),
  outcome,
  drift: fc.constantFrom<Drift[]>('agrees', 'exposed', 'blocked'),
});

/** What a mesh shows, and how it is shown: under which names of pods, how many of them, and in which order. */
export interface Staged {
  readonly shown: readonly Shown[];
}

export const staged: fc.Arbitrary<Staged> = fc.record({
  shown: fc.uniqueArray(shown, {
    selector: ({ workload, port }) => `${workload}:${String(port)}`,
    minLength: 1,
    maxLength: 6,
  }),
});

export interface Staging {
  /** Suffixes of the pods of each workload; there are as many as names. */
  readonly pods: readonly string[];
  readonly isReversed: boolean;
}

export const staging: fc.Arbitrary<Staging> = fc.record({
  pods: fc.uniqueArray(fc.stringMatching(/^[bcdfghjk]{9}-[bcdfghjk]{5}$/), { minLength: 1, maxLength: 4 }),
  isReversed: fc.boolean(),
});

export function sweepOf({ shown: each }: Staged, { pods, isReversed }: Staging): Sweep {
  const cells = each.flatMap((one) => pods.map((suffix) => podCell(one, suffix)));
  return {
    id: pods.join(' '),
    startedAt: '2026-03-01T12:00:00.000Z',
    finishedAt: '2026-03-01T12:00:05.000Z',
    snapshot: { digest: pods.join(' '), objects: [] },
    vantages: [],
    targets: [],
    optedOut: [],
    cells: isReversed ? cells.toReversed() : cells,
    conflicts: each.filter(({ drift }) => drift === 'exposed').flatMap((one) => conflictOf(one, pods)),
    verdict: {
      value: 'pass',
      coverage: 1,
      counts: {
        ...{ agrees: 0, exposed: 0, blocked: 0, downgraded: 0, misplaced: 0, unknown: 0 },
        ...{ planned: 0, deniedAsDeclared: 0, flapping: 0, critical: 0, error: 0, warning: 0 },
      },
      why: '',
    },
  };
}

function podCell({ workload, port, outcome: out, drift }: Shown, suffix: string): Cell {
  const vantage = { namespace: 'meshproof', serviceAccount: 'prober', dataPlane: 'naked' } as const;
  const target = { kind: 'pod', namespace: 'shop', name: `${workload}-${suffix}`, port } as const;
  const probe = { kind: 'http', method: 'GET', path: '/' } as const;
  const attempt: Attempt = { startedAtMs: 0, address: '', pod: `shop/${target.name}`, outcome: out };
  return {
    table: 'transport',
    key: routeKey({ vantage, target, probe }),
    vantage,
    source: 'meshproof/prober',
    target,
    workload: `shop/${workload}`,
    probe,
    expectation: ANSWERED_IN_PLAINTEXT,
    outcome: out,
    attempts: [attempt],
    drift: out.kind === 'untested' ? 'unknown' : drift,
    isFlapping: false,
    cause: null,
  };
}

/** One a workload, that names all of its pods. */
function conflictOf({ workload, port }: Shown, pods: readonly string[]): readonly Conflict[] {
  const objects = pods.map((suffix) => ({ kind: 'Pod', namespace: 'shop', name: `${workload}-${suffix}` }));
  const cause = { code: 'MP1010', message: '', fix: '', objects } as const;
  return port === 8080 ? [{ severity: 'critical', cause, cells: [], isConfirmed: true }] : [];
}
