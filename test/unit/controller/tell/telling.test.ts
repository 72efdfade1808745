import t from 'tap';
import type { MonitorEvent, StoredEvent } from '../../../../controller/monitor/events.ts';
import type { Sink, Told } from '../../../../controller/tell/sink.ts';
import { startTelling } from '../../../../controller/tell/telling.ts';
import type { Positions, Telling, TellingDeps } from '../../../../controller/tell/telling.ts';
import { EagerClock } from '../../../support/eager-clock.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { FakeMonitored, FakeStore, NOON_MS, currentOf, summary } from '../../../support/monitored.ts';

const PATIENCE_MS = 12_345;
const told: Told = { kind: 'told' };
const refused: Told = { kind: 'refused', why: 'it answered 500', retryAfterMs: null };
const away: Told = { kind: 'away', why: 'ECONNREFUSED', retryAfterMs: null };

function sweepEnded(atMs = NOON_MS): MonitorEvent {
  return { kind: 'sweep', atMs, sweep: summary('sweep-1') };
}

/** A monitor whose events are in its store before anybody hears of them. */
function scene() {
  const monitored = new FakeMonitored(currentOf([]));
  const store = new FakeStore();
  const said: string[] = [];
  const clock = new EagerClock(PATIENCE_MS, NOON_MS);
  const deps: TellingDeps = {
    clock,
    events: store.events,
    debug: (message) => said.push(message),
    random: () => 0,
  };
  const happen = (count = 1, atMs = NOON_MS): void => {
    const events = Array.from({ length: count }, () => sweepEnded(atMs));
    for (const event of store.keep(...events)) monitored.tell(event);
  };
  return { monitored, store, said, clock, deps, happen };
}

/** Answers as it is told to; `until(n)` resolves when event n has come. */
class ScriptedSink implements Sink {
  readonly name: string;
  readonly patienceMs = PATIENCE_MS;
  readonly tries: number[] = [];
  readonly #answer: (event: StoredEvent, tries: number, signal: AbortSignal) => Told | Promise<Told>;
  readonly #awaited = new Map<number, PromiseWithResolvers<undefined>>();

  constructor(
    answer: (event: StoredEvent, tries: number, signal: AbortSignal) => Told | Promise<Told> = () => told,
    name = 'sink',
  ) {
    this.name = name;
    this.#answer = answer;
  }

  readonly tell: Sink['tell'] = async (event, _current, signal) => {
    this.tries.push(event.id);
    this.#at(event.id).resolve(undefined);
    return this.#answer(event, this.tries.filter((id) => id === event.id).length, signal);
  };

  async until(id: number): Promise<void> {
    await this.#at(id).promise;
    await new Promise(setImmediate);
  }

  #at(id: number): PromiseWithResolvers<undefined> {
    const one = this.#awaited.get(id) ?? Promise.withResolvers<undefined>();
    this.#awaited.set(id, one);
    return one;
  }
}

/** Resolves as soon as the telling has made a beginning. */
async function begun(telling: Telling): Promise<void> {
  while (telling.states().some(({ position }) => position === null)) await new Promise(setImmediate);
}

class KeptPositions implements Positions {
  readonly kept = new Map<string, number>();
  readonly load: Positions['load'] = (sink) => Promise.resolve(this.kept.get(sink));
  readonly save: Positions['save'] = (sink, eventId) => {
    this.kept.set(sink, eventId);
    return Promise.resolve();
  };
}

function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

t.test('each sink gets each event once, in order, and nothing of before it began', async (t) => {
  const { monitored, deps, happen } = scene();
  happen(3);
  const sinks = [new ScriptedSink(undefined, 'one'), new ScriptedSink(undefined, 'two')];
  await using telling = startTelling(monitored, sinks, deps);
  await begun(telling);
  happen(50);
  for (const sink of sinks) {
    await sink.until(53);
    t.same(sink.tries, upTo(53, 4));
  }
  t.match(telling.states(), [
    { name: 'one', position: 53, newestId: 53, told: 50, givenUp: 0, overflowed: 0, trouble: null },
    { name: 'two', position: 53, told: 50 },
  ]);
});

