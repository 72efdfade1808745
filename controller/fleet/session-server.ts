/** Where agents dial in: the gRPC server of the session protocol, over TLS. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { SessionService } from '../../proto/gen/meshproof/v1/session.ts';
import type { SessionServer as Service } from '../../proto/gen/meshproof/v1/session.ts';
import { MeshproofError } from '../../proto/errors.ts';
import { addressText } from '../../proto/vocabulary.ts';
import type { Address } from '../../proto/vocabulary.ts';
import '../../proto/http2-lifetimes.ts';
import { MAX_MESSAGE_BYTES } from '../../proto/wire.ts';
import type { ServingCertificate } from './serving-certificate.ts';
import { Session } from './session.ts';
import type { SessionDeps } from './session.ts';

/**
 * Pings find half-open connections, which would else stand until the machine's TCP gives up. Channelz stays on: without it
 * grpc-js 1.14 forgets its sessions, and forceShutdown ends no stream.
 */
const OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_concurrent_streams': 16,
} as const;

export interface RunningServer extends AsyncDisposable {
  /** Where it listens; the port is the real one. */
  readonly address: Address;
}

/** `listen.port` 0: any free one. Rejects with MPE_PORT_IN_USE. Streams that still stand at disposal are cut. */
export async function startSessionServer(
  deps: SessionDeps,
  certificate: ServingCertificate,
  listen: Address,
): Promise<RunningServer> {
  const server = new Server(OPTIONS);
  const implementation: Service = {
    connect: (call) => {
      new Session(call, deps);
    },
  };
  server.addService(SessionService, implementation);
  const pair = { private_key: Buffer.from(certificate.key), cert_chain: Buffer.from(certificate.certificate) };
  const credentials = ServerCredentials.createSsl(null, [pair], false);
  const port = await bind(server, listen, credentials);
  return {
    address: { host: listen.host, port },
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

function bind(server: Server, address: Address, credentials: ServerCredentials): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const place = addressText(address);
  server.bindAsync(place, credentials, (error, bound) => {
    if (error === null) resolve(bound);
    else reject(new MeshproofError('MPE_PORT_IN_USE', `cannot listen for agents on ${place}`, { cause: error }));
  });
  return promise;
}
