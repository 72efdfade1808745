import t from 'tap';
import type { Outcome } from '../../proto/outcome.ts';
import { OUR_ID, probeOnce } from '../support/probing.ts';
import { hang, sayAndClose, serveTcp } from '../support/servers/misbehaving.ts';
import { HTTP, TCP } from './zoo/animal.ts';

/** A busy machine wakes late. */
const MARGIN_MS = 1_000;

const answer = (status: string, headers: string, body: string): string =>
  `HTTP/1.1 ${status}\r\n${headers}content-length: ${String(body.length)}\r\n\r\n${body}`;

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
  t.ok(timings.totalMs >= 295 && timings.totalMs < 300 + MARGIN_MS, String(timings.totalMs));
});

t.test('a silence says how long it lasted', async (t) => {
  await using server = await serveTcp(hang);
  const outcome = await probeOnce(TCP, server.address);
  t.equal(outcome.kind, 'silent');
  if (outcome.kind === 'silent')
    t.ok(outcome.afterMs >= 295 && outcome.afterMs < 300 + MARGIN_MS, String(outcome.afterMs));
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
