import type { Test } from 'tap';
import t from 'tap';
import { ApiServer } from '../../../../../controller/api-server/api-server.ts';
import { Collection } from '../../../../../controller/snapshot/cluster/collection.ts';
import type { ServedKind } from '../../../../../controller/snapshot/cluster/kinds.ts';
import type { Fault, GivenObject } from '../../../../support/api-server/fake-api-server.ts';
import type { Where } from '../../../../support/api-server/faults.ts';
import { FEW, ISTIO } from '../../../../support/api-server/resources.ts';
import type { Resource } from '../../../../support/api-server/resources.ts';
import { apiScene } from '../../../../support/api-server/scene.ts';
import type { ApiScene } from '../../../../support/api-server/scene.ts';

const SERVICES: ServedKind = {
  kind: 'Service',
  group: '',
  versions: ['v1'],
  version: 'v1',
  plural: 'services',
  scope: 'namespaces',
  leavesOutOurs: true,
};
const POLICIES: ServedKind = {
  ...SERVICES,
  kind: 'PeerAuthentication',
  group: 'security.istio.io',
  plural: 'peerauthentications',
};
const LIST = { verb: 'list', plural: 'services' } as const;
const WATCH = { verb: 'watch', plural: 'services' } as const;

function service(name: string, labels: Readonly<Record<string, string>> = {}): GivenObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop', labels }, spec: { ports: [] } };
}

