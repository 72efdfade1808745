/** Vocabulary to generated messages and back; all that agent and controller need to talk in their own words. */
import type * as wire from './gen/meshproof/v1/session.ts';
import type { Address, PlannedRoute, Vantage } from './vocabulary.ts';
import { DATA_PLANES, wordOf } from './wire-words.ts';
import { probeFromWire, probeToWire } from './wire-probes.ts';

export { batchFromWire, batchToWire } from './wire-outcomes.ts';
export type { Batch } from './wire-outcomes.ts';
export { fitnessFromWire, fitnessToWire } from './wire-fitness.ts';
export type { Fitness } from './wire-fitness.ts';
export { probeFromWire, probeToWire } from './wire-probes.ts';

/** Version of the session protocol that this software speaks; goes into Hello. */
export const PROTOCOL = 1;

/** What no plan has any use for, and what would keep an agent busy or waiting for ever. */
const MAX_ATTEMPTS = 10_000;
const MAX_TIMEOUT_MS = 600_000;

/** No message of the session is larger. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** A route of a plan as it came over the wire: usable, or of a kind that this software does not know. */
export type ReceivedRoute =
  | { readonly kind: 'planned'; readonly planned: PlannedRoute }
  | {
      readonly kind: 'unsupported';
      readonly route: number;
      readonly slot: number;
      readonly attempts: number;
      readonly why: string;
    };

export function vantageToWire(vantage: Vantage): wire.Vantage {
  const { namespace, serviceAccount, dataPlane, node = '' } = vantage;
  return { namespace, serviceAccount, dataPlane: DATA_PLANES[dataPlane], node };
}

/** Null where the vantage is missing or its data plane is not a known one: such an agent cannot be placed. */
export function vantageFromWire(message: wire.Vantage | undefined): Vantage | null {
  if (message === undefined) return null;
  const dataPlane = wordOf(DATA_PLANES, message.dataPlane);
  if (dataPlane === undefined) return null;
  const { namespace, serviceAccount, node } = message;
  return { namespace, serviceAccount, dataPlane, ...(node !== '' && { node }) };
}

export function routeToWire(planned: PlannedRoute): wire.PlannedRoute {
  return {
    ...planned,
    probe: probeToWire(planned.probe),
    addresses: planned.addresses.map((address) => ({ ...address })),
    peerIdentities: [...planned.peerIdentities],
  };
}

/** Never throws: a route that a newer controller words in a way unknown here comes back as `unsupported`. */
export function routeFromWire(message: wire.PlannedRoute): ReceivedRoute {
  const { route, slot, authority, serverName, peerIdentities, connectTimeoutMs, timeoutMs, intervalMs } = message;
  const attempts = Math.min(MAX_ATTEMPTS, Math.max(1, message.attempts));
  const probe = probeFromWire(message.probe);
  if (probe === undefined)
    return { kind: 'unsupported', route, slot, attempts, why: 'the probe is of an unknown kind' };
  const fault = faultOf(message);
  if (fault !== undefined) return { kind: 'unsupported', route, slot, attempts, why: fault };
  const addresses: Address[] = message.addresses.map(({ host, port }) => ({ host, port }));
  const planned = { route, slot, probe, addresses, authority, serverName, peerIdentities };
  return { kind: 'planned', planned: { ...planned, connectTimeoutMs, timeoutMs, attempts, intervalMs } };
}

function faultOf(message: wire.PlannedRoute): string | undefined {
  if (message.addresses.length === 0) return 'the route has no address';
  if (message.addresses.some(({ port }) => port < 1 || port > 65_535)) return 'the route has an address without a port';
  if (message.timeoutMs === 0 || message.connectTimeoutMs === 0) return 'the route has no deadline';
  if (Math.max(message.timeoutMs, message.connectTimeoutMs) > MAX_TIMEOUT_MS) return 'the deadline is too far off';
  if (message.attempts > MAX_ATTEMPTS) return 'the route has too many attempts';
  return undefined;
}
