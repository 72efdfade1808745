/** Events as a client reads them: from any point on, nothing left out, nothing twice, and no reader harms another. */
import t from 'tap';
import { BEAT_MS, LIFETIME_MS } from '../../controller/web/event-streams.ts';
import type { MonitorEvent, StoredEvent } from '../../controller/monitor/events.ts';
import { EventReader } from '../support/event-reader.ts';
import { driftingCell, NOON_MS, summary, transition } from '../support/monitored.ts';
import { described } from '../support/openapi.ts';
import { cause } from '../support/sweeps.ts';
import { webScene } from '../support/web-scene.ts';
import type { WebScene } from '../support/web-scene.ts';

const EXPOSED = driftingCell({ source: 'shop/web', to: 'shop/pay:8080' }, 'exposed');
const OTHER = driftingCell({ source: 'shop/web', to: 'bank/ledger:80' }, 'blocked');

const EVENTS: readonly MonitorEvent[] = [
  transition(EXPOSED),
  {
    kind: 'conflict',
    atMs: NOON_MS,
    isOver: false,
    conflict: { severity: 'critical', cause: cause('MP1005', 'c'), cells: [], isConfirmed: true },
  },
  {
    kind: 'propagation',
    atMs: NOON_MS,
    objects: [
      { kind: 'PeerAuthentication', namespace: 'shop', name: 'default', change: 'deleted', resourceVersion: '7' },
      { kind: 'PeerAuthentication', namespace: 'shop', name: 'a', path: 'spec', change: 'added', resourceVersion: '' },
    ],
    routes: [EXPOSED.key],
    firstMs: 120,
    lastMs: 900,
    missing: [],
  },
  { kind: 'sweep', atMs: NOON_MS, sweep: summary('s-1') },
  transition(OTHER),
];

/** Stored, and told to whoever listens, as the monitor does it. */
function happen(scene: WebScene, ...events: readonly MonitorEvent[]): readonly StoredEvent[] {
  const stored = scene.store.keep(...events);
  for (const one of stored) scene.monitored.tell(one);
  return stored;
}

async function ids(reader: EventReader, count: number): Promise<readonly number[]> {
  return (await reader.take(count)).map((event) => Number(event?.id));
}

t.test('as a list: the latest, those after one, those before one, of a kind, of a route', async (t) => {
  await using scene = await webScene();
  scene.store.keep(...EVENTS);
  const { faults } = await described(scene.address);
  const cases: readonly (readonly [query: string, ids: readonly number[]])[] = [
    ['', [1, 2, 3, 4, 5]],
    ['?limit=2', [4, 5]],
    ['?after=0&limit=2', [1, 2]],
    ['?after=3', [4, 5]],
    ['?before=3', [1, 2]],
    ['?before=5&limit=1', [4]],
    ['?kind=transition', [1, 5]],
    [`?route=${encodeURIComponent(OTHER.key)}`, [5]],
    ['?after=5', []],
  ];
  for (const [query, expected] of cases) {
    const body = (await (await scene.get(`/api/v1/events${query}`)).json()) as { items: { id: number }[] };
    t.equal(faults('get', '/api/v1/events', '200', body), null, `described: ${query}`);
    t.same(
      body.items.map(({ id }) => id),
      expected,
      query,
    );
  }
  for (const query of ['?limit=0', '?limit=1001', '?after=-1', '?kind=noise', '?what=1']) {
    const response = await scene.get(`/api/v1/events${query}`);
    t.equal(response.status, 400, query);
    t.match(await response.json(), { code: 'MPE_BAD_REQUEST' });
  }
});

t.test('as a stream: what happens from now on, whatever was before', async (t) => {
  await using scene = await webScene();
  scene.store.keep(...EVENTS);
  using reader = await EventReader.open(`${scene.address}/api/v1/events`);
  t.equal(reader.response.headers['content-type'], 'text/event-stream; charset=utf-8');
  t.match(reader.response.headers['content-security-policy'], /default-src 'none'/, 'with the headers of every answer');
  t.equal(await reader.nextBlock(), 'retry: 2000');
  happen(scene, transition(EXPOSED, { sequence: 2 }));
  t.match(await reader.next(), { id: '6', event: 'transition', data: { route: EXPOSED.key, sequence: 2 } });
});

