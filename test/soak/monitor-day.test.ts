import { join } from 'node:path';
import t from 'tap';
import type { K8sObject } from '../../controller/declared/objects.ts';
import { openStore } from '../../controller/store/open-store.ts';
import type { Retention, Store } from '../../controller/store/store.ts';
import type { Clock } from '../../proto/clock.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { startMonitor } from '../support/monitor-scene.ts';
import { ANSWER, HeldSource, RESET, SHOP, STRICT } from '../support/pulsing-shop.ts';
import type { Seen } from '../support/pulsing-shop.ts';
import { PulsingLauncher } from '../support/pulsing-launcher.ts';
import { NO_SOAK, footprint, growth, soakMinutes } from '../support/soak.ts';
import type { Footprint } from '../support/soak.ts';
import { placed, pod, service } from '../unit/controller/judge/live-mesh.ts';

/** An hour is a day. */
const TIMES = 24;
const INTERVAL_MS = 10_000;
const MINUTE_MS = 60_000;

const BATCH = 'legacy/batch (naked)';
const CRON = 'legacy/cron (naked)';

/** Both clocks run ahead. */
function fastClock(): Clock {
  const startMs = systemClock.nowMs();
  return {
    ...hurriedClock(systemClock, TIMES),
    nowMs: () => startMs + (systemClock.nowMs() - startMs) * TIMES,
  };
}

/** What goes on in a mesh, one after the other. */
function troubles(source: HeldSource, seen: Seen, launcher: PulsingLauncher): readonly (() => void)[] {
  const more: readonly K8sObject[] = [pod('shop/cart'), service('shop/cart')];
  const flip = (outcome: typeof ANSWER | typeof RESET) => () => {
    seen.set(`${BATCH} → shop/pay:80`, outcome);
  };
  return [
    flip(ANSWER),
    flip(RESET),
    () => {
      source.declare(...SHOP, ...more);
    },
    () => {
      source.declare(...SHOP);
    },
    () => {
      launcher.lose(CRON, 'the node was drained');
    },
    () => {
      source.declare(...SHOP.filter((one) => one !== STRICT));
    },
    () => {
      source.declare(...SHOP);
    },
  ];
}

/** Milliseconds since 1970 of the oldest there is, and how many there are. */
async function oldest(store: Store, nowMs: number): Promise<Record<'eventsMs' | 'sweepsMs' | 'minutesMs', number>> {
  const [event] = await store.events({ limit: 1 });
  const sweeps = await store.sweeps({ limit: 1000 });
  const minutes = await store.tallies({ fromMs: 0, toMs: nowMs + MINUTE_MS, width: 'minute' });
  return {
    eventsMs: event?.event.atMs ?? nowMs,
    sweepsMs: Math.min(nowMs, ...sweeps.map(({ startedAtMs }) => startedAtMs)),
    minutesMs: Math.min(nowMs, ...minutes.map(({ minuteMs }) => minuteMs)),
  };
}

t.test('a day in an hour: neither memory nor handles nor rows grow', { skip: NO_SOAK }, async (t) => {
  const minutes = soakMinutes(60);
  const clock = fastClock();
  const seen: Seen = new Map();
  const source = new HeldSource(SHOP, clock.nowMs);
  // A sixth of the time, so that most of what is kept has to go again.
  const keptMs = (minutes * MINUTE_MS * TIMES) / 6;
  const retention: Partial<Retention> = { eventsMs: keptMs, sweepsMs: keptMs, minutesMs: keptMs, documents: 3 };
  await using store = await openStore(join(t.testdir(), 'day.db'), { retention });
  await using launcher = new PulsingLauncher({
    places: [placed('legacy/batch', 'naked'), placed('legacy/cron', 'naked')],
    truth: (vantage, target) => seen.get(`${vantage} → ${target}`) ?? (target === 'legacy/open:80' ? ANSWER : RESET),
    pulseMs: INTERVAL_MS / TIMES,
    nowMs: clock.nowMs,
  });
  const options = {
    intervalMs: INTERVAL_MS,
    settleMs: 10_000,
    heartbeatIntervalMs: 3_600_000,
    lostAfterMs: 36_000_000,
  };
  await using scene = await startMonitor({ source, launcher, store, clock }, options);
  await scene.until('a first pass', () => scene.current().lastSweep);
  const happenings = troubles(source, seen, launcher);
  const prints: Footprint[] = [];
  const beats = Math.round(minutes * 12);
  let told = 0;
  scene.monitor.onEvent(() => {
    told += 1;
  });
  for (let beat = 0; beat < beats; beat += 1) {
    happenings[beat % happenings.length]?.();
    await systemClock.sleep(5000);
    scene.forget();
    if ((beat + 1) % Math.max(1, Math.floor(beats / 12)) === 0) prints.push(await footprint());
  }
  await clock.sleep(3 * MINUTE_MS);

  const { heapMib, handles } = growth(prints);
  t.ok(heapMib.late < heapMib.early * 1.05 + 2, `heap: ${JSON.stringify(heapMib)} MiB`);
  t.ok(handles.late <= handles.early + 3, `handles: ${JSON.stringify(handles)}`);
  const nowMs = clock.nowMs();
  // It is trimmed once a minute.
  for (const [what, ms] of Object.entries(await oldest(store, nowMs))) {
    t.ok(nowMs - ms < keptMs + 3 * MINUTE_MS, `${what}: ${String(Math.round((nowMs - ms) / 1000))} s old`);
  }
  const whole = await Promise.all((await store.sweeps({ limit: 1000 })).map(({ id }) => store.sweep(id)));
  t.ok(whole.filter((one) => (one?.json ?? null) !== null).length <= 3, 'documents');
  t.ok(told > beats, `${String(told)} events`);
  t.equal(scene.current().agents.filter(({ state }) => state === 'up').length, 2);
  t.same(scene.current().troubles, []);
});
