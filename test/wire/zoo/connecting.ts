/** Servers that misbehave before a byte is said. */
import { refusedAddress, serveOnConnect } from '../../support/servers/misbehaving.ts';
import { serveUnaccepting } from '../../support/servers/unaccepting.ts';
import { GRPC, HTTP, MTLS, refused, silent, TCP } from './animal.ts';
import type { Animal, Stage } from './animal.ts';

const PROBES = [HTTP, TCP, GRPC, MTLS];

async function nobody(): Promise<Stage> {
  return { address: await refusedAddress(), [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Where our first bytes meet the end, the layer is the one that had begun. */
const layerOf = (kind: string): string => (kind === 'mtls' ? 'tls' : 'application');

export const CONNECTING: readonly Animal[] = PROBES.flatMap((probe): readonly Animal[] => [
  {
    name: `${probe.kind}: nothing listens`,
    probe,
    serve: nobody,
    says: refused('tcp', 'connection-refused'),
  },
  {
    name: `${probe.kind}: never accepts, for the backlog is full`,
    probe,
    serve: serveUnaccepting,
    settings: { connectTimeoutMs: 150 },
    says: silent('tcp'),
    ...(process.platform !== 'linux' && { skip: 'other systems than Linux fill a backlog otherwise' }),
  },
  {
    name: `${probe.kind}: resets as soon as it has accepted`,
    probe,
    serve: () => serveOnConnect((socket) => socket.resetAndDestroy()),
    says: { kind: 'refused', signature: 'reset' },
  },
  {
    name: `${probe.kind}: closes as soon as it has accepted`,
    probe,
    serve: () => serveOnConnect((socket) => socket.resume().end()),
    says: refused(layerOf(probe.kind), 'closed'),
  },
  {
    name: `${probe.kind}: accepts and says nothing`,
    probe,
    serve: () => serveOnConnect((socket) => socket.resume()),
    isLasting: true,
    says: silent(layerOf(probe.kind)),
  },
]);
