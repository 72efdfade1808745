import t from 'tap';
import { monitorFitness, unfitness } from '../../../agent/fitness.ts';
import type { Outcome } from '../../../proto/outcome.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const FIT = { loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true };
const facts = { address: 0, timings: { totalMs: 1 } };
const OUTCOMES: Readonly<Record<'reached' | 'refused' | 'silent', Outcome>> = {
  reached: { kind: 'reached', ...facts, transport: 'plaintext' },
  refused: { kind: 'refused', ...facts, layer: 'tcp', signature: 'connection-refused', detail: '' },
  silent: { kind: 'silent', ...facts, layer: 'application', afterMs: 2_000 },
};

t.test('whose outcomes are doubted, and when', (t) => {
  const cases: readonly (readonly [
    of: keyof typeof OUTCOMES,
    sample: Partial<typeof FIT>,
    heldUpMs: number,
    is: string,
  ])[] = [
    ['reached', {}, 0, 'kept'],
    ['silent', {}, 0, 'kept'],
    ['silent', {}, 251, 'agent-starved'],
    ['reached', {}, 251, 'kept'],
    ['refused', {}, 999, 'kept'],
    ['refused', {}, 1_001, 'agent-starved'],
    ['reached', { throttledShare: 0.4 }, 0, 'kept'],
    ['reached', { throttledShare: 0.6 }, 0, 'agent-starved'],
    ['reached', { isSidecarReady: false }, 0, 'agent-not-ready'],
  ];
  for (const [of, sample, heldUpMs, is] of cases) {
    const verdict = unfitness(OUTCOMES[of], { ...FIT, ...sample }, heldUpMs);
    t.equal(verdict?.why ?? 'kept', is, `${of} ${JSON.stringify(sample)} ${String(heldUpMs)} ms`);
  }
  t.end();
});

t.test('an event loop that was held up is seen by the attempts that it held up, and by no later one', async (t) => {
  const clock = new ManualClock();
  using fitness = monitorFitness({ clock, readiness: undefined, throttledUs: () => 0 });
  const before = clock.monotonicMs();
  t.equal(fitness.heldUpSince(before), 0);
  await clock.advance(900);
  t.ok(fitness.heldUpSince(before) > 800, 'the clock went on without a tick of the loop');
  await clock.advance(1);
  t.equal(fitness.heldUpSince(clock.monotonicMs()), 0);
});

t.test('throttling is the share of the time since the window before', async (t) => {
  const clock = new ManualClock();
  let throttledUs = 0;
  using fitness = monitorFitness({ clock, readiness: undefined, throttledUs: () => throttledUs });
  await clock.advance(0);
  throttledUs = 600_000;
  await clock.advance(1_000);
  t.match(fitness.sample(), { throttledShare: 0.6, isFit: false });
  await clock.advance(1_000);
  t.equal(fitness.sample().throttledShare, 0);
});

t.test('a sidecar that does not answer is not ready', (t) => {
  const clock = new ManualClock();
  using fitness = monitorFitness({ clock, readiness: { host: '127.0.0.1', port: 1 }, throttledUs: () => 0 });
  t.match(fitness.sample(), { isSidecarReady: false, isFit: false });
  t.end();
});
