import t from 'tap';
import { MeshproofError } from '../../proto/errors.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { openStore } from '../../controller/store/open-store.ts';
import type { Store } from '../../controller/store/store.ts';
import { INTERVAL_MS, startMonitor } from '../support/monitor-scene.ts';
import type { MonitorScene } from '../support/monitor-scene.ts';
import { ANSWER, BATCH_TO_OPEN, BATCH_TO_PAY, CRON_TO_PAY, HeldSource, pulsingShop } from '../support/pulsing-shop.ts';
import type { Seen } from '../support/pulsing-shop.ts';
import { HOUR_MS, steppingClock } from '../support/stepping-clock.ts';

const BATCH = 'legacy/batch (naked)';
const CRON = 'legacy/cron (naked)';

/** Three intervals, the one that may have just begun, and a beat. */
const KNOWN_WITHIN_MS = 4 * INTERVAL_MS + 1000;

const passing = (scene: MonitorScene) => (): boolean =>
  scene.current().lastSweep !== null && scene.current().verdict.value === 'pass';

/** From now until then the verdict is never a pass; what was seen of it instead. */
function neverPasses(scene: MonitorScene): () => readonly string[] {
  const seen = new Set<string>();
  const stop = scene.monitor.onChange(() => seen.add(scene.current().verdict.value));
  return () => {
    stop();
    return [...seen];
  };
}

/** They wait, most of the time. */
t.jobs = 13;
const AT_ONCE = { buffered: true };

t.test(
  'when one agent falls silent its routes are unknown within three intervals, and the others go on',
  AT_ONCE,
  async (t) => {
    await using launcher = pulsingShop();
    await using scene = await startMonitor({ source: new HeldSource(), launcher });
    await scene.until('a first pass', passing(scene));
    launcher.isBarred = true;
    const lostAtMs = performance.now();
    launcher.lose(CRON, 'the process was ended by SIGKILL');
    const { missed } = await scene.monitor.sweepNow(new AbortController().signal);
    t.same(
      [...missed].filter((key) => !key.startsWith(CRON)),
      [],
    );
    t.equal(missed.size, 2, 'they may be fresh, but not since the question');
    const lost = await scene.until('unknown', () => scene.transitions(CRON_TO_PAY)[0], KNOWN_WITHIN_MS);
    t.ok(performance.now() - lostAtMs < KNOWN_WITHIN_MS);
    t.match(lost, { to: 'unknown', drift: { from: 'agrees' }, cause: null, message: /is not known any more/ });
    t.match(scene.route(CRON_TO_PAY), { freshness: 'stale', access: 'unknown', cell: { drift: 'unknown' } });
    t.match(scene.route(BATCH_TO_PAY), { freshness: 'fresh', cell: { drift: 'agrees' } });
    t.equal(scene.current().verdict.value, 'inconclusive', 'half of it is no coverage');
    t.same(scene.transitions(BATCH_TO_PAY), []);
  },
);

t.test('an agent that has ended is started again, and its routes are known again', AT_ONCE, async (t) => {
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  await scene.until('a first pass', passing(scene));
  launcher.lose(CRON, 'the process was ended by SIGKILL');
  await scene.until('another agent', () => launcher.launches.get(CRON) === 2);
  const before = scene.events.length;
  await scene.until('a pass since', () =>
    scene.events.slice(before).some(({ event }) => event.kind === 'sweep' && event.sweep.verdict.value === 'pass'),
  );
  t.match(scene.route(CRON_TO_PAY), { freshness: 'fresh', cell: { drift: 'agrees' } });
  t.same(
    scene.transitions().filter(({ to }) => to === 'blocked' || to === 'exposed'),
    [],
  );
  t.equal(launcher.launches.get(BATCH), 1);
});

t.test('when all agents are gone nothing passes, and nothing is known within three intervals', AT_ONCE, async (t) => {
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  await scene.until('a first pass', passing(scene));
  launcher.isBarred = true;
  launcher.lose(CRON, 'the node is gone');
  launcher.lose(BATCH, 'the node is gone');
  await scene.until('trouble', () => scene.current().troubles.some(({ kind }) => kind === 'no-agents'), 1500);
  const seen = neverPasses(scene);
  t.equal(scene.current().verdict.value, 'inconclusive');
  await scene.until(
    'all stale',
    () => scene.current().routes.every(({ freshness }) => freshness === 'stale'),
    KNOWN_WITHIN_MS,
  );
  t.ok(scene.current().routes.every(({ cell, access }) => cell.drift === 'unknown' && access === 'unknown'));
  t.equal(scene.current().verdict.coverage, 0);
  t.same(seen(), ['inconclusive']);
});

