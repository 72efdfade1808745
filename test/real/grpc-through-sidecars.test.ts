/** HTTP/2 from app to app through two sidecars: it stays HTTP/2, and the identity arrives, on both data planes. */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import t from 'tap';
import { proxyHeader } from '../../agent/proxy-header.ts';
import { startResponder } from '../../agent/responder.ts';
import { parseStatement, STATEMENT_HEADER } from '../../agent/witness.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { dataPlanes } from '../support/data-planes.ts';
import { CLIENT_ID, startRig } from '../support/mesh-rig.ts';
import type { RigService } from '../support/mesh-rig.ts';
import { issueRigCertificates } from '../support/rig-certificates.ts';

const { pods } = issueRigCertificates(Date.now());

const SERVICES: readonly RigService[] = [
  { protocol: 'http', server: 'STRICT', tls: 'istio-mutual' },
  { protocol: 'http', server: 'PERMISSIVE', tls: 'plaintext' },
  { protocol: 'auto', server: 'STRICT', tls: 'istio-mutual' },
  { protocol: 'http', server: 'STRICT', tls: 'plaintext' },
];

for (const dataPlane of dataPlanes()) {
  t.test(
    `on ${dataPlane.title} a gRPC call arrives as one, with the caller where TLS was mutual`,
    dataPlane.options,
    async (t) => {
      const listener = { address: { host: '127.0.0.1', port: 0 }, protocol: 'grpc', setsXfcc: true } as const;
      await using app = await startResponder({
        pod: 'foo/t',
        listeners: [listener],
        signal: new AbortController().signal,
      });
      const [address] = app.addresses;
      if (address === undefined) throw new Error('the app does not listen');
      await using rig = await startRig(dataPlane.create(), { certificates: pods, services: SERVICES, app: address });
      const answers = await Promise.all(rig.virtualAddresses.map((to) => healthCheck(rig.capture, to)));
      t.strictSame(answers, [
        `answered, caller ${CLIENT_ID}`,
        'answered, caller null',
        `answered, caller ${CLIENT_ID}`,
        'grpc-status 14',
      ]);
    },
  );
}

async function healthCheck(capture: Address, destination: Address): Promise<string> {
  const socket = connectTcp(capture.port, capture.host);
  socket.write(proxyHeader({ host: '127.0.0.1', port: 40_000 }, destination));
  const session = connectHttp2('http://t.foo', { createConnection: () => socket });
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'x-meshproof-attempt': 'token',
  });
  stream.end(Buffer.alloc(5));
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  session.destroy();
  const statement = parseStatement(String(headers[STATEMENT_HEADER] ?? ''), 'token');
  if (statement === undefined) return `grpc-status ${String(headers['grpc-status'])}`;
  return `answered, caller ${String(statement.caller)}`;
}