t.test('history and present have no seam: whatever happens while history is read comes once, in order', async (t) => {
  await using scene = await webScene();
  scene.store.keep(...Array.from({ length: 250 }, (_, at) => transition(EXPOSED, { sequence: at + 1 })));
  const { events } = scene.store;
  let pages = 0;
  // Each page of history that is read finds the world a little further on.
  Object.assign(scene.store, {
    events: async (query: Parameters<typeof events>[0]) => {
      const found = await events(query);
      pages += 1;
      if (pages < 6) happen(scene, transition(OTHER, { sequence: pages }));
      return found;
    },
  });
  using reader = await EventReader.open(`${scene.address}/api/v1/events?after=0`);
  const expected = Array.from({ length: 255 }, (_, at) => at + 1);
  t.same(await ids(reader, 254), expected.slice(0, 254));
  happen(scene, transition(OTHER, { sequence: 99 }));
  t.equal((await ids(reader, 1))[0], 255);
});

t.test('it goes on after the last event that the reader has', async (t) => {
  await using scene = await webScene();
  scene.store.keep(...EVENTS);
  const url = `${scene.address}/api/v1/events`;
  using after = await EventReader.open(url, { 'last-event-id': '3' });
  t.same(await ids(after, 2), [4, 5]);
  using both = await EventReader.open(`${url}?after=0`, { 'last-event-id': '4' });
  t.same(await ids(both, 1), [5], 'which counts more than where it first began');
  using fromOther = await EventReader.open(url, { 'last-event-id': '4000' });
  t.same(await ids(fromOther, 5), [1, 2, 3, 4, 5], 'of another store: all of this one is new');
  const wrong = await EventReader.open(url, { 'last-event-id': 'x; drop' });
  t.equal(wrong.response.statusCode, 400);
  wrong[Symbol.dispose]();
});

t.test('a reader may ask for a kind, or for a route', async (t) => {
  await using scene = await webScene();
  scene.store.keep(...EVENTS);
  using sweeps = await EventReader.open(`${scene.address}/api/v1/events?after=0&kind=sweep`);
  using route = await EventReader.open(`${scene.address}/api/v1/events?after=0&route=${encodeURIComponent(OTHER.key)}`);
  happen(scene, { kind: 'sweep', atMs: NOON_MS, sweep: summary('s-2') }, transition(OTHER, { sequence: 2 }));
  t.same(await ids(sweeps, 2), [4, 6]);
  t.same(await ids(route, 2), [5, 7]);
});

t.test('while nothing happens there is a beat, so that whoever listens knows that somebody speaks', async (t) => {
  await using scene = await webScene();
  using reader = await EventReader.open(`${scene.address}/api/v1/events`);
  t.match(await reader.nextBlock(), /^retry: /);
  t.equal(await reader.nextBlock(), 'id: 0');
  await scene.clock.advance(BEAT_MS);
  t.equal(await reader.nextBlock(), ': beat');
  await scene.clock.advance(BEAT_MS);
  t.equal(await reader.nextBlock(), ': beat');
});

t.test('a reader that reads nothing is cut, and disturbs nobody meanwhile', async (t) => {
  await using scene = await webScene();
  // Far more than what a kernel keeps for a socket.
  const large = 'x'.repeat(50_000);
  using slow = await EventReader.open(`${scene.address}/api/v1/events`);
  using quick = await EventReader.open(`${scene.address}/api/v1/events`);
  slow.response.pause();
  const many = 400;
  for (let at = 0; at < many; at += 1) {
    happen(scene, transition(EXPOSED, { sequence: at + 1, message: large }));
    await quick.next();
  }
  await scene.clock.advance(BEAT_MS);
  t.notOk(scene.said.includes('an event stream is cut: its reader takes nothing'), 'it has a little time');
  await scene.clock.advance(BEAT_MS);
  t.ok(scene.said.includes('an event stream is cut: its reader takes nothing'));
  happen(scene, transition(OTHER));
  let event = await quick.next();
  while (event !== undefined && event.id !== String(many + 1)) event = await quick.next();
  t.equal(event?.id, String(many + 1), 'the other one reads on');
  t.equal(scene.monitored.listeners, 4, 'the page, the gates, the recent events, and the one reader that is left');
});