t.test('events that come while the beginning is still looked for are told', async (t) => {
  const { monitored, deps, happen } = scene();
  happen(3);
  const sink = new ScriptedSink();
  await using telling = startTelling(monitored, [sink], deps);
  happen(2);
  await sink.until(5);
  t.same(sink.tries, [4, 5]);
  t.match(telling.states(), [{ told: 2, position: 5 }]);
});

t.test('a sink that never answers holds up neither the monitor nor another sink', async (t) => {
  const { monitored, deps, happen } = scene();
  const hanging = new ScriptedSink((_event, _tries, signal) => {
    const { promise, reject } = Promise.withResolvers<Told>();
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
    return promise;
  }, 'hanging');
  const well = new ScriptedSink(undefined, 'well');
  await using telling = startTelling(monitored, [hanging, well], deps, { queueLength: 10 });
  await begun(telling);
  happen(5);
  happen(20);
  await well.until(25);
  t.same(well.tries, upTo(25));
  t.same(hanging.tries, [1]);
});

t.test('a try that takes longer than the patience of its sink is ended, and made again', async (t) => {
  const { monitored, store, happen, said } = scene();
  const clock = new ManualClock(NOON_MS);
  const sink = new ScriptedSink((_event, tries, signal) => {
    if (tries > 1) return told;
    const { promise, reject } = Promise.withResolvers<Told>();
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
    return promise;
  });
  const deps = { clock, events: store.events, debug: (message: string) => said.push(message), random: () => 0 };
  await using telling = startTelling(monitored, [sink], deps, { firstPauseMs: 500 });
  await begun(telling);
  happen();
  await sink.until(1);
  await clock.advance(PATIENCE_MS - 1);
  t.equal(telling.states()[0]?.trouble, null);
  await clock.advance(1);
  t.match(telling.states()[0]?.trouble, { why: 'no answer for 12345 ms', sinceMs: NOON_MS + PATIENCE_MS });
  await clock.advance(500);
  t.match(telling.states(), [{ position: 1, told: 1, trouble: null }]);
  t.same(sink.tries, [1, 1]);
  t.same(said, [
    'telling sink: event 1 is not taken: no answer for 12345 ms',
    'telling sink: events are taken again; 0 were given up so far',
  ]);
});

t.test('pauses double from the first to the longest, and no event overtakes another', async (t) => {
  const { monitored, deps, clock, happen } = scene();
  const sink = new ScriptedSink((_event, tries) => (tries <= 6 ? away : told));
  await using telling = startTelling(monitored, [sink], deps, { firstPauseMs: 1000, longestPauseMs: 8000 });
  await begun(telling);
  happen(2);
  await sink.until(2);
  t.same(sink.tries.slice(0, 8), [1, 1, 1, 1, 1, 1, 1, 2]);
  // Half of each is chance, of which there is none here.
  t.same(clock.waits.slice(0, 6), [500, 1000, 2000, 4000, 4000, 4000]);
});

t.test('a receiver that names a time is not asked before', async (t) => {
  const { monitored, deps, clock, happen } = scene();
  const sink = new ScriptedSink((_event, tries) =>
    tries === 1 ? { kind: 'away', why: 'it answered 429', retryAfterMs: 30_000 } : told,
  );
  await using telling = startTelling(monitored, [sink], deps);
  await begun(telling);
  happen(2);
  await sink.until(2);
  t.same(clock.waits, [30_000]);
});

