/** The law of stores: whatever is committed, read and trimmed, in whatever order, it agrees with the oracle. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { Changes, Retention, Store, TallyQuery } from '../../../controller/store/store.ts';
import { keyOf, StoreOracle } from './oracle.ts';
import { changes, propagation, route, sweepEnded, transition } from './samples.ts';

const MINUTE = 60_000;
/** Of everything that takes place here, three hours. */
const minute = fc.integer({ min: 0, max: 180 });
const KEYS = ['web', 'pay', 'cart', "o'neill", 'ümlaut→“x”', ''] as const;
const key = fc.constantFrom(...KEYS);
const limit = fc.constantFrom(0, 1, 2, 3, 1000);

const written = fc.record({
  routes: fc.uniqueArray(fc.record({ key, sequence: fc.nat(3) }), { selector: (one) => one.key, maxLength: 4 }),
  gone: fc.subarray([...KEYS], { maxLength: 2 }),
  positions: fc.uniqueArray(
    fc.record({ agentId: fc.constantFrom('a', 'b'), bootId: fc.constantFrom('1', '2'), sequence: fc.maxSafeNat() }),
    { selector: (one) => one.agentId },
  ),
  tallies: fc.array(
    fc.record({
      minuteMs: minute.map((minutes) => minutes * MINUTE),
      sourceNamespace: fc.constantFrom('web', 'pay'),
      targetNamespace: fc.constantFrom('web', 'pay'),
      probe: fc.constantFrom('http', 'tcp'),
      outcome: fc.constantFrom('reached' as const, 'refused' as const),
      attempts: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 4 },
  ),
  /** At a minute and a bit: a transition of a route, a propagation, or a sweep. */
  events: fc.array(
    fc.record({
      at: minute,
      bit: fc.constantFrom(0, 0.5, 999),
      of: fc.constantFrom('sweep', 'sweep', 'sweep', 'none', ...KEYS),
    }),
    { maxLength: 5 },
  ),
  /** Ids of events, of which some are sweeps. */
  documents: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
});

const STEPS = {
  commit: fc.record({ kind: fc.constant('commit' as const), written }),
  /** One of which the last part cannot be stored. */
  fail: fc.record({ kind: fc.constant('fail' as const), written }),
  /** Another controller takes over, and the former one tries to go on. */
  usurp: fc.record({ kind: fc.constant('usurp' as const), written }),
  trim: fc.record({
    kind: fc.constant('trim' as const),
    at: fc.integer({ min: 0, max: 240 }),
    bit: fc.constantFrom(0, 0.5),
  }),
  authority: fc.record({ kind: fc.constant('authority' as const), text: fc.constantFrom('', 'PEM\n', '“’') }),
  events: fc.record({
    kind: fc.constant('events' as const),
    afterId: fc.option(fc.nat(20), { nil: undefined }),
    beforeId: fc.option(fc.nat(20), { nil: undefined }),
    of: fc.option(fc.constantFrom('sweep' as const, 'transition' as const), { nil: undefined }),
    route: fc.option(key, { nil: undefined }),
    limit,
  }),
  sweeps: fc.record({ kind: fc.constant('sweeps' as const), before: minute, limit }),
  tallies: fc.record({
    kind: fc.constant('tallies' as const),
    from: minute,
    to: minute,
    width: fc.constantFrom('minute' as const, 'hour' as const),
    namespace: fc.option(fc.constantFrom('web', 'pay', 'cart'), { nil: undefined }),
  }),
};

const step = fc.oneof(
  { arbitrary: STEPS.commit, weight: 6 },
  STEPS.fail,
  STEPS.usurp,
  { arbitrary: STEPS.trim, weight: 4 },
  STEPS.authority,
  STEPS.events,
  STEPS.sweeps,
  STEPS.tallies,
);

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Written = Drawn<typeof written>;
type Step = Drawn<typeof step>;

const RETENTION: Retention = {
  eventsMs: 120 * MINUTE,
  sweepsMs: 60 * MINUTE,
  minutesMs: 45 * MINUTE,
  documents: 2,
  sizeBytes: Infinity,
};
const ALL_TIME = { fromMs: 0, toMs: 1e15 };

export const anySteps: fc.Arbitrary<readonly Step[]> = fc.array(step, { maxLength: 25, size: 'large' });

/** `open` opens the same database, empty at first, each time. Throws where store and oracle differ. */
export async function holdTheLaw(
  open: (retention: Retention) => Promise<Store>,
  steps: readonly Step[],
): Promise<void> {
  const oracle = new StoreOracle();
  let store = await open(RETENTION);
  try {
    assert.deepEqual(await store.takeOver(), oracle.remembered());
    for (const one of steps) {
      if (one.kind !== 'usurp') {
        await take(one, store, oracle);
        continue;
      }
      await using former = store;
      store = await open(RETENTION);
      assert.deepEqual(await store.takeOver(), oracle.remembered());
      await assert.rejects(former.commit(changesOf(one.written, oracle)), { code: 'MPE_STORE_TAKEN_OVER' });
    }
    await compareAll(store, oracle);
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

async function take(one: Exclude<Step, { kind: 'usurp' }>, store: Store, oracle: StoreOracle): Promise<void> {
  switch (one.kind) {
    case 'commit': {
      const change = changesOf(one.written, oracle);
      assert.deepEqual(await store.commit(change), oracle.commit(change));
      return;
    }
    case 'fail': {
      const change = changesOf(one.written, oracle);
      const taken = [route('first', 1_000_000), route('second', 1_000_000)];
      const failing = { ...change, routes: [...change.routes, ...taken] };
      await assert.rejects(store.commit(failing), { code: 'MPE_STORE_FAILED' });
      return;
    }
    case 'trim': {
      const nowMs = one.at * MINUTE + one.bit;
      let gone = 0;
      for (let went = -1; went !== 0; gone += went) went = await store.trim(nowMs);
      assert.equal(gone, oracle.trim(nowMs, RETENTION));
      return;
    }
    case 'authority':
      oracle.authority = { certificate: one.text, key: `${one.text} key` };
      await store.keepAuthority(oracle.authority);
      return;
    case 'events': {
      const { afterId, beforeId, of, route: wanted } = one;
      const query = {
        limit: one.limit,
        ...(afterId === undefined ? {} : { afterId }),
        ...(beforeId === undefined ? {} : { beforeId }),
        ...(of === undefined ? {} : { kind: of }),
        ...(wanted === undefined ? {} : { route: wanted }),
      };
      assert.deepEqual(await store.events(query), oracle.events(query));
      return;
    }
    case 'sweeps': {
      const query = { beforeMs: one.before * MINUTE, limit: one.limit };
      assert.deepEqual(await store.sweeps(query), oracle.sweeps(query.beforeMs, query.limit));
      return;
    }
    case 'tallies': {
      const times = { fromMs: one.from * MINUTE, toMs: one.to * MINUTE, width: one.width };
      await compareTallies(store, oracle, times);
      if (one.namespace === undefined) return;
      await compareTallies(store, oracle, { ...times, sourceNamespace: one.namespace });
      await compareTallies(store, oracle, { ...times, targetNamespace: one.namespace });
      return;
    }
  }
}

async function compareAll(store: Store, oracle: StoreOracle): Promise<void> {
  assert.deepEqual(await store.events({ limit: 1000 }), oracle.events({ limit: 1000 }));
  const sweeps = await store.sweeps({ limit: 1000 });
  assert.deepEqual(sweeps, oracle.sweeps(Infinity, 1000));
  for (const { id } of sweeps) assert.deepEqual(await store.sweep(id), { ...oracle.sweep(id) });
  await compareTallies(store, oracle, { ...ALL_TIME, width: 'minute' });
  await compareTallies(store, oracle, { ...ALL_TIME, width: 'hour' });
  assert.deepEqual(await store.takeOver(), oracle.remembered());
}

async function compareTallies(store: Store, oracle: StoreOracle, query: TallyQuery): Promise<void> {
  const found = await store.tallies(query);
  assert.deepEqual(found.map((tally) => `${keyOf(tally)} ${String(tally.attempts)}`).toSorted(), oracle.tallies(query));
  const times = found.map(({ minuteMs }) => minuteMs);
  assert.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
    'in the order of time',
  );
}

/** Routes that are there keep their numbers, new ones get the next; sweeps are numbered as they come. */
function changesOf(some: Written, oracle: StoreOracle): Changes {
  const { routes: known, nextRouteNumber, lastEventId } = oracle.remembered();
  let next = nextRouteNumber;
  return changes({
    goneRoutes: some.gone,
    routes: some.routes.map(({ key: name, sequence }) => {
      const there = some.gone.includes(name) ? undefined : known.find((one) => one.key === name);
      return route(name, there?.number ?? next++, sequence);
    }),
    positions: some.positions.map((position) => ({ ...position })),
    tallies: some.tallies,
    events: some.events.map(({ at, bit, of }, index) => {
      const atMs = at * MINUTE + bit;
      if (of === 'sweep') return sweepEnded(`s${String(lastEventId + index + 1)}`, atMs);
      return of === 'none' ? propagation(atMs) : transition(of, 1, atMs);
    }),
    documents: some.documents.map((eventId) => ({ sweepId: `s${String(eventId)}`, json: `{"of":${String(eventId)}}` })),
  });
}
