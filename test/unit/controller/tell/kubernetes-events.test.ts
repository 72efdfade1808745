import { Buffer } from 'node:buffer';
import t from 'tap';
import type { Cell } from '../../../../controller/judge/finding.ts';
import type { MonitorEvent, Transition } from '../../../../controller/monitor/events.ts';
import { KubernetesEvents } from '../../../../controller/tell/kubernetes-events.ts';
import { MeshproofError } from '../../../../proto/errors.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { NOON_MS, currentOf, driftingCell, summary, transition } from '../../../support/monitored.ts';
import { cause } from '../../../support/sweeps.ts';

const { signal } = new AbortController();
const EVENTS = '/apis/events.k8s.io/v1/namespaces/shop/events';
const exposed = driftingCell({ source: 'legacy/batch', to: 'shop/pay:8080' }, 'exposed');

/** As much of an Event as tests look at. */
interface Written {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly note: string;
  readonly reason: string;
  readonly type: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

function scene(cluster = new FakeCluster(), cells: readonly Cell[] = [exposed]) {
  const clock = new ManualClock(NOON_MS);
  const said: string[] = [];
  const deps = { ask: cluster.ask, clock, debug: (message: string) => said.push(message) };
  const sink = new KubernetesEvents(deps, { instance: 'meshproof-0' });
  let lastId = 0;
  const tell = (event: MonitorEvent) => {
    lastId += 1;
    return sink.tell({ id: lastId, event }, currentOf(cells), signal);
  };
  const created = (): readonly Written[] => cluster.asked('create').map(({ body }) => body as Written);
  const counted = (): readonly unknown[] => cluster.asked('patch').map(({ path, body }) => [path, body]);
  return { cluster, clock, said, sink, tell, created, counted };
}

t.test('a transition is an Event of its Service, found by its uid, as events.k8s.io/v1 asks for it', async (t) => {
  const { cluster, sink, tell, created } = scene();
  t.same(await tell(transition(exposed)), { kind: 'told' });
  t.match(cluster.requests, [
    { verb: 'list', apiGroup: '', resource: 'services', namespace: 'shop' },
    { verb: 'create', apiGroup: 'events.k8s.io', resource: 'events', namespace: 'shop', path: EVENTS },
  ]);
  t.equal(cluster.requests[0]?.path, '/api/v1/namespaces/shop/services?fieldSelector=metadata.name%3Dpay');
  t.match(created(), [
    {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: 'shop', name: /^pay\.[0-9a-f]{16}\.[0-9a-f]+$/ },
      eventTime: '2026-01-02T12:00:00.000000Z',
      reportingController: 'meshproof.io/controller',
      reportingInstance: 'meshproof-0',
      action: 'Measured',
      reason: 'Exposed',
      type: 'Warning',
      note: 'legacy/batch → shop/pay:8080 answered in plaintext although STRICT is declared. (MP1005) Fix: Correct PeerAuthentication shop/pay.',
      regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'pay', uid: 'uid-of-pay' },
    },
  ]);
  // kubernetes: pkg/apis/core/validation/events.go: a series counts from 2, and these fields have to be unset.
  for (const field of ['series', 'count', 'firstTimestamp', 'lastTimestamp', 'source', 'message']) {
    t.notOk(Object.hasOwn(created()[0] ?? {}, field), field);
  }
  await sink[Symbol.asyncDispose]();
});

t.test('each transition has its reason and its type', async (t) => {
  for (const [to, reason, type] of [
    ['exposed', 'Exposed', 'Warning'],
    ['blocked', 'Blocked', 'Warning'],
    ['downgraded', 'Downgraded', 'Warning'],
    ['misplaced', 'Misplaced', 'Warning'],
    ['unknown', 'Unmeasured', 'Warning'],
    ['agrees', 'Recovered', 'Normal'],
    ['opened', 'Opened', 'Normal'],
    ['closed', 'Closed', 'Normal'],
  ] as const satisfies readonly (readonly [Transition['to'], string, string])[]) {
    const { sink, tell, created } = scene();
    await tell(transition(exposed, { to }));
    t.match(created(), [{ reason, type }], to);
    await sink[Symbol.asyncDispose]();
  }
});