t.test('a stream ends after five minutes, and whoever comes again is let in anew, or not', async (t) => {
  let isKnown = true;
  const admitted = { kind: 'admitted', name: 'a' } as const;
  const refused = { kind: 'unauthenticated', why: 'withdrawn' } as const;
  await using scene = await webScene({
    anonymous: 'none',
    access: { admit: () => Promise.resolve(isKnown ? admitted : refused) },
  });
  happen(scene, ...EVENTS);
  const url = `${scene.address}/api/v1/events?kind=sweep`;
  const headers = { authorization: 'Bearer of-some-time-ago' };
  using reader = await EventReader.open(url, headers);
  await reader.nextBlock();
  const position = await reader.nextBlock();
  t.equal(position, 'id: 5', 'from where it goes on, though nothing of its kind comes');
  await scene.clock.advance(LIFETIME_MS - BEAT_MS);
  happen(scene, transition(OTHER), { kind: 'sweep', atMs: NOON_MS, sweep: summary('s-2') });
  t.equal((await reader.next())?.id, '7');
  await scene.clock.advance(BEAT_MS);
  t.equal(await reader.next(), undefined);
  t.notOk(scene.said.some((line) => line.includes('broke off')));

  happen(scene, { kind: 'sweep', atMs: NOON_MS, sweep: summary('s-3') });
  using again = await EventReader.open(url, { ...headers, 'last-event-id': '5' });
  t.same(await ids(again, 2), [7, 8], 'nothing is left out meanwhile');
  isKnown = false;
  const withdrawn = await EventReader.open(url, headers);
  t.equal(withdrawn.response.statusCode, 401);
  withdrawn[Symbol.dispose]();
  using page = await EventReader.open(`${scene.address}/live`, headers);
  t.equal(page.response.statusCode, 401);
});

t.test('streams end with the controller, and leave nothing behind', async (t) => {
  const scene = await webScene();
  using reader = await EventReader.open(`${scene.address}/api/v1/events`);
  using page = await EventReader.open(`${scene.address}/live`);
  await reader.nextBlock();
  await page.next();
  await scene[Symbol.asyncDispose]();
  t.equal(await reader.next(), undefined);
  t.equal(await page.next(), undefined);
  t.equal(scene.monitored.listeners, 0);
});

t.test('a reader that leaves is forgotten', async (t) => {
  await using scene = await webScene();
  const idle = scene.monitored.listeners;
  const reader = await EventReader.open(`${scene.address}/api/v1/events`);
  await reader.nextBlock();
  t.equal(scene.monitored.listeners, idle + 1);
  const left = Promise.withResolvers<undefined>();
  reader.response.once('close', () => {
    left.resolve(undefined);
  });
  reader[Symbol.dispose]();
  await left.promise;
  // The other end of the connection learns of it in a turn of its own.
  while (scene.monitored.listeners > idle) await new Promise(setImmediate);
  t.equal(scene.monitored.listeners, idle);
});

t.test('a store that is away is said before a stream begins, and ends one that reads its history', async (t) => {
  await using scene = await webScene();
  scene.store.fault = new Error('away');
  const refused = await EventReader.open(`${scene.address}/api/v1/events`);
  t.equal(refused.response.statusCode, 500);
  refused[Symbol.dispose]();
  scene.store.fault = undefined;
  scene.store.keep(...EVENTS);
  using reader = await EventReader.open(`${scene.address}/api/v1/events?after=0`);
  await reader.take(5);
  scene.store.fault = new Error('away');
  // In memory there is nothing yet: what follows must come from the store.
  scene.monitored.tell({ id: 9, event: transition(EXPOSED) });
  t.equal(await reader.next(), undefined, 'so that the reader comes again, and is told');
});
