/** Thousands of attempts against everything that misbehaves leave nothing behind: no socket, timer, listener or memory. */
import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pLimit from 'p-limit';
import t from 'tap';
import { probeOnce } from '../support/probing.ts';
import { ZOO } from './zoo/zoo.ts';

const ATTEMPTS = 10_000;
/** Until compiled code and Node's own caches are what they will be. */
const WARM_UP = 2_000;
const IN_FLIGHT = 48;
const SHORT_MS = 100;
const LONG_MS = 5_000;
/** Of heap that 10,000 attempts may leave: caches of Node that fill once, not a hundred bytes an attempt. */
const MAY_GROW_BYTES = 1024 * 1024;
const LOOP_WINDOW_MS = 300;
const LOOP_RESOLUTION_MS = 5;
const MAY_LAG_MS = 25;
const SETTLES_WITHIN_MS = 10_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

interface Holdings {
  readonly resources: Readonly<Record<string, number>>;
  readonly descriptors: number | undefined;
}

function holdings(): Holdings {
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { resources, descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : undefined };
}

/** The other side of a connection closes a few turns later; what stays is a leak. */
async function settled(before: Holdings): Promise<Holdings> {
  const untilMs = performance.now() + SETTLES_WITHIN_MS;
  for (;;) {
    await turn();
    const now = holdings();
    if (JSON.stringify(now) === JSON.stringify(before) || performance.now() > untilMs) return now;
  }
}

async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    await turn();
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

async function loopDelayMs(): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  histogram.enable();
  await wait(LOOP_WINDOW_MS);
  histogram.disable();
  return histogram.percentile(50) / 1e6;
}

t.test(
  `${String(ATTEMPTS)} attempts over the whole zoo leave everything as it was`,
  { timeout: 100_000 },
  async (t) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    await using stack = new AsyncDisposableStack();
    const { signal } = new AbortController();
    const animals = await Promise.all(
      ZOO.filter(({ skip }) => skip === undefined).map(async (animal) => ({
        animal,
        stage: stack.use(await animal.serve()),
      })),
    );
    const wrong = new Map<string, number>();
    const limit = pLimit(IN_FLIGHT);
    const attemptAll = async (count: number): Promise<void> => {
      const attempts = Array.from({ length: count }, (_, index) =>
        limit(async () => {
          const one = animals[index % animals.length];
          if (one === undefined) return;
          const { animal, stage } = one;
          const timeoutMs = animal.isLasting === true ? SHORT_MS : LONG_MS;
          const deadlines = { connectTimeoutMs: timeoutMs, timeoutMs, ...animal.settings };
          const outcome = await probeOnce(animal.probe, stage.address, { ...deadlines, ...stage.settings, signal });
          const isOurs = outcome.kind === 'untested' && outcome.why !== 'no-address';
          if (isOurs) wrong.set(animal.name, (wrong.get(animal.name) ?? 0) + 1);
        }),
      );
      await Promise.all(attempts);
    };

    const idle = holdings();
    await attemptAll(WARM_UP);
    await settled(idle);
    const before = { ...idle, heap: await heapBytes(), loopDelayMs: await loopDelayMs() };
    await attemptAll(ATTEMPTS);
    const after = { ...(await settled(idle)), heap: await heapBytes(), loopDelayMs: await loopDelayMs() };
    process.off('warning', onWarning);

    t.strictSame(Object.fromEntries(wrong), {}, 'no attempt failed for a fault of ours');
    t.strictSame(after.resources, before.resources, 'sockets, servers, timers and questions');
    t.equal(after.descriptors, before.descriptors, 'file descriptors');
    t.equal(getEventListeners(signal, 'abort').length, 0, 'listeners on the signal that all attempts share');
    t.strictSame(warnings, [], 'Node had nothing to warn of');
    t.ok(after.heap - before.heap < MAY_GROW_BYTES, `heap grew by ${String(after.heap - before.heap)} bytes`);
    t.ok(after.loopDelayMs < before.loopDelayMs + MAY_LAG_MS, `event loop: ${String(after.loopDelayMs)} ms late`);
  },
);
