import t from 'tap';
import type { Outcome, Probe } from '../../proto/vocabulary.ts';
import { OUR_ID, probeOnce } from '../support/probing.ts';
import {
  close,
  hang,
  refusedAddress,
  reset,
  say,
  sayAndClose,
  sayForever,
  serveOnConnect,
  serveTcp,
} from '../support/servers/misbehaving.ts';
import type { Behaviour } from '../support/servers/misbehaving.ts';

const HTTP: Probe = { kind: 'http', method: 'GET', path: '/' };
const TCP: Probe = { kind: 'tcp' };
const GRPC: Probe = { kind: 'grpc' };

const refused = (layer: string, signature: string): object => ({ kind: 'refused', layer, signature });
const ENVOY = 'server: istio-envoy\r\n';
const answer = (status: string, headers: string, body: string): string =>
  `HTTP/1.1 ${status}\r\n${headers}content-length: ${String(body.length)}\r\n\r\n${body}`;

interface Case {
  readonly server: string;
  readonly behaves: Behaviour;
  readonly probe: Probe;
  readonly says: object;
}

const RESET = refused('application', 'reset');
const CLOSED = refused('application', 'closed');
const SILENT = { kind: 'silent', layer: 'application' };
const NOT_IT = refused('application', 'not-the-protocol');

