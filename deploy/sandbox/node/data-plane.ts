/** The data plane of proxies that run in this process: what Envoy does on the wire, as far as probes can see. */
import { isDeepStrictEqual } from 'node:util';
import { addressText } from '../../../proto/vocabulary.ts';
import type { DataPlane, GatewayPlan, SidecarPlan } from '../data-plane.ts';
import { gatewayProxies } from './gateway.ts';
import { inboundProxies } from './inbound.ts';
import { listen, type Listener } from './listener.ts';
import { outboundProxy } from './outbound.ts';
import type { Proxy } from './proxy.ts';

interface Running {
  readonly facts: unknown;
  readonly listener: Listener;
}

/** Starts nothing yet. */
export function nodeDataPlane(): DataPlane {
  const running = new Map<string, Running>();
  const bring = async (proxy: Proxy): Promise<void> => {
    const { address, facts } = proxy;
    const key = addressText(address);
    const before = running.get(key);
    if (before === undefined) {
      running.set(key, { facts, listener: await listen(address, proxy.take()) });
    } else if (!isDeepStrictEqual(before.facts, facts)) {
      await before.listener.handOver(proxy.take());
      running.set(key, { ...before, facts });
    }
  };
  const change = async (
    sidecars: readonly SidecarPlan[],
    gateways: readonly GatewayPlan[],
    signal: AbortSignal,
  ): Promise<void> => {
    signal.throwIfAborted();
    const proxies = [
      ...sidecars.flatMap((plan) => [...inboundProxies(plan), outboundProxy(plan)]),
      ...gateways.flatMap(gatewayProxies),
    ].map(bring);
    // Those that listen must be known before the first failure is passed on, or they would stay.
    await Promise.allSettled(proxies);
    await Promise.all(proxies);
    signal.throwIfAborted();
  };
  return {
    start: change,
    change,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...running.values()].map(({ listener }) => listener[Symbol.asyncDispose]()));
      running.clear();
    },
  };
}