t.test('agents that cannot be started again are trouble, and no end', AT_ONCE, async (t) => {
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  await scene.until('a first pass', passing(scene));
  launcher.fault = new MeshproofError('MPE_CLUSTER_UNREACHABLE', 'the API server does not answer');
  launcher.lose(CRON, 'the node is gone');
  const trouble = await scene.until('trouble', () => scene.current().troubles[0], 3000);
  t.match(trouble, { kind: 'no-agents', message: /^agents cannot be started: the API server does not answer/ });
  t.equal(scene.current().verdict.value, 'inconclusive');
  launcher.fault = undefined;
  await scene.until('all is well again', passing(scene));
});

t.test('while agents are being started again, the others are judged and acknowledged as ever', AT_ONCE, async (t) => {
  const seen: Seen = new Map();
  await using launcher = pulsingShop(seen);
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  await scene.until('a first pass', passing(scene));
  const answered = Promise.withResolvers<undefined>();
  launcher.hang = answered.promise;
  launcher.lose(CRON, 'the node is gone');
  await scene.until('the routes of that one are unknown', () => scene.transitions(CRON_TO_PAY)[0], KNOWN_WITHIN_MS);
  seen.set(`${BATCH} → shop/pay:80`, ANSWER);
  await scene.until('an exposure', () => scene.transitions(BATCH_TO_PAY)[0]?.to === 'exposed', 2 * INTERVAL_MS);
  t.same(
    scene.transitions('legacy/batch').filter(({ to }) => to === 'unknown'),
    [],
  );
  t.ok((launcher.agents.get(BATCH)?.unacknowledged ?? Infinity) < 20, 'it has credit');
  seen.clear();
  launcher.hang = undefined;
  answered.reject(new MeshproofError('MPE_CLUSTER_UNREACHABLE', 'the API server does not answer'));
  await scene.until('trouble', () => scene.current().troubles.some(({ kind }) => kind === 'no-agents'));
  await scene.until('all is well again', passing(scene));
  t.equal(launcher.launches.get(CRON), 2);
});

t.test('a start of agents that is under way does not outlive it', AT_ONCE, async (t) => {
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  await scene.until('a first pass', passing(scene));
  launcher.hang = new Promise(() => undefined);
  launcher.lose(CRON, 'the node is gone');
  await scene.until('unknown', () => scene.transitions(CRON_TO_PAY)[0], KNOWN_WITHIN_MS);
  await scene[Symbol.asyncDispose]();
  t.match(await scene.running, { name: 'AbortError' });
  t.equal(launcher.launches.get(CRON), 1);
});

t.test('where not even the first agents can be started, it ends', AT_ONCE, async (t) => {
  await using launcher = pulsingShop();
  launcher.fault = new MeshproofError('MPE_NOT_PERMITTED', 'no Jobs may be made');
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  t.match(await scene.running, { code: 'MPE_NOT_PERMITTED' });
});

t.test('while what is declared cannot be read, nothing passes after three intervals', AT_ONCE, async (t) => {
  const source = new HeldSource();
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source, launcher });
  await scene.until('a first pass', passing(scene));
  source.fault = new MeshproofError('MPE_UNREADABLE_INPUT', 'shop.yaml: cannot be read');
  const trouble = await scene.until('trouble', () => scene.current().troubles[0], KNOWN_WITHIN_MS);
  t.match(trouble, { kind: 'cluster', message: /shop.yaml: cannot be read/ });
  t.equal(scene.current().verdict.value, 'inconclusive');
  t.equal(scene.route(BATCH_TO_PAY).freshness, 'fresh', 'agents go on');
  source.fault = undefined;
  await scene.until('all is well again', passing(scene));
  t.same(scene.current().troubles, []);
});

t.test('what is declared cannot be read from the begin', AT_ONCE, async (t) => {
  const source = new HeldSource();
  source.fault = new MeshproofError('MPE_UNREADABLE_INPUT', 'shop.yaml: cannot be read');
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source, launcher });
  t.match(await scene.until('trouble', () => scene.current().troubles[0]), { kind: 'cluster', message: /shop.yaml/ });
  t.match(scene.current(), { routes: [], verdict: { value: 'inconclusive' } });
  source.fault = undefined;
  await scene.until('it begins', passing(scene));
});

