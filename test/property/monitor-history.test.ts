import fc from 'fast-check';
import t from 'tap';
import type { Drift } from '../../controller/judge/finding.ts';
import type { Access } from '../../controller/monitor/current.ts';
import { forget, observe } from '../../controller/monitor/route-state.ts';
import type { RouteState } from '../../controller/monitor/route-state.ts';

const drift = fc.constantFrom<Drift>('agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown');
const access = fc.constantFrom<Access>('open', 'closed', 'unknown');

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('see' as const), drift, access, afterMs: fc.integer({ max: 120_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Runs of the same thing, as targets show them, are what debouncing is about. */
const steps = fc
  .array(fc.tuple(step, fc.integer({ min: 1, max: 6 })), { maxLength: 40, size: 'max' })
  .map((runs) => runs.flatMap(([one, times]) => Array.from({ length: times }, () => one)));

interface Told {
  readonly sequence: number;
  readonly from: RouteState | undefined;
  readonly to: RouteState;
}

/** As a monitor does: what is stored is what a restarted one goes on from. */
function history(all: readonly Step[]): readonly Told[] {
  const told: Told[] = [];
  let state: RouteState | undefined;
  let nowMs = Date.parse('2026-01-02T12:00:00Z');
  for (const one of all) {
    switch (one.kind) {
      case 'see': {
        nowMs += one.afterMs;
        const observed = observe(state, { drift: one.drift, access: one.access, atMs: nowMs });
        if (observed.isTransition) {
          told.push({ sequence: observed.state.sequence, from: state, to: observed.state });
        }
        state = observed.state;
        break;
      }
      case 'restart':
        state = state === undefined ? undefined : (JSON.parse(JSON.stringify(state)) as RouteState);
        break;
      case 'forget':
        if (state !== undefined && state.drift !== 'unknown') {
          const after = forget(state, nowMs);
          told.push({ sequence: after.sequence, from: state, to: after });
          state = after;
        }
        break;
    }
  }
  return told;
}

t.test('each transition goes on from where the one before went to, without gap', (t) => {
  let told = 0;
  fc.assert(
    fc.property(steps, (all) => {
      const transitions = history(all);
      told += transitions.length;
      transitions.forEach(({ sequence, from, to }, index) => {
        if (sequence !== index + 1) throw new Error(`number ${String(sequence)} in the place of ${String(index + 1)}`);
        const before = transitions[index - 1]?.to;
        if (from?.drift === to.drift && from.access === to.access) throw new Error('nothing has changed');
        if (before === undefined) return;
        if (from?.drift !== before.drift) throw new Error(`the drift before was ${before.drift}`);
        const isLearnt = before.drift === 'unknown' || before.access === 'unknown';
        if (!isLearnt && from.access !== before.access) throw new Error(`the access before was ${before.access}`);
      });
    }),
    { numRuns: 500 },
  );
  t.ok(told > 500, 'there were enough of them');
  t.end();
});

t.test('no protection is said to fail by one look alone, nor to hold again', (t) => {
  const urgent: readonly Drift[] = ['exposed', 'downgraded', 'misplaced'];
  fc.assert(
    fc.property(steps, (all) => {
      let state: RouteState | undefined;
      let last: Drift | undefined;
      for (const one of all) {
        if (one.kind !== 'see') continue;
        const observed = observe(state, { drift: one.drift, access: one.access, atMs: 0 });
        const { drift: now } = observed.state;
        const before = state?.drift ?? 'unknown';
        if (now !== before && urgent.includes(now) && last !== now) throw new Error(`${now} by one look`);
        if (now === 'agrees' && urgent.includes(before) && last !== 'agrees') throw new Error('over by one look');
        if (now !== before && now !== one.drift) throw new Error('became what was not seen');
        state = observed.state;
        last = one.drift;
      }
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('what a route remembers is bounded, whatever it sees', (t) => {
  fc.assert(
    fc.property(steps, (all) => {
      let state: RouteState | undefined;
      let atMs = 0;
      for (const one of all) {
        if (one.kind !== 'see') continue;
        atMs += one.afterMs;
        ({ state } = observe(state, { drift: one.drift, access: one.access, atMs }));
        if (state.recent.length > 5) throw new Error('too many looks');
        const oldestMs = state.changesAtMs[0] ?? atMs;
        if (atMs - oldestMs >= 600_000) throw new Error('too old a change');
      }
    }),
    { numRuns: 200 },
  );
  t.end();
});
