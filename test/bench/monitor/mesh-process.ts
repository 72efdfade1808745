/** What both sides monitor, in a process of its own: STRICT ports as sidecars have them, plaintext ports, and the mesh's CA. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { KeyAndChain } from '../../../deploy/sandbox/ca/certificate-authority.ts';
import { createRoot, validFor } from '../../../deploy/sandbox/ca/mesh-root.ts';
import { startAuthority } from '../../../deploy/sandbox/ca/start-authority.ts';
import { inspectHello } from '../../../deploy/sandbox/node/client-hello.ts';
import { peek } from '../../../deploy/sandbox/node/peek.ts';
import { terminateTls, tlsServer } from '../../../deploy/sandbox/node/terminate-tls.ts';
import type { TlsServer } from '../../../deploy/sandbox/node/terminate-tls.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import { spiffeId } from '../../../proto/vocabulary.ts';
import { freePort } from '../frame/peer.ts';
import { answerQuestions } from '../frame/worker.ts';
import { PROBER, TARGET_ID, TRUST_DOMAIN } from './declared.ts';
import type { Scale } from './scale.ts';

export interface BenchMesh {
  /** In the order of their declaration, each at an address of its own. */
  readonly meshed: readonly Address[];
  readonly outside: readonly Address[];
  readonly authority: Address;
  readonly rootPem: string;
  /** With which our prober asks the authority for its certificate. */
  readonly proberToken: string;
  /** For those who do not ask: a certificate of our prober's name, and one of a CA that the mesh does not know. */
  readonly trusted: KeyAndChain;
  readonly untrusted: KeyAndChain;
}

/** In the targets' certificate, for those who check a host name. */
export const TARGET_NAME = 'target.bench';

const LIFE_MS = 3_600_000;
const { namespace, serviceAccount } = PROBER.vantage;
const PROBER_ID = spiffeId(TRUST_DOMAIN, namespace, serviceAccount);

const http = createHttpServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 2 });
  response.end('ok');
});

answerQuestions(async ({ meshed, outside }: Pick<Scale, 'meshed' | 'outside'>): Promise<BenchMesh> => {
  const nowMs = Date.now();
  const address = { host: '127.0.0.1', port: await freePort() };
  const authority = await startAuthority({ address, trustDomain: TRUST_DOMAIN, nowMs: Date.now });
  const { rootPem, root } = authority;
  const validity = validFor(LIFE_MS, nowMs);
  const strict = tlsServer({ ...root.issue([TARGET_ID, TARGET_NAME], validity), root: rootPem }, TRUST_DOMAIN);
  return {
    meshed: await listenEverywhere(43, meshed, (socket) => void takeStrict(socket, strict)),
    outside: await listenEverywhere(44, outside, (socket) => http.emit('connection', socket)),
    authority: address,
    rootPem,
    proberToken: authority.issueToken(namespace, serviceAccount),
    trusted: root.issue([PROBER_ID], validity),
    untrusted: createRoot('Unknown', nowMs).issue([PROBER_ID], validity),
  };
});

/** A STRICT port: what is not TLS meets no filter chain and is reset, who has no good certificate gets Envoy's alert. */
async function takeStrict(raw: Socket, server: TlsServer): Promise<void> {
  raw.on('error', () => raw.destroy());
  const hello = await peek(raw, (bytes) => {
    const found = inspectHello(bytes);
    return found.kind === 'incomplete' ? undefined : found;
  });
  if (hello?.kind !== 'client-hello') {
    raw.resetAndDestroy();
    return;
  }
  const terminated = await terminateTls(raw, server, hello.alpn);
  if (terminated !== undefined) http.emit('connection', terminated.socket);
}

/** On the first host any free port, on the others the same. */
async function listenEverywhere(
  block: number,
  hosts: number,
  take: (socket: Socket) => void,
): Promise<readonly Address[]> {
  const listening: Address[] = [];
  let port = 0;
  for (let index = 0; index < hosts; index += 1) {
    const host = `127.${String(block)}.${String(index >> 8)}.${String(index & 255)}`;
    const server = createServer(take);
    server.listen({ host, port });
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    listening.push({ host, port });
  }
  return listening;
}
