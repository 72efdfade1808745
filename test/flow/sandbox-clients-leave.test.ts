/** Whichever way a client leaves, and whenever: a Node proxy lets go of its connection, and of the one behind it. */
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import t from 'tap';
import { nodeDataPlane } from '../../deploy/sandbox/node/data-plane.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { capturedHttp } from '../support/captured-calls.ts';
import { MODES, PROTOCOLS, startRig } from '../support/mesh-rig.ts';
import { HTTP_REQUEST } from '../support/raw-client.ts';
import { issueRigCertificates } from '../support/rig-certificates.ts';

/** Of each kind; what a proxy forgets to close stays for ever. */
const CLIENTS_EACH = 3;
const SETTLES_WITHIN_MS = 5_000;

const PARTIAL = 'GET / HT';
const H2_SETTINGS = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';

const LEAVES: Readonly<Record<string, (socket: Socket) => void>> = {
  'at once': (socket) => socket.destroy(),
  'at once, in order': (socket) => socket.end(),
  'in the middle of a request': (socket) => socket.write(PARTIAL, () => socket.destroy()),
  'in the middle of a request, in order': (socket) => socket.end(PARTIAL),
  'without waiting for the answer': (socket) => socket.write(HTTP_REQUEST, () => socket.destroy()),
  'with the answer': (socket) => socket.once('data', () => socket.destroy()).write(HTTP_REQUEST),
  'with the answer, in order': (socket) => socket.once('data', () => socket.end()).write(HTTP_REQUEST),
  'before its first HTTP/2 stream': (socket) => socket.write(H2_SETTINGS, () => socket.destroy()),
  'before its first HTTP/2 stream, in order': (socket) => socket.end(H2_SETTINGS),
};

const { pods, clients } = issueRigCertificates(Date.now());
const { valid, 'untrusted-ca': untrusted } = clients;

const TRANSPORTS: Readonly<Record<string, (to: Address, ready: (socket: Socket) => void) => Socket>> = {
  plaintext: (to, ready) => {
    const socket = connectTcp(to);
    return socket.once('connect', () => {
      ready(socket);
    });
  },
  'TLS 1.2': tlsClient({ key: valid.key, cert: valid.chain, maxVersion: 'TLSv1.2' }),
  'TLS 1.3': tlsClient({ key: valid.key, cert: valid.chain, minVersion: 'TLSv1.3' }),
  'TLS 1.3 with a bad certificate': tlsClient({ key: untrusted.key, cert: untrusted.chain, minVersion: 'TLSv1.3' }),
};

function tlsClient(options: ConnectionOptions) {
  return (to: Address, ready: (socket: Socket) => void): Socket => {
    const socket = connectTls({ ...to, ...options, rejectUnauthorized: false, ALPNProtocols: ['istio', 'http/1.1'] });
    return socket.once('secureConnect', () => {
      ready(socket);
    });
  };
}

/** Both ends are in this process. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

/** How many sockets stay open, besides those before, when everybody had the time to close. */
async function left(before: number): Promise<number> {
  const untilMs = performance.now() + SETTLES_WITHIN_MS;
  while (openSockets() > before && performance.now() < untilMs) await turn();
  return openSockets() - before;
}

for (const protocol of PROTOCOLS) {
  for (const mode of MODES) {
    t.test(`nothing stays of those who leave a ${protocol} port of mode ${mode}`, async (t) => {
      await using rig = await startRig(nodeDataPlane(), { certificates: pods });
      for (const [transport, connect] of Object.entries(TRANSPORTS)) {
        for (const [when, leave] of Object.entries(LEAVES)) {
          const before = openSockets();
          for (let client = 0; client < CLIENTS_EACH; client += 1) {
            connect(rig.port(protocol, mode), leave)
              .on('error', () => undefined)
              .resume();
          }
          await turn();
          t.equal(await left(before), 0, `${transport}, ${when}`);
        }
      }
    });
  }
}

t.test('nothing stays of calls whose server the sidecar refuses', async (t) => {
  const other = { tls: 'istio-mutual', identities: ['spiffe://cluster.local/ns/foo/sa/other'] } as const;
  const services = MODES.map((server) => ({ protocol: 'http', server, ...other }) as const);
  await using rig = await startRig(nodeDataPlane(), { certificates: pods, services });
  for (const destination of rig.virtualAddresses) {
    const before = openSockets();
    t.match(await capturedHttp(rig.capture, destination), /^503 /);
    t.equal(await left(before), 0);
  }
});