t.test('a storm of one cause at one Service is one Event with a count', async (t) => {
  const { clock, sink, tell, created, counted } = scene();
  const outcomes = new Set<string>();
  for (let at = 0; at < 1000; at += 1) {
    const cell = driftingCell({ source: `legacy/caller-${String(at)}`, to: 'shop/pay:8080' }, 'exposed');
    outcomes.add((await tell(transition(cell, { atMs: NOON_MS + at }))).kind);
  }
  t.same([...outcomes], ['told']);
  t.equal(created().length, 1);
  t.equal(counted().length, 0);
  await clock.advance(10_000);
  const name = created()[0]?.metadata.name ?? '';
  const series = { count: 1000, lastObservedTime: '2026-01-02T12:00:00.999000Z' };
  t.same(counted(), [[`${EVENTS}/${name}`, { series }]]);
  await clock.advance(60_000);
  t.equal(counted().length, 1, 'a count that does not grow is not written again');
  await sink[Symbol.asyncDispose]();
});

t.test('another cause, another object and another reason are Events of their own', async (t) => {
  const { sink, tell, created } = scene();
  const elsewhere = driftingCell({ source: 'legacy/batch', to: 'shop/cart:8080' }, 'exposed');
  await tell(transition(exposed));
  await tell(transition(exposed, { cause: cause('MP1008', 'no sidecar', 'pay') }));
  await tell(transition(exposed, { cause: cause('MP1005', 'another policy', 'other') }));
  await tell(transition(elsewhere));
  await tell(transition(exposed, { to: 'agrees', cause: null }));
  t.equal(new Set(created().map(({ metadata }) => metadata.name)).size, 5);
  await sink[Symbol.asyncDispose]();
});

t.test('after six minutes of silence the next one is a new Event', async (t) => {
  const { clock, sink, tell, created } = scene();
  await tell(transition(exposed));
  await clock.advance(359_000);
  await tell(transition(exposed, { atMs: clock.nowMs() }));
  t.equal(created().length, 1);
  await clock.advance(361_000);
  await tell(transition(exposed, { atMs: clock.nowMs() }));
  t.equal(created().length, 2);
  t.equal(new Set(created().map(({ metadata }) => metadata.name)).size, 2);
  await sink[Symbol.asyncDispose]();
});

t.test('an Event that the cluster has forgotten is made anew, with its count', async (t) => {
  const { cluster, clock, sink, tell, created } = scene();
  await tell(transition(exposed));
  await tell(transition(exposed));
  cluster.answer = ({ verb }) => (verb === 'patch' ? { status: 404, body: {} } : undefined);
  await clock.advance(10_000);
  t.match(created(), [{ series: undefined }, { series: { count: 2 } }]);
  await sink[Symbol.asyncDispose]();
});

t.test('the same event told again after a restart is the Event that is there already', async (t) => {
  const first = scene();
  await first.tell(transition(exposed));
  const cluster = new FakeCluster(({ verb }) => (verb === 'create' ? { status: 409, body: {} } : undefined));
  const second = scene(cluster);
  t.same(await second.tell(transition(exposed)), { kind: 'told' });
  t.equal(second.created()[0]?.metadata.name, first.created()[0]?.metadata.name);
  await first.sink[Symbol.asyncDispose]();
  await second.sink[Symbol.asyncDispose]();
});

t.test('counts that are not written yet are written at the end', async (t) => {
  const { sink, tell, counted } = scene();
  await tell(transition(exposed));
  await tell(transition(exposed));
  await sink[Symbol.asyncDispose]();
  t.match(counted(), [[/pay/, { series: { count: 2 } }]]);
});

t.test('no more than a burst of writes, and then five a second', async (t) => {
  const { clock, sink, tell, created } = scene();
  const cells = Array.from({ length: 30 }, (_, at) =>
    driftingCell({ source: 'legacy/batch', to: `shop/pay-${String(at)}:80` }, 'exposed'),
  );
  const all = (async () => {
    for (const cell of cells) await tell(transition(cell));
  })();
  await new Promise(setImmediate);
  // A list and a create each: 25 of them at once.
  t.equal(created().length, 12);
  await clock.advance(1000);
  t.equal(created().length, 15);
  await clock.advance(7000);
  await all;
  t.equal(created().length, 30);
  await sink[Symbol.asyncDispose]();
});

t.test('a note is cut at 1024 bytes, and no character in two', async (t) => {
  const { sink, tell, created } = scene();
  for (const filler of ['x', '→', '𝄞', 'é→']) {
    const message = filler.repeat(1500);
    await tell(transition(exposed, { cause: cause('MP1005', message, filler), message }));
    const note = created().at(-1)?.note ?? '';
    const { byteLength } = Buffer.from(note);
    t.ok(byteLength <= 1024 && byteLength > 1018, String(byteLength));
    t.notMatch(note, /\uFFFD/);
  }
  await sink[Symbol.asyncDispose]();
});