function policy(name: string): GivenObject {
  const metadata = { name, namespace: 'shop' };
  return { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', metadata, spec: {} };
}

interface Followed extends ApiScene {
  readonly collection: Collection;
  readonly names: () => string;
  /** Resolves when these are known, and nothing else. */
  readonly untilKnown: (names: string) => Promise<void>;
}

interface Setting {
  readonly prepare?: (scene: ApiScene) => void;
  readonly kind?: ServedKind;
  readonly resources?: readonly Resource[];
}

async function following(t: Test, setting: Setting | ((scene: ApiScene) => void) = {}): Promise<Followed> {
  const { prepare, kind = SERVICES, resources = FEW } = typeof setting === 'function' ? { prepare: setting } : setting;
  const scene = await apiScene(t, resources);
  scene.server.put(service('pay'), service('web'));
  prepare?.(scene);
  const api = new ApiServer(scene.cluster, scene.clock);
  const collection = new Collection({ kind, namespace: null }, { ...scene, api });
  t.teardown(async () => {
    await collection[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });
  const names = (): string =>
    [...collection.objects]
      .map(({ metadata }) => metadata.name)
      .sort()
      .join(' ');
  const untilKnown = async (wanted: string): Promise<void> => {
    while (names() !== wanted) await new Promise(setImmediate);
  };
  return { ...scene, collection, names, untilKnown };
}

t.test('everything is listed, and changes are followed from then on', async (t) => {
  const { server, collection, names, untilKnown } = await following(t);
  t.strictSame(await collection.started, { kind: 'ready' });
  t.equal(names(), 'pay web');
  server.put(service('cart'));
  await untilKnown('cart pay web');
  server.remove(service('pay'));
  await untilKnown('cart web');
  server.put(service('web', { 'app.kubernetes.io/part-of': 'meshproof' }));
  await untilKnown('cart');
  t.equal(server.seen(LIST).length, 1);
});

t.test('a watch that ends goes on from the last version that was heard of', async (t) => {
  const { server, collection, untilKnown } = await following(t);
  await collection.started;
  server.put(service('cart'));
  await untilKnown('cart pay web');
  server.endWatches();
  await server.untilSeen(WATCH, 2);
  server.put(service('desk'));
  await untilKnown('cart desk pay web');
  // Versions of this server begin at 100: pay 101, web 102, cart 103.
  t.strictSame(
    server.seen(WATCH).map(({ query }) => query['resourceVersion']),
    ['102', '103'],
  );
  t.equal(server.seen(LIST).length, 1);
});

t.test('a bookmark moves the version on where nothing happens', async (t) => {
  const { server, collection } = await following(t);
  await collection.started;
  server.compact();
  server.bookmark();
  server.endWatches();
  await server.untilSeen(WATCH, 2);
  t.strictSame(
    server.seen(WATCH).map(({ query }) => query['resourceVersion']),
    ['102', '103'],
  );
});

const TROUBLE: readonly { readonly name: string; readonly fault: Fault; readonly says: RegExp }[] = [
  { name: 'is reset', fault: { kind: 'reset' }, says: /ECONNRESET/ },
  { name: 'is cut in the middle', fault: { kind: 'cut' }, says: /aborted|ECONNRESET|JSON/ },
  { name: 'gets 429', fault: { kind: 'status', status: 429, message: 'too many' }, says: /429: too many/ },
  { name: 'gets 500', fault: { kind: 'status', status: 500, message: 'etcd is away' }, says: /500: etcd is away/ },
  { name: 'gets 503 from a proxy', fault: { kind: 'status', status: 503 }, says: /503/ },
  { name: 'is answered by a stranger', fault: { kind: 'stranger' }, says: /JSON/ },
];

for (const { name, fault, says } of TROUBLE) {
  t.test(`a first list that ${name} is tried again, and waits longer each time`, async (t) => {
    const scene = await following(t, ({ server }) => {
      server.fail(LIST, fault, 3);
    });
    for (const delayMs of [250, 500, 1000]) {
      const line = await scene.untilLogged(new RegExp(`list services .*again in ${String(delayMs)} ms`));
      t.match(line, says);
      await scene.clock.advance(delayMs);
    }
    t.strictSame(await scene.collection.started, { kind: 'ready' });
    t.equal(scene.names(), 'pay web');
    t.equal(scene.server.seen(LIST).length, 4);
  });

  t.test(`a watch that ${name} goes on without another list, and nothing is forgotten`, async (t) => {
    const scene = await following(t, ({ server }) => {
      server.fail(WATCH, fault, 2);
    });
    t.strictSame(await scene.collection.started, { kind: 'ready' });
    for (const delayMs of [250, 500]) {
      const line = await scene.untilLogged(new RegExp(`watch services .*again in ${String(delayMs)} ms`));
      t.match(line, says);
      t.equal(scene.names(), 'pay web');
      t.ok(scene.collection.trouble, 'it knows that it may have missed something');
      await scene.clock.advance(delayMs);
    }
    await scene.collection.inStep(scene.signal);
    scene.server.put(service('cart'));
    await scene.untilKnown('cart pay web');
    t.equal(scene.server.seen(LIST).length, 1);
  });
}

t.test('Retry-After is waited for, of an answer and of an event', async (t) => {
  const scene = await following(t, ({ server }) => {
    server.fail(LIST, { kind: 'status', status: 429, retryAfter: '7' }, 1);
    server.fail(WATCH, { kind: 'error-event', code: 429, retryAfterSeconds: 9 }, 1);
  });
  await scene.untilLogged(/list services .*again in 7000 ms/);
  await scene.clock.advance(6_999);
  t.equal(scene.server.seen(LIST).length, 1);
  await scene.clock.advance(1);
  await scene.untilLogged(/watch services .*again in 9000 ms/);
});

t.test('waits grow up to half a minute and no further', async (t) => {
  const scene = await following(t, ({ server }) => {
    server.fail(LIST, { kind: 'reset' });
  });
  const delays: string[] = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    const delay = /again in (\d+) ms/.exec(await scene.untilLogged(/again in/))?.[1] ?? '';
    delays.push(delay);
    await scene.clock.advance(Number(delay));
  }
  t.strictSame(delays, ['250', '500', '1000', '2000', '4000', '8000', '15000', '15000', '15000']);
});

t.test('a first list that fails for half a minute is given up, with what the server said', async (t) => {
  const scene = await following(t, ({ server }) => {
    server.fail(LIST, { kind: 'status', status: 500, message: 'etcd is away' });
  });
  for (let waitedMs = 0; waitedMs < 30_000;) {
    const delayMs = Number(/again in (\d+) ms/.exec(await scene.untilLogged(/again in/))?.[1]);
    await scene.clock.advance(delayMs);
    waitedMs += delayMs;
  }
  t.match(await scene.collection.started, { kind: 'failed', verb: 'list', trouble: { says: 'etcd is away' } });
});

for (const verb of ['list', 'watch'] as const) {
  t.test(`a ${verb} that is forbidden is told at once`, async (t) => {
    const { collection } = await following(t, ({ server }) => {
      server.fail({ ...LIST, verb }, { kind: 'status', status: 403, message: 'forbidden' });
    });
    t.match(await collection.started, { kind: 'failed', verb, trouble: { kind: 'status', status: 403 } });
  });
}

t.test('a server that never answers counts as trouble after half a minute', async (t) => {
  const scene = await following(t, ({ server }) => {
    server.fail(LIST, { kind: 'silence' }, 1);
  });
  await scene.server.untilSeen(LIST);
  await scene.clock.advance(30_000);
  t.match(await scene.untilLogged(/again in/), /nothing came for 30 s/);
});

t.test('a watch that says nothing for two bookmarks is opened anew', async (t) => {
  const { server, clock, collection, untilLogged } = await following(t);
  await collection.started;
  await clock.advance(100_000);
  server.bookmark();
  // The bookmark has to have come before time goes on: a change that comes behind it is the proof.
  server.put(service('cart'));
  while ([...collection.objects].length < 3) await new Promise(setImmediate);
  await clock.advance(149_000);
  t.equal(server.seen(WATCH).length, 1);
  await clock.advance(1_000);
  t.match(await untilLogged(/watch services/), /nothing came for 150 s/);
});

t.test(
  'a version that the server has forgotten leads to another list, and what was missed is caught up with',
  async (t) => {
    const { server, collection, untilKnown, untilLogged, clock } = await following(t);
    await collection.started;
    server.resetWatches();
    await untilLogged(/watch services .*again in 250 ms/);
    server.put(service('cart'));
    server.remove(service('pay'));
    server.compact();
    await clock.advance(250);
    await untilLogged(/410: too old resource version; again in/);
    t.equal([...collection.objects].length, 2, 'nothing is forgotten while nothing better is known');
    await clock.advance(500);
    await untilKnown('cart web');
    t.equal(server.seen(LIST).length, 2);
  },
);

t.test('after a long good watch 410 leads to another list at once', async (t) => {
  const { server, collection, untilKnown } = await following(t);
  await collection.started;
  server.put(service('cart'));
  await untilKnown('cart pay web');
  server.sendError(WATCH, 410);
  await server.untilSeen(LIST, 2);
  t.equal(server.seen(LIST).length, 2);
});

t.test('watches that fail again and again make it doubt the version: it lists', async (t) => {
  const scene = await following(t, ({ server }) => {
    server.fail(WATCH, { kind: 'error-event', code: 504, message: 'Too large resource version' });
  });
  for (let failed = 1; failed <= 5; failed += 1) {
    const delay = /again in (\d+) ms/.exec(await scene.untilLogged(/Too large resource version; again/))?.[1];
    t.equal(scene.server.seen(LIST).length, 1, `after ${String(failed)} watches`);
    await scene.clock.advance(Number(delay));
  }
  await scene.server.untilSeen(LIST, 2);
});

t.test('a server that ends each watch at once is not asked in a hurry', async (t) => {
  const scene = await following(t, ({ server }) => {
    server.fail(WATCH, { kind: 'end' });
  });
  for (const delayMs of [250, 500, 1000]) {
    await scene.untilLogged(new RegExp(`ended at once; again in ${String(delayMs)} ms`));
    await scene.clock.advance(delayMs);
  }
});

t.test('lists come in pages of 250', async (t) => {
  const { server, collection } = await following(t, (scene) => {
    for (let number = 0; number < 1100; number += 1) scene.server.put(service(`s${String(number)}`));
  });
  await collection.started;
  t.equal([...collection.objects].length, 1102);
  t.strictSame(
    server.seen(LIST).map(({ query }) => query['limit']),
    ['250', '250', '250', '250', '250'],
  );
  // Each page has the version of the first.
  t.equal(server.seen(WATCH)[0]?.query['resourceVersion'], '1202');
});

t.test('410 on a page: the list is taken from its start, in one piece', async (t) => {
  const { server, collection } = await following(t, (scene) => {
    for (let number = 0; number < 600; number += 1) scene.server.put(service(`s${String(number)}`));
    scene.server.fail({ ...LIST, isContinued: true }, { kind: 'status', status: 410 });
  });
  await collection.started;
  t.equal([...collection.objects].length, 602);
  t.strictSame(
    server.seen(LIST).map(({ query }) => [query['limit'], 'continue' in query]),
    [
      ['250', false],
      ['250', true],
      [undefined, false],
    ],
  );
});

const DEFINED: Resource = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  plural: 'peerauthentications',
  isNamespaced: true,
};
const SIBLING: Resource = { ...DEFINED, kind: 'AuthorizationPolicy', plural: 'authorizationpolicies' };