for (const byMs of [HOUR_MS, -HOUR_MS]) {
  const how = byMs > 0 ? 'on' : 'back';
  t.test(
    `a clock that is set ${how} by an hour is told, and neither silences nor confuses anything`,
    AT_ONCE,
    async (t) => {
      const clock = steppingClock(systemClock);
      await using launcher = pulsingShop(new Map(), clock.nowMs);
      await using scene = await startMonitor({ source: new HeldSource(undefined, clock.nowMs), launcher, clock });
      await scene.until('a first pass', passing(scene));
      clock.step(byMs);
      const trouble = await scene.until('trouble', () => scene.current().troubles[0], KNOWN_WITHIN_MS);
      t.equal(trouble.kind, 'clock');
      t.equal(scene.current().verdict.value, 'inconclusive');
      await scene.until('all is well again', passing(scene));
      t.same(scene.transitions(), [], 'nothing has changed');
      t.equal(scene.route(BATCH_TO_OPEN).freshness, 'fresh');
    },
  );
}

/** A store that takes nothing, or does not even answer, for as long as a test says. */
async function faultyStore(): Promise<{
  readonly store: Store;
  fault: Error | undefined;
  hang: Promise<unknown> | undefined;
}> {
  const kept = await openStore(':memory:');
  const faulty: { store: Store; fault: Error | undefined; hang: Promise<unknown> | undefined } = {
    fault: undefined,
    hang: undefined,
    store: {
      takeOver: kept.takeOver,
      keepAuthority: kept.keepAuthority,
      toldUpTo: kept.toldUpTo,
      keepToldUpTo: kept.keepToldUpTo,
      events: kept.events,
      sweeps: kept.sweeps,
      sweep: kept.sweep,
      tallies: kept.tallies,
      trim: kept.trim,
      sizeBytes: kept.sizeBytes,
      commit: async (changes) => {
        await faulty.hang;
        if (faulty.fault !== undefined) throw faulty.fault;
        return kept.commit(changes);
      },
      [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
    },
  };
  return faulty;
}

async function attemptsIn(store: Store): Promise<number> {
  const tallies = await store.tallies({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, width: 'hour' });
  return tallies.reduce((sum, { attempts }) => sum + attempts, 0);
}

t.test(
  'while the store takes nothing, nothing is acknowledged and nothing passes; then all of it is there',
  AT_ONCE,
  async (t) => {
    const faulty = await faultyStore();
    await using store = faulty.store;
    await using launcher = pulsingShop();
    await using scene = await startMonitor({ source: new HeldSource(), launcher, store });
    await scene.until('a first pass', passing(scene));
    faulty.fault = new MeshproofError('MPE_STORE_FAILED', 'cannot write to the store: the disk is full');
    const trouble = await scene.until('trouble', () => scene.current().troubles[0], KNOWN_WITHIN_MS);
    t.match(trouble, { kind: 'store', message: /the disk is full/ });
    const seen = neverPasses(scene);
    const agents = [...launcher.agents.values()];
    await scene.until('the agents have no credit left', () =>
      agents.every(({ unacknowledged }) => unacknowledged > 20),
    );
    await scene.until('all stale', () => scene.current().routes.every(({ freshness }) => freshness === 'stale'));
    t.same(seen(), ['inconclusive']);
    faulty.fault = undefined;
    await scene.until('all is well again', passing(scene));
    await launcher[Symbol.asyncDispose]();
    const made = agents.reduce((sum, { attempts, unacknowledged }) => sum + attempts - unacknowledged, 0);
    await scene.until(
      'everything is stored',
      () => scene.monitor.ingested().counted + scene.monitor.ingested().late >= made,
    );
    await scene[Symbol.asyncDispose]();
    t.ok((await attemptsIn(store)) >= made, 'what was acknowledged is stored');
    t.ok((await attemptsIn(store)) <= agents.reduce((sum, { attempts }) => sum + attempts, 0), 'once');
  },
);

t.test(
  'a loop that stands still knows nothing after three intervals, though it goes on listening',
  AT_ONCE,
  async (t) => {
    const faulty = await faultyStore();
    await using store = faulty.store;
    await using launcher = pulsingShop();
    await using scene = await startMonitor({ source: new HeldSource(), launcher, store });
    await scene.until('a first pass', passing(scene));
    const released = Promise.withResolvers<undefined>();
    faulty.hang = released.promise;
    const trouble = await scene.until('trouble', () => scene.current().troubles[0], KNOWN_WITHIN_MS);
    t.match(trouble, { kind: 'stalled' });
    t.equal(scene.current().verdict.value, 'inconclusive');
    t.ok(scene.current().routes.every(({ freshness, cell }) => freshness === 'stale' && cell.drift === 'unknown'));
    faulty.hang = undefined;
    released.resolve(undefined);
    await scene.until('all is well again', passing(scene));
    t.same(
      scene.transitions().filter(({ to }) => to !== 'unknown' && to !== 'agrees'),
      [],
    );
  },
);
