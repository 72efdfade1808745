/** The target of all probers alike: HTTP and gRPC health, each in plaintext and over TLS that demands a certificate. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, createServer as createHttp2Server } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { TestCertificate } from '../../support/certificates.ts';
import { answerQuestions } from '../frame/worker.ts';
import { TARGET_HOSTS } from './transport.ts';
import type { TargetPorts, Transport } from './transport.ts';

export interface TargetQuestion {
  readonly certificate: TestCertificate;
  readonly rootPem: string;
}

/** grpc.health.v1.HealthCheckResponse {status: SERVING}, uncompressed, with its length. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);

function answerHttp(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 2 });
  response.end('ok');
}

function answerGrpc(stream: ServerHttp2Stream): void {
  stream.on('error', () => stream.destroy());
  stream.resume();
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': '0' });
  });
  stream.end(SERVING);
}

answerQuestions(async ({ certificate: { key, chain }, rootPem }: TargetQuestion): Promise<TargetPorts> => {
  // Curves are Envoy's default: what a mesh would choose is compared, not what OpenSSL prefers.
  const ecdhCurve = 'X25519:P-256';
  const tls = { key, cert: chain, ca: rootPem, ecdhCurve, requestCert: true, rejectUnauthorized: true };
  const servers: Readonly<Record<Transport, () => Server>> = {
    http: () => createHttpServer(answerHttp),
    mtls: () => createHttpsServer(tls, answerHttp),
    grpc: () => createHttp2Server().on('stream', answerGrpc),
    'grpc-mtls': () => createSecureServer(tls).on('stream', answerGrpc),
  };
  return {
    http: await listenEverywhere(servers.http),
    mtls: await listenEverywhere(servers.mtls),
    grpc: await listenEverywhere(servers.grpc),
    'grpc-mtls': await listenEverywhere(servers['grpc-mtls']),
  };
});

/** On the first host any free port, on the others the same. */
async function listenEverywhere(serverOf: () => Server): Promise<number> {
  let port = 0;
  for (const host of TARGET_HOSTS) {
    const server = serverOf();
    server.listen({ host, port, backlog: 1024 });
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }
  return port;
}