for (const [name, siblings] of [
  ['', []],
  [', and its group stays', [SIBLING]],
] as const) {
  t.test(`a kind whose definition is taken away${name}: no objects, until it is there again`, async (t) => {
    const resources = [...FEW, ...siblings, DEFINED];
    const { server, clock, collection, untilKnown, untilLogged, signal } = await following(t, {
      kind: POLICIES,
      resources,
    });
    await collection.started;
    server.put(policy('default'));
    await untilKnown('default');
    resources.pop();
    server.endWatches();
    await untilLogged(/watch peerauthentications .*404.*again in 250 ms/);
    await clock.advance(250);
    await untilLogged(/list peerauthentications .*404/);
    await untilKnown('');
    await collection.inStep(signal);
    resources.push(DEFINED);
    await clock.advance(30_000);
    await untilKnown('default');
  });
}

const NO_WORD_OF_THE_SERVER: readonly (readonly [name: string, kind: ServedKind, at: readonly Where[]])[] = [
  ['of a kind that Kubernetes is made of', SERVICES, [{ plural: 'services' }]],
  ['of all it is asked for', SERVICES, [{}]],
  ['of a kind that has a definition', POLICIES, [{}]],
  ['while the server still lists the kind', POLICIES, [{ plural: 'peerauthentications' }]],
  [
    'of the kind and of its group',
    POLICIES,
    [{ plural: 'peerauthentications' }, { plural: '/apis/security.istio.io/v1' }],
  ],
];