t.test('a conflict is told at the Services behind its cells, ten at most, and so is its end', async (t) => {
  const cells = Array.from({ length: 24 }, (_, at) =>
    driftingCell({ source: `shop/web-${String(at % 2)}`, to: `shop/pay-${String(at % 12)}:80` }, 'blocked'),
  );
  const { sink, tell, created } = scene(new FakeCluster(), cells);
  const conflict = {
    severity: 'error',
    cause: cause('MP1002', 'TLS disagrees'),
    cells: cells.map(({ key }) => key),
    isConfirmed: true,
  } as const;
  await tell({ kind: 'conflict', atMs: NOON_MS, isOver: false, conflict });
  t.equal(created().length, 10);
  t.match(created()[0], { reason: 'Conflict', type: 'Warning', note: /^TLS disagrees \(MP1002\)/ });
  const one = { ...conflict, cells: conflict.cells.slice(0, 1) };
  await tell({ kind: 'conflict', atMs: NOON_MS, isOver: true, conflict: one });
  t.match(created().at(-1), { reason: 'ConflictResolved', type: 'Normal', note: 'No more: TLS disagrees' });
  t.equal(created().length, 11);
  await sink[Symbol.asyncDispose]();
});

t.test('what is tried again is counted once, at every object that it was told at before', async (t) => {
  const cells = Array.from({ length: 5 }, (_, at) =>
    driftingCell({ source: 'shop/web', to: `shop/pay-${String(at)}:80` }, 'blocked'),
  );
  const { cluster, clock, sink, created, counted } = scene(new FakeCluster(), cells);
  const keys = cells.map(({ key }) => key);
  const conflict = {
    severity: 'error',
    cause: cause('MP1002', 'TLS disagrees'),
    cells: keys,
    isConfirmed: true,
  } as const;
  const stored = (id: number) => ({ id, event: { kind: 'conflict', atMs: NOON_MS, isOver: false, conflict } }) as const;
  const tell = (id: number) => sink.tell(stored(id), currentOf(cells), signal);
  cluster.answer = ({ verb }) => (verb === 'create' && created().length > 4 ? { status: 500, body: {} } : undefined);
  t.match(await tell(1), { kind: 'away' });
  cluster.answer = () => undefined;
  t.same(await tell(1), { kind: 'told' });
  t.equal(created().length, 6, 'four, one that was not taken, and that one again');
  await clock.advance(10_000);
  t.same(counted(), [], 'each has happened once');
  t.same(await tell(2), { kind: 'told' });
  await clock.advance(10_000);
  t.same(counted().length, 5, 'and what comes then counts');
  await sink[Symbol.asyncDispose]();
});

t.test('the end of a sweep and a propagation are no Events', async (t) => {
  const { cluster, sink, tell } = scene();
  t.same(await tell({ kind: 'sweep', atMs: NOON_MS, sweep: summary('s') }), { kind: 'told' });
  t.equal(cluster.requests.length, 0);
  await sink[Symbol.asyncDispose]();
});

t.test('what the API server says decides what becomes of an event', async (t) => {
  const gone = { status: 403, body: { message: 'namespace shop is being terminated' } };
  for (const [answer, expected] of [
    [gone, { kind: 'rejected', why: /namespace shop is being terminated$/ }],
    [
      { status: 500, body: {} },
      { kind: 'away', why: /the API server answered 500$/ },
    ],
    [{ status: 429, body: {} }, { kind: 'away' }],
    [{ status: 422, body: { message: 'note: too long' } }, { kind: 'rejected' }],
  ] as const) {
    const { sink, tell } = scene(new FakeCluster(({ verb }) => (verb === 'create' ? answer : undefined)));
    t.match(await tell(transition(exposed)), expected);
    await sink[Symbol.asyncDispose]();
  }
});

t.test('without the right to write it is given up, without the right to look it has no uid', async (t) => {
  const refuse = (verb: string) =>
    new FakeCluster((request) => {
      if (request.verb !== verb) return undefined;
      throw new MeshproofError('MPE_NOT_PERMITTED', `may not ${verb} it`, { hint: 'Add the rule.' });
    });
  const unwritten = scene(refuse('create'));
  t.same(await unwritten.tell(transition(exposed)), { kind: 'rejected', why: 'may not create it. Add the rule.' });
  const unseen = scene(refuse('list'));
  t.same(await unseen.tell(transition(exposed)), { kind: 'told' });
  t.match(unseen.created(), [{ regarding: { name: 'pay', uid: undefined } }]);
  await unwritten.sink[Symbol.asyncDispose]();
  await unseen.sink[Symbol.asyncDispose]();
});
