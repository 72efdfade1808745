/** The data plane of proxies that run in this process: what Envoy does on the wire, as far as probes can see. */
import type { DataPlane } from '../data-plane.ts';
import { serveGateway } from './gateway.ts';
import { serveInbound } from './inbound.ts';
import { serveOutbound } from './outbound.ts';

/** Starts nothing yet. */
export function nodeDataPlane(): DataPlane {
  const running = new AsyncDisposableStack();
  return {
    start: async (sidecars, gateways, signal) => {
      signal.throwIfAborted();
      const listeners = [
        ...sidecars.flatMap((plan) => [...serveInbound(plan), serveOutbound(plan)]),
        ...gateways.flatMap(serveGateway),
      ];
      // Those that listen must be known before the first failure is passed on, or they would stay.
      await Promise.allSettled(listeners.map(async (listener) => running.use(await listener)));
      await Promise.all(listeners);
      signal.throwIfAborted();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
