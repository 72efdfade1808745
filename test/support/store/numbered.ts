/** Commits of which each follows from its number, so that what is in a store can be told to be whole or not. */
import { strict as assert } from 'node:assert';
import type { MonitorEvent } from '../../../controller/monitor/events.ts';
import type { Changes, Remembered, Store, StoredRoute } from '../../../controller/store/store.ts';
import { changes, route, sweepEnded, tally, transition } from './samples.ts';

const DOCUMENT = JSON.stringify('x'.repeat(20_000));

export function numbered(number: number): Changes {
  return changes({
    routes: routesAfter(number),
    goneRoutes: [`route ${String(number - 1)}`],
    positions: [{ agentId: 'a', bootId: 'one', sequence: number }],
    tallies: [tally(0, number)],
    events: eventsOf(number),
    documents: number % 4 === 0 ? [{ sweepId: `s${String(number)}`, json: DOCUMENT }] : [],
  });
}

/** How many of them are in. */
export function numberOf({ positions }: Remembered): number {
  return positions[0]?.sequence ?? 0;
}

/** All up to some number are in the store, each once and whole, and nothing else is. Resolves to the number. */
export async function checkWhole(store: Store): Promise<number> {
  const remembered = await store.takeOver();
  const last = numberOf(remembered);
  const numbers = Array.from({ length: last }, (_, index) => index + 1);
  const events = numbers.flatMap(eventsOf);
  assert.deepEqual(remembered.routes, last === 0 ? [] : routesAfter(last));
  assert.equal(remembered.nextRouteNumber, last === 0 ? 1 : last + 2);
  assert.equal(remembered.lastEventId, events.length);
  for (let from = 0; from < events.length; from += 1000) {
    assert.deepEqual(
      await store.events({ afterId: from, limit: 1000 }),
      events.slice(from, from + 1000).map((event, index) => ({ id: from + index + 1, event })),
    );
  }
  for (const width of ['minute', 'hour'] as const) {
    const [sum] = await store.tallies({ fromMs: 0, toMs: 1, width });
    assert.equal(sum?.attempts ?? 0, (last * (last + 1)) / 2);
  }
  const sweeps = numbers.filter((number) => number % 4 === 0);
  assert.equal((await store.sweeps({ limit: 1000 })).length, sweeps.length);
  for (const number of sweeps.slice(-3)) {
    assert.equal((await store.sweep(`s${String(number)}`))?.json, DOCUMENT);
  }
  return last;
}

function routesAfter(number: number): readonly StoredRoute[] {
  return [route('always', 1, number), route(`route ${String(number)}`, number + 1, number)];
}

function eventsOf(number: number): readonly MonitorEvent[] {
  const few = Array.from({ length: number % 3 }, (_, index) => transition(`route ${String(number)}`, index + 1));
  return number % 4 === 0 ? [...few, sweepEnded(`s${String(number)}`, number)] : few;
}