t.test(
  'an event that is refused too often, or for good, is given up and counted, and the next one is told',
  async (t) => {
    const { monitored, deps, said, happen } = scene();
    const sink = new ScriptedSink(({ id }) => {
      if (id === 1) return refused;
      return id === 2 ? { kind: 'rejected', why: 'it answered 413' } : told;
    });
    await using telling = startTelling(monitored, [sink], deps, { refusals: 3 });
    await begun(telling);
    happen(3);
    await sink.until(3);
    t.same(sink.tries, [1, 1, 1, 2, 3]);
    t.match(telling.states(), [{ position: 3, told: 1, givenUp: 2, trouble: null }]);
    t.same(said, [
      'telling sink: event 1 is not taken: it answered 500',
      'telling sink: event 1 is given up: it answered 500',
      'telling sink: event 2 is given up: it answered 413',
      'telling sink: events are taken again; 2 were given up so far',
    ]);
  },
);

t.test('nobody gives up an event because its receiver is away, until the event is too old', async (t) => {
  const { monitored, deps, clock, happen } = scene();
  const sink = new ScriptedSink(({ id }) => (id === 1 ? away : told));
  await using telling = startTelling(monitored, [sink], deps, { refusals: 3, oldestMs: 3_600_000 });
  await begun(telling);
  happen(1);
  happen(1, NOON_MS + 3_600_000);
  await sink.until(2);
  t.ok(sink.tries.filter((id) => id === 1).length > 60, 'tried about once a minute for an hour');
  t.ok(clock.nowMs() - NOON_MS > 3_600_000);
  t.match(telling.states(), [{ told: 1, givenUp: 1 }]);
});

t.test('a sink that throws is taken as one that refuses', async (t) => {
  const { monitored, deps, happen } = scene();
  const sink = new ScriptedSink((_event, tries) => (tries === 1 ? Promise.reject(new Error('a bug')) : told));
  await using telling = startTelling(monitored, [sink], deps);
  await begun(telling);
  happen();
  await sink.until(1);
  await new Promise(setImmediate);
  t.match(telling.states(), [{ told: 1, givenUp: 0 }]);
});

t.test('what does not fit in memory is read from the store when its turn comes, and the gap is said', async (t) => {
  const { monitored, deps, said, happen } = scene();
  const gate = Promise.withResolvers<Told>();
  const sink = new ScriptedSink(({ id }) => (id === 1 ? gate.promise : told));
  await using telling = startTelling(monitored, [sink], deps, { queueLength: 10 });
  await begun(telling);
  happen();
  await sink.until(1);
  happen(39);
  t.match(telling.states(), [{ position: 0, newestId: 40, overflowed: 29, told: 0 }]);
  t.same(said, ['telling sink: 10 events wait; from event 12 on they stay in the store']);
  gate.resolve(told);
  await sink.until(40);
  t.same(sink.tries, upTo(40));
  happen(2);
  await sink.until(42);
  t.same(sink.tries, upTo(42));
  t.match(telling.states(), [{ position: 42, told: 42, missing: 0 }]);
});

t.test('events that the store has forgotten before they could be told are counted and named', async (t) => {
  const { monitored, deps, store, said, happen } = scene();
  const gate = Promise.withResolvers<Told>();
  const sink = new ScriptedSink(({ id }) => (id === 1 ? gate.promise : told));
  await using telling = startTelling(monitored, [sink], deps, { queueLength: 2 });
  await begun(telling);
  happen();
  await sink.until(1);
  happen(9);
  // Held are 2 and 3; of the rest only 9 and 10 are left.
  store.kept.splice(0, 8);
  gate.resolve(told);
  await sink.until(10);
  t.same(sink.tries, [1, 2, 3, 9, 10]);
  t.match(telling.states(), [{ missing: 1, position: 10 }]);
  t.equal(said.at(-1), 'telling sink: events 4 to 8 are gone from the store and cannot be told');
});