for (const [name, kind, at] of NO_WORD_OF_THE_SERVER) {
  t.test(`404 ${name} is trouble: what is known stays known, and is said to be old`, async (t) => {
    const { server, clock, collection, names, untilKnown, untilLogged, signal } = await following(t, {
      kind,
      resources: [...FEW, ...ISTIO],
    });
    const made = kind === SERVICES ? service : policy;
    await collection.started;
    server.put(made('pay'), made('cart'));
    while (!names().includes('cart')) await new Promise(setImmediate);
    const before = names();
    for (const where of at) server.fail(where, { kind: 'no-backend' });
    server.endWatches();
    await untilLogged(new RegExp(`watch ${kind.plural} .*404.*again in 250 ms`));
    await clock.advance(250);
    for (const delayMs of [500, 1000, 2000]) {
      await untilLogged(new RegExp(`list ${kind.plural} .*404: default backend - 404; again in ${String(delayMs)} ms`));
      t.equal(names(), before);
      t.match(collection.trouble, { last: { kind: 'status', status: 404 } });
      await clock.advance(delayMs);
    }
    await untilLogged(/list .*404.*again in 4000 ms/);
    server.heal();
    server.put(made('desk'));
    await clock.advance(4000);
    await untilKnown(before.replace('cart', 'cart desk'));
    await collection.inStep(signal);
    t.equal(collection.trouble, null);
  });
}

t.test('what is given up leaves no request behind', async (t) => {
  const { server, collection } = await following(t);
  await collection.started;
  await collection[Symbol.asyncDispose]();
  server.endWatches();
  t.equal(server.seen(LIST).length, 1);
  t.equal(server.seen(WATCH).length, 1);
  t.match(await collection.started, { kind: 'ready' });
});
