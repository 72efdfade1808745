import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { startResponder } from '../../agent/responder.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { Address, HealthAction, HealthProbe } from '../../proto/vocabulary.ts';
import { issue } from '../support/certificates.ts';
import { FOREIGN, probeOnce } from '../support/probing.ts';
import { refusedAddress, reset, sayAndClose, serveTcp, serveTls } from '../support/servers/misbehaving.ts';

const HTTP_GET: HealthAction = {
  kind: 'httpGet',
  path: '/ready',
  scheme: 'HTTP',
  headers: [
    { name: 'Host', value: 'pay.internal' },
    { name: 'X-Check', value: 'yes' },
  ],
};

function health(action: HealthAction): HealthProbe {
  return { kind: 'health', container: 'app', check: 'readiness', variant: 'kubelet', action };
}

const check = (action: HealthAction, address: Address): Promise<Outcome> =>
  probeOnce(health(action), address, { dataPlane: 'host' });

t.test('statuses from 200 to 399 are healthy, all others are not', async (t) => {
  const cases: readonly (readonly [status: number, isHealthy: boolean])[] = [
    [200, true],
    [204, true],
    [302, true],
    [399, true],
    [400, false],
    [403, false],
    [404, false],
    [500, false],
    [503, false],
  ];
  for (const [status, isHealthy] of cases) {
    await using server = await serveTcp(sayAndClose(`HTTP/1.1 ${String(status)} X\r\ncontent-length: 3\r\n\r\nwhy`));
    const says = isHealthy
      ? { kind: 'reached', status }
      : { kind: 'refused', layer: 'application', signature: 'health-failed', status, detail: 'why' };
    // A 204 has no body; what follows it on the connection is not looked at.
    t.match(await check(HTTP_GET, server.address), says, String(status));
  }
});

t.test('a refusal by authorization is told from a failure of the application', async (t) => {
  const head = 'HTTP/1.1 403 Forbidden\r\nserver: istio-envoy\r\ncontent-length: 19\r\n\r\n';
  await using server = await serveTcp(sayAndClose(`${head}RBAC: access denied`));
  t.match(await check(HTTP_GET, server.address), { kind: 'refused', signature: 'rbac-denied', status: 403 });
});

t.test('the headers of the check are sent, its host in the place of ours', async (t) => {
  const received = Promise.withResolvers<string>();
  await using server = await serveTcp((socket, bytes) => {
    received.resolve(bytes.toString('latin1'));
    socket.end('HTTP/1.1 200 OK\r\n\r\n');
  });
  await check(HTTP_GET, server.address);
  const lines = (await received.promise).split('\r\n');
  t.equal(lines[0], 'GET /ready HTTP/1.1');
  t.strictSame(
    lines.filter((line) => line.toLowerCase().startsWith('host:')),
    ['host: pay.internal'],
  );
  t.ok(lines.includes('X-Check: yes'));
});

t.test('over HTTPS no certificate is verified', async (t) => {
  const { key, chain } = issue(FOREIGN, { dnsNames: ['whoever'] });
  await using server = await serveTls({ key, cert: chain }, (socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  const action = { ...HTTP_GET, scheme: 'HTTPS' } as const;
  t.match(await check(action, server.address), { kind: 'reached', transport: 'tls', status: 200 });
});

t.test('an unrewritten check into STRICT is reset, which is no answer of the check', async (t) => {
  await using server = await serveTcp(reset);
  t.match(await check(HTTP_GET, server.address), { kind: 'refused', layer: 'application', signature: 'reset' });
});

t.test('a TCP check is content with a connection', async (t) => {
  await using server = await serveTcp(reset);
  t.match(await check({ kind: 'tcpSocket' }, server.address), { kind: 'reached' });
  const nobody = await refusedAddress();
  t.match(await check({ kind: 'tcpSocket' }, nobody), {
    kind: 'refused',
    layer: 'tcp',
    signature: 'connection-refused',
  });
});

t.test('a gRPC check wants SERVING', async (t) => {
  const { signal } = new AbortController();
  const listeners = [{ address: { host: '127.0.0.1', port: 0 }, protocol: 'grpc', setsXfcc: false } as const];
  await using responder = await startResponder({ pod: 'a/b', listeners, signal });
  const [address = await refusedAddress()] = responder.addresses;
  t.match(await check({ kind: 'grpc', service: 'pay' }, address), { kind: 'reached', status: 0 });
});

t.test('a gRPC check that is answered otherwise has failed', async (t) => {
  const cases: readonly (readonly [what: string, grpcStatus: string, body: readonly number[], status: number])[] = [
    ['NOT_SERVING', '0', [0, 0, 0, 0, 2, 0x08, 0x02], 0],
    ['no message', '0', [], 0],
    ['unknown service', '5', [], 5],
    ['not implemented', '12', [], 12],
  ];
  for (const [what, grpcStatus, body, status] of cases) {
    const server = createServer();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => {
        stream.sendTrailers({ 'grpc-status': grpcStatus, 'grpc-message': 'so%20it%20is' });
      });
      stream.end(Buffer.from(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const outcome = await check({ kind: 'grpc', service: '' }, { host: '127.0.0.1', port });
    t.match(outcome, { kind: 'refused', signature: 'health-failed', status, detail: 'so it is' }, what);
    server.close();
  }
});