t.test('ids with holes are no missing events', async (t) => {
  const { monitored, deps, store } = scene();
  const gate = Promise.withResolvers<Told>();
  const sink = new ScriptedSink(({ id }) => (id === 1 ? gate.promise : told));
  await using telling = startTelling(monitored, [sink], deps, { queueLength: 2 });
  await begun(telling);
  const ids = [1, 4, 9, 16, 25, 36, 49, 64];
  for (const id of ids) {
    store.kept.push({ id, event: sweepEnded() });
    monitored.tell({ id, event: sweepEnded() });
  }
  gate.resolve(told);
  await sink.until(64);
  t.same(sink.tries, ids);
  t.equal(telling.states()[0]?.missing, 0);
});

t.test('after a restart exactly what was not told before is told', async (t) => {
  const { monitored, deps, happen } = scene();
  const remember = new KeptPositions();
  {
    const sink = new ScriptedSink();
    await using telling = startTelling(monitored, [sink], { ...deps, remember });
    await begun(telling);
    happen(7);
    await sink.until(7);
  }
  happen(5);
  const sink = new ScriptedSink();
  await using telling = startTelling(monitored, [sink], { ...deps, remember });
  await begun(telling);
  happen(2);
  await sink.until(14);
  t.same(sink.tries, upTo(14, 8));
  t.equal(remember.kept.get('sink'), 14);
});

t.test('a first start is remembered at once, so that what happens while it is down is told', async (t) => {
  const { monitored, deps, happen } = scene();
  const remember = new KeptPositions();
  happen(3);
  {
    await using telling = startTelling(monitored, [new ScriptedSink()], { ...deps, remember });
    await begun(telling);
  }
  happen(2);
  const sink = new ScriptedSink();
  await using telling = startTelling(monitored, [sink], { ...deps, remember });
  await sink.until(5);
  t.same(sink.tries, [4, 5]);
  t.match(telling.states(), [{ told: 2, position: 5 }]);
});

t.test('ended in the middle of an event, that event is told again under the same id', async (t) => {
  const { monitored, deps, happen } = scene();
  const remember = new KeptPositions();
  {
    const sink = new ScriptedSink(({ id }, _tries, signal) => {
      if (id < 2) return told;
      const { promise, reject } = Promise.withResolvers<Told>();
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      return promise;
    });
    await using telling = startTelling(monitored, [sink], { ...deps, remember });
    await begun(telling);
    happen(3);
    await sink.until(2);
  }
  t.equal(remember.kept.get('sink'), 1);
  t.equal(monitored.listeners, 0);
  const sink = new ScriptedSink();
  await using telling = startTelling(monitored, [sink], { ...deps, remember });
  await sink.until(3);
  t.same(sink.tries, [2, 3]);
  t.match(telling.states(), [{ told: 2, position: 3 }]);
});

t.test('a store that was begun anew is told from its first event on', async (t) => {
  const { monitored, deps, happen } = scene();
  const remember = new KeptPositions();
  remember.kept.set('sink', 4000);
  happen(3);
  const sink = new ScriptedSink();
  await using telling = startTelling(monitored, [sink], { ...deps, remember });
  await sink.until(3);
  t.same(sink.tries, [1, 2, 3]);
  t.match(telling.states(), [{ told: 3, position: 3 }]);
});

t.test('a store that is away for a while, and positions that cannot be kept, lose no event', async (t) => {
  const { monitored, deps, store, said, happen } = scene();
  store.fault = new Error('the disk is full');
  let left = 3;
  const events: TellingDeps['events'] = async (query) => {
    left -= 1;
    if (left === 0) store.fault = undefined;
    return store.events(query);
  };
  const remember: Positions = {
    load: () => Promise.resolve(undefined),
    save: () => Promise.reject(new Error('read-only')),
  };
  const sink = new ScriptedSink();
  await using telling = startTelling(monitored, [sink], { ...deps, events, remember });
  await begun(telling);
  happen(2);
  await sink.until(2);
  t.same(sink.tries, [1, 2]);
  t.equal(said[0], 'telling sink: cannot read where to go on: the disk is full');
  t.match(said[1], 'cannot remember that event 0 was told: read-only');
});