const CASES: readonly Case[] = [
  { server: 'resets after the first bytes', behaves: reset, probe: HTTP, says: RESET },
  { server: 'resets after the first bytes', behaves: reset, probe: TCP, says: RESET },
  { server: 'resets after the first bytes', behaves: reset, probe: GRPC, says: RESET },
  { server: 'closes after the first bytes', behaves: close, probe: HTTP, says: CLOSED },
  { server: 'closes after the first bytes', behaves: close, probe: TCP, says: CLOSED },
  { server: 'closes after the first bytes', behaves: close, probe: GRPC, says: CLOSED },
  { server: 'says nothing', behaves: hang, probe: HTTP, says: SILENT },
  { server: 'says nothing', behaves: hang, probe: TCP, says: SILENT },
  { server: 'says nothing', behaves: hang, probe: GRPC, says: SILENT },
  { server: 'answers with another protocol', behaves: say('SSH-2.0-x\r\n'), probe: HTTP, says: NOT_IT },
  { server: 'answers with another protocol', behaves: say('SSH-2.0-x\r\n'), probe: GRPC, says: NOT_IT },
  {
    server: 'answers with its own protocol',
    behaves: say('+PONG\r\n'),
    probe: TCP,
    says: { kind: 'reached', transport: 'plaintext' },
  },
  { server: 'begins a head and never ends it', behaves: say('HTTP/1.1 200 OK\r\nx: '), probe: HTTP, says: SILENT },
  { server: 'begins a head and closes', behaves: sayAndClose('HTTP/1.1 200 OK\r\nx: '), probe: HTTP, says: CLOSED },
  {
    server: 'answers and never ends the body',
    behaves: say('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'),
    probe: HTTP,
    says: { kind: 'reached', status: 200 },
  },
  {
    server: 'sends a body without end',
    behaves: sayForever('x'.repeat(8192), 'HTTP/1.1 500 Oh\r\n\r\n'),
    probe: HTTP,
    says: { kind: 'reached', status: 500 },
  },
  {
    server: 'sends interim answers without end',
    behaves: sayForever('HTTP/1.1 103 Early\r\n\r\n'),
    probe: HTTP,
    says: NOT_IT,
  },
  {
    server: 'sends headers without end',
    behaves: sayForever('x: yyyyyyyyyyyyyyyy\r\n', 'HTTP/1.1 200 OK\r\n'),
    probe: HTTP,
    says: NOT_IT,
  },
  { server: 'sends bytes without end', behaves: sayForever('x'.repeat(8192)), probe: TCP, says: { kind: 'reached' } },
  {
    server: 'is an HTTP proxy that cannot read this',
    behaves: sayAndClose(answer('400 Bad Request', ENVOY, 'Bad Request')),
    probe: TCP,
    says: { ...refused('application', 'bad-request'), status: 400 },
  },
  {
    server: 'is an HTTP app that cannot read this',
    behaves: sayAndClose('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    probe: TCP,
    says: { kind: 'reached', status: 400 },
  },
  {
    server: 'denies by policy',
    behaves: say(answer('403 Forbidden', ENVOY, 'RBAC: access denied')),
    probe: HTTP,
    says: { ...refused('application', 'rbac-denied'), status: 403 },
  },
  {
    server: 'is an app that forbids',
    behaves: say(answer('403 Forbidden', '', 'no')),
    probe: HTTP,
    says: { kind: 'reached', status: 403 },
  },
];

for (const { server, behaves, probe, says } of CASES) {
  t.test(`${probe.kind} against a server that ${server}`, async (t) => {
    await using listening = await serveTcp(behaves);
    t.match(await probeOnce(probe, listening.address), says);
  });
}

t.test('nothing listens: refused at tcp', async (t) => {
  const address = await refusedAddress();
  for (const probe of [HTTP, TCP, GRPC]) {
    t.match(await probeOnce(probe, address), refused('tcp', 'connection-refused'), probe.kind);
  }
});

t.test('a server that speaks first and then resets has answered a TCP probe, but not an HTTP one', async (t) => {
  await using server = await serveTcp((socket) => {
    socket.write('busy\r\n', () => socket.end());
  });
  t.match(await probeOnce(TCP, server.address), { kind: 'reached' });
  t.match(await probeOnce(HTTP, server.address), NOT_IT);
});

t.test('a reset right after the connection was accepted is seen as one', async (t) => {
  await using server = await serveOnConnect((socket) => {
    socket.resetAndDestroy();
  });
  t.match(await probeOnce(HTTP, server.address), { kind: 'refused', signature: 'reset' });
});

t.test('a name that is not found is told from one that does not answer', async (t) => {
  const outcome = await probeOnce(HTTP, { host: 'no-such-name.invalid', port: 80 }, { timeoutMs: 2_000 });
  t.match(outcome, { kind: 'refused', layer: 'dns', signature: /^name-(not-found|lookup-failed)$/ });
});

t.test('the deadline holds to the end of a body that trickles, and the answer counts', async (t) => {
  await using server = await serveTcp((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n');
    const timer = setInterval(() => socket.write('x'), 20);
    socket.once('close', () => {
      clearInterval(timer);
    });
  });
  const outcome = await probeOnce(HTTP, server.address);
  t.match(outcome, { kind: 'reached', status: 200 });
  const { timings } = outcome as Extract<Outcome, { kind: 'reached' }>;
  t.ok(timings.totalMs >= 295 && timings.totalMs < 400, String(timings.totalMs));
});

t.test('a silence says how long it lasted', async (t) => {
  await using server = await serveTcp(hang);
  const outcome = await probeOnce(TCP, server.address);
  t.equal(outcome.kind, 'silent');
  if (outcome.kind === 'silent') t.ok(outcome.afterMs >= 295 && outcome.afterMs < 400, String(outcome.afterMs));
});

t.test('a cancelled attempt is untested', async (t) => {
  await using server = await serveTcp(hang);
  const cancel = new AbortController();
  const attempt = probeOnce(HTTP, server.address, { signal: cancel.signal });
  cancel.abort();
  t.match(await attempt, { kind: 'untested', why: 'cancelled' });
  t.match(await probeOnce(HTTP, server.address, { signal: cancel.signal }), { kind: 'untested', why: 'cancelled' });
});

t.test('a redirect is an answer like any other and is not followed', async (t) => {
  let requests = 0;
  await using server = await serveTcp((socket) => {
    requests += 1;
    socket.end('HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n');
  });
  t.match(await probeOnce(HTTP, server.address), { kind: 'reached', status: 302 });
  t.equal(requests, 1);
});

t.test('the request says who sends it, for which attempt, and to whom', async (t) => {
  const received = Promise.withResolvers<string>();
  await using server = await serveTcp((socket, bytes) => {
    received.resolve(bytes.toString('latin1'));
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  await probeOnce({ kind: 'http', method: 'POST', path: '/admin' }, server.address);
  t.strictSame((await received.promise).split('\r\n'), [
    'POST /admin HTTP/1.1',
    'host: pay.shop.svc.cluster.local:8080',
    'user-agent: meshproof/0.1.0',
    'x-meshproof-attempt: token-1',
    'connection: close',
    '',
    '',
  ]);
});

t.test('what is proved of the transport', async (t) => {
  const statement = { pod: 'shop/pay', token: 'token-1', caller: null, isProof: true, behindProxy: true };
  const cases: readonly (readonly [
    what: string,
    from: 'naked' | 'sidecar',
    witness: object | null,
    transport: string,
  ])[] = [
    ['naked, no witness: our own bytes', 'naked', null, 'plaintext'],
    ['meshed, no witness', 'sidecar', null, 'unproved'],
    ['meshed, a caller is vouched for', 'sidecar', { ...statement, caller: OUR_ID }, 'mtls'],
    ['meshed, a proxy vouches that there is none', 'sidecar', statement, 'plaintext'],
    ['meshed, a proxy that vouches for nothing', 'sidecar', { ...statement, isProof: false }, 'unproved'],
    [
      'meshed, no proxy before the witness',
      'sidecar',
      { ...statement, isProof: false, behindProxy: false },
      'plaintext',
    ],
    ['a witness of another attempt', 'sidecar', { ...statement, token: 'x', caller: OUR_ID }, 'unproved'],
    ['naked through a gateway', 'naked', { ...statement, caller: OUR_ID }, 'mtls'],
  ];
  for (const [what, dataPlane, witness, transport] of cases) {
    const body = witness === null ? 'hello' : JSON.stringify(witness);
    await using server = await serveTcp(sayAndClose(answer('200 OK', 'x-meshproof-witness: 1\r\n', body)));
    t.match(await probeOnce(HTTP, server.address, { dataPlane }), { kind: 'reached', transport }, what);
  }
});
