import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import type { Cell, Sweep } from '../../controller/judge/finding.ts';
import { startCuttingRelay } from '../support/cutting-relay.ts';
import type { CuttingRelay } from '../support/cutting-relay.ts';
import { startHoldingRelays } from '../support/holding-relays.ts';
import { sweepScenario } from '../support/sandbox-sweep.ts';
import { seeded } from '../support/seeded.ts';

const RESETS = 100;
const PLENTY = { timeoutMs: 90_000, connectTimeoutMs: 90_000, measureWithinMs: 90_000, minCoverage: 1 };

/** What was measured, without times and addresses. */
function facts({ key, drift, outcome, attempts }: Cell): unknown {
  return [key, drift, outcome.kind, attempts.map((attempt) => attempt.outcome.kind)];
}

t.test('a hundred resets in one sweep lose nothing, double nothing and change no cell', async (t) => {
  const undisturbed = await sweepScenario('healthy', { options: PLENTY });
  const { random, seed } = seeded();
  t.comment(`seed ${String(seed)}`);
  await using targets = await startHoldingRelays(200);
  let path: CuttingRelay | undefined;
  let disturbance: Promise<void> | undefined;

  const up = new Set<string>();
  const ending = new AbortController();
  const isOver = (): boolean => ending.signal.aborted;

  /**
   * Lets some held attempts go when all agents are back (now and then when the first one is), and resets every stream
   * that stands a moment later: before, while or after a batch travels.
   */
  const disturb = async (streams: CuttingRelay, agents: number): Promise<void> => {
    while (!isOver() && streams.resets() < RESETS) {
      const least = random() < 0.8 ? agents : 1;
      while (!isOver() && up.size < least) await pause(5);
      targets.pass(1 + Math.floor(random() * 4));
      await pause(random() * 400);
      up.clear();
      streams.cut();
    }
    targets.open();
  };
  let sweep: Sweep;
  try {
    sweep = await sweepScenario('healthy', {
      options: PLENTY,
      dialled: targets.via,
      debug: (message) => {
        const [, agent] = /^agent (\S+) is up as/.exec(message) ?? [];
        if (agent !== undefined) up.add(agent);
      },
      dialVia: async (controller) => {
        path = await startCuttingRelay(controller.address);
        return { ...controller, address: path.address };
      },
      onProgress: (event, { processes }) => {
        if (event.kind !== 'phase' || event.name !== 'measure' || path === undefined) return;
        disturbance = disturb(path, processes.size);
      },
    });
    await disturbance;
  } finally {
    ending.abort();
    await path?.[Symbol.asyncDispose]();
  }
  t.ok((path?.resets() ?? 0) >= RESETS, `${String(path?.resets())} streams were reset`);
  t.same(sweep.cells.map(facts), undisturbed.cells.map(facts));
  t.match(sweep.verdict, { value: 'pass', coverage: 1, counts: undisturbed.verdict.counts });
});
