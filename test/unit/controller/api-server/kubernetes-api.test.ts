/** Requests that name their right, to a server over loopback that answers as a test says. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import t from 'tap';
import type { Test } from 'tap';
import { KubernetesApi } from '../../../../controller/api-server/kubernetes-api.ts';
import type { Access } from '../../../../controller/api-server/refusal.ts';
import { systemClock } from '../../../../proto/system-clock.ts';
import { hurriedClock } from '../../../support/hurried-clock.ts';

type Answers = (request: IncomingMessage, response: ServerResponse, count: number) => void;

interface Scene {
  readonly api: KubernetesApi;
  /** `METHOD path body`, in order. */
  readonly asked: readonly string[];
  /** Connections that were ever opened. */
  readonly connections: () => number;
  readonly log: readonly string[];
  readonly signal: AbortSignal;
}

/** Ten minutes of patience pass in 0.6 s. */
async function scene(t: Test, answer: Answers, patienceMs = 600_000): Promise<Scene> {
  const asked: string[] = [];
  const log: string[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`.trimEnd());
      answer(request, response, asked.length);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const reach = {
    server: `http://127.0.0.1:${String(port)}`,
    isProxied: false,
    authenticate: () => Promise.resolve({ headers: {} }),
  };
  const options = { patienceMs, debug: (line: string) => log.push(line) };
  const api = new KubernetesApi(reach, hurriedClock(systemClock, 1000), options);
  t.teardown(async () => {
    await api[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  return { api, asked, connections: () => connections, log, signal: new AbortController().signal };
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function access(verb: Access['verb'], resource = 'leases'): Access {
  return { verb, apiGroup: 'coordination.k8s.io', resource, namespace: 'shop' };
}

t.test('each verb has its method, and all of them share a connection', async (t) => {
  const { api, asked, connections, signal } = await scene(t, (_request, response) => {
    json(response, 200, { kind: 'Lease' });
  });
  for (const verb of ['get', 'list', 'watch', 'create', 'update', 'delete'] as const) {
    const body = verb === 'create' || verb === 'update' ? { body: { a: 1 } } : {};
    t.strictSame(await api.ask({ access: access(verb), path: `/leases?of=${verb}`, ...body }, signal), {
      status: 200,
      body: { kind: 'Lease' },
    });
  }
  t.strictSame(asked, [
    'GET /leases?of=get',
    'GET /leases?of=list',
    'GET /leases?of=watch',
    'POST /leases?of=create {"a":1}',
    'PUT /leases?of=update {"a":1}',
    'DELETE /leases?of=delete',
  ]);
  t.equal(connections(), 1);
});

t.test('a patch says of which kind it is', async (t) => {
  const types: unknown[] = [];
  const { api, asked, signal } = await scene(t, (request, response) => {
    types.push(request.headers['content-type']);
    json(response, 200, {});
  });
  const contentType = 'application/merge-patch+json';
  await api.ask({ access: access('patch'), path: '/x', body: { a: null }, contentType }, signal);
  await api.ask({ access: access('create'), path: '/x', body: {} }, signal);
  t.strictSame(asked, ['PATCH /x {"a":null}', 'POST /x {}']);
  t.strictSame(types, [contentType, 'application/json']);
});

for (const status of [400, 404, 409, 410, 422]) {
  t.test(`${String(status)} is the caller’s to read`, async (t) => {
    const { api, asked, signal } = await scene(t, (_request, response) => {
      json(response, status, { reason: 'Because', message: 'no' });
    });
    const answer = await api.ask({ access: access('update'), path: '/x', body: {} }, signal);
    t.strictSame(answer, { status, body: { reason: 'Because', message: 'no' } });
    t.equal(asked.length, 1);
  });
}

const PASSING: readonly (readonly [what: string, fail: (response: ServerResponse) => void, says: RegExp])[] = [
  [
    '429',
    (response) => {
      json(response, 429, { message: 'too many requests' }, { 'retry-after': '3' });
    },
    /429: too many requests; again in 3\d\d\d ms/,
  ],
  [
    '503 from a proxy, in words of its own',
    (response) => {
      response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Nobody here</h1>\nno');
    },
    /503: <h1>Nobody here<\/h1>; again/,
  ],
  [
    'a reset',
    (response) => {
      response.socket?.resetAndDestroy();
    },
    /ECONNRESET/,
  ],
  [
    'a success that is none: a login page',
    (response) => {
      response.writeHead(200).end('<html>Please log in</html>');
    },
    /JSON/,
  ],
];

for (const [what, fail, says] of PASSING) {
  t.test(`after ${what} the same is asked again`, async (t) => {
    const { api, asked, log, signal } = await scene(t, (_request, response, count) => {
      if (count === 1) fail(response);
      else json(response, 201, {});
    });
    t.match(await api.ask({ access: access('create'), path: '/x', body: { b: 2 } }, signal), { status: 201 });
    t.strictSame(asked, ['POST /x {"b":2}', 'POST /x {"b":2}']);
    t.match(log, [says]);
  });
}

t.test('patience ends: what was asked, where, and what came', async (t) => {
  const { api, asked, signal } = await scene(t, (_request, response) => {
    json(response, 500, { message: 'etcd is away' });
  });
  await t.rejects(api.ask({ access: access('get'), path: '/x?y=z' }, signal), {
    code: 'MPE_CLUSTER_UNREACHABLE',
    message: /^get leases at http:\/\/127\.0\.0\.1:\d+ \(\/x\): 500: etcd is away$/,
  });
  t.ok(asked.length >= 4, `${String(asked.length)} times`);
});

t.test('a right that is missing is an error at once, a quota is an answer', async (t) => {
  const forbidden = 'leases "x" is forbidden: User "ann" cannot update resource "leases" in API group';
  const { api, asked, signal } = await scene(t, (request, response) => {
    json(response, 403, { message: request.url === '/x' ? forbidden : 'exceeded quota: q' });
  });
  await t.rejects(api.ask({ access: access('update'), path: '/x', body: {} }, signal), {
    code: 'MPE_NOT_PERMITTED',
    message: 'user ann may not update leases in namespace shop',
    hint: 'Add to a Role in namespace shop: - { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["update"] }',
  });
  t.match(await api.ask({ access: access('update'), path: '/y', body: {} }, signal), { status: 403 });
  t.equal(asked.length, 2);
});

t.test('whoever gives up gets the reason', async (t) => {
  const stop = new AbortController();
  const { api } = await scene(t, () => {
    stop.abort(new Error('enough'));
  });
  await t.rejects(api.ask({ access: access('get'), path: '/x' }, stop.signal), { message: 'enough' });
});

t.test('a stream gives its lines, and says how it ended', async (t) => {
  const { api, signal } = await scene(t, (request, response) => {
    response.writeHead(200).write('one\ntwo\nthr');
    if (request.url === '/cut') setImmediate(() => response.socket?.resetAndDestroy());
    else response.end('ee\n');
  });
  for (const [path, lines, end] of [
    ['/whole', ['one', 'two', 'three'], null],
    ['/cut', ['one', 'two'], { kind: 'broken' }],
  ] as const) {
    const opened = await api.open({ access: access('get', 'pods/log'), path }, 20_000, signal);
    if (opened.kind !== 'open') throw new Error(`expected a stream, got ${opened.kind}`);
    await using stream = opened;
    const got: string[] = [];
    let next = await stream.lines.next();
    for (; next.done !== true; next = await stream.lines.next()) got.push(next.value);
    t.strictSame(got, lines);
    if (end === null) t.equal(next.value, null);
    else t.match(next.value, end);
  }
});

t.test('a stream that is refused says why, and one that may not be is an error', async (t) => {
  const { api, asked, signal } = await scene(t, (request, response) => {
    const message = 'pods is forbidden: User "ann" cannot get resource "pods/log" in API group';
    json(response, request.url === '/away' ? 503 : 403, { message: request.url === '/away' ? 'away' : message });
  });
  t.match(await api.open({ access: access('get', 'pods/log'), path: '/away' }, 20_000, signal), {
    kind: 'reply',
    status: 503,
    body: { message: 'away' },
  });
  await t.rejects(api.open({ access: access('get', 'pods/log'), path: '/x' }, 20_000, signal), {
    code: 'MPE_NOT_PERMITTED',
    message: 'user ann may not get pods/log in namespace shop',
  });
  t.equal(asked.length, 2, 'who follows a stream comes back by himself');
});
