import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { serveMetrics } from '../../../../agent/metrics/metrics-server.ts';
import { MeshproofError } from '../../../../proto/errors.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const METRICS = { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n') };

/** All that comes back until the other side closes. */
async function say(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return await allOf(socket);
}

async function allOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  // A reset is an end like any other here.
  socket.on('error', () => undefined);
  const closed = Promise.withResolvers<undefined>();
  socket.once('close', () => {
    closed.resolve(undefined);
  });
  await closed.promise;
  return text;
}

const request = (line: string, more = ''): string => `${line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${more}\r\n`;

const REQUESTS: readonly (readonly [what: string, bytes: string, status: RegExp])[] = [
  ['metrics', request('GET /metrics'), /^HTTP\/1\.1 200 /],
  ['metrics with a query', request('GET /metrics?name=up'), /^HTTP\/1\.1 200 /],
  ['another path', request('GET /'), /^HTTP\/1\.1 404 /],
  ['a path below', request('GET /metrics/x'), /^HTTP\/1\.1 404 /],
  ['another method', request('POST /metrics', 'content-length: 3\r\n'), /^HTTP\/1\.1 405 [^]*allow: GET/i],
  ['a method on another path', request('DELETE /'), /^HTTP\/1\.1 404 /],
  ['headers without end', request('GET /metrics', `x: ${'y'.repeat(20_000)}\r\n`), /^HTTP\/1\.1 431 /],
  ['what is no HTTP', '\u0016\u0003\u0001\u0000\u0000\r\n\r\n', /^HTTP\/1\.1 400 /],
];

for (const [what, bytes, expected] of REQUESTS) {
  t.test(`${what}: ${String(expected)}`, async (t) => {
    await using server = await serveMetrics(LOOPBACK, METRICS);
    t.match(await say(server.port, bytes), expected);
  });
}

t.test('the answer is the text, with its type', async (t) => {
  await using server = await serveMetrics(LOOPBACK, METRICS);
  const answer = await say(server.port, request('GET /metrics'));
  t.match(answer, /\r\ncontent-type: text\/plain; version=0\.0\.4\r\n/i);
  t.match(answer, /\r\n\r\nup 1\n$/);
});

t.test('metrics that cannot be made are a 500 that tells nothing', async (t) => {
  const text = (): Promise<string> => Promise.reject(new Error('at /secret/path'));
  await using server = await serveMetrics(LOOPBACK, { ...METRICS, text });
  const answer = await say(server.port, request('GET /metrics'));
  t.match(answer, /^HTTP\/1\.1 500 /);
  t.notMatch(answer, 'secret');
});

t.test('more connections than it takes are closed, and those that say nothing are as well', async (t) => {
  await using server = await serveMetrics(LOOPBACK, METRICS, { connections: 2, timeoutMs: 500 });
  const silent = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')];
  const ends = silent.map(allOf);
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  t.equal(await say(server.port, request('GET /metrics')), '', 'there is no room');
  t.match(await Promise.all(ends), [/^$|408/, /^$|408/], 'whoever says nothing is sent away');
  t.match(await say(server.port, request('GET /metrics')), /200/, 'and there is room again');
});

t.test('an address that is taken is said with what to do', async (t) => {
  await using server = await serveMetrics(LOOPBACK, METRICS);
  const second = serveMetrics({ host: '127.0.0.1', port: server.port }, METRICS);
  const error: unknown = await second.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  t.ok(error instanceof MeshproofError);
  t.match(error, { code: 'MPE_PORT_IN_USE', hint: /MESHPROOF_METRICS/ });
});

t.test('disposed of, it listens no longer, though somebody is connected', async (t) => {
  const server = await serveMetrics(LOOPBACK, METRICS);
  const socket = connect(server.port, '127.0.0.1');
  const ended = allOf(socket);
  await once(socket, 'connect');
  await server[Symbol.asyncDispose]();
  await ended;
  const refused = connect(server.port, '127.0.0.1');
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  t.equal(error.code, 'ECONNREFUSED');
});
