/** Where everything of a sandbox is on loopback: pods, the apps behind their proxies, virtual service addresses. */
import type { Address } from '../../proto/vocabulary.ts';
import { claimAddresses, type AddressMode, type AddressBlock } from './address-block.ts';
import { endpointPods, isMeshed, podsOf, portsOf, type RealityPod } from './pods.ts';
import type { Reality } from './reality.ts';

export interface SandboxEndpoint {
  /** `namespace/pod`. */
  readonly pod: string;
  readonly address: Address;
}

/** The addresses that callers use. They stay the same for the sandbox's whole life. */
export interface SandboxNetwork {
  /** Where a caller dials a pod's port. A port that nothing serves gets an address that refuses. Undefined: no such pod. */
  readonly podAddress: (podKey: string, port: number) => Address | undefined;
  /** A Service's virtual address: captured traffic names it; nothing listens there. Undefined: no such service or port. */
  readonly serviceAddress: (serviceKey: string, port: number) => Address | undefined;
  /** The pods behind a service port, in the order of the file. Empty: no such service or port, or no endpoints. */
  readonly endpointsOf: (serviceKey: string, port: number) => readonly SandboxEndpoint[];
  /** All that there is to know of it: `networkOf` makes the same network of it in another process. */
  readonly map: NetworkMap;
}

/** Plain JSON. */
export interface NetworkMap {
  /** By `namespace/pod`: addresses by port, and the one that stands for all other ports, which refuses. */
  readonly pods: Readonly<
    Record<string, { readonly ports: Readonly<Record<string, Address>>; readonly unserved: Address }>
  >;
  /** By `namespace/service`, then by port. */
  readonly services: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly virtual: Address; readonly endpoints: readonly SandboxEndpoint[] }>>
    >
  >;
}

/** The addresses that the sandbox itself needs besides. */
export interface InnerNetwork extends SandboxNetwork, AsyncDisposable {
  /** Where the app listens: behind its proxy where the port is captured, on the pod's own address otherwise. */
  readonly appAddress: (podKey: string, port: number) => Address;
  /** Where a sidecar pod's own outbound traffic enters. */
  readonly captureAddress: (podKey: string) => Address;
  readonly certificateService: Address;
}

/** Ports of the sidecar on the pod's own address (istio: pkg/config/constants, status port 15020, readiness 15021). */
export const STATUS_PORT = 15020;
export const READINESS_PORT = 15021;
const CAPTURE_PORT = 15001;
const CERTIFICATE_PORT = 15012;

/**
 * Claims a block of loopback addresses that no other sandbox of this machine has, and lays the reality's pods and
 * services out in it. Throws MPE_PORT_IN_USE when no block is free.
 */
export async function openNetwork(reality: Reality, mode?: AddressMode): Promise<InnerNetwork> {
  const pods = podsOf(reality);
  const block = await claimAddresses(mode);
  try {
    return await layOut(reality, pods, block);
  } catch (error) {
    await block[Symbol.asyncDispose]();
    throw error;
  }
}

export function networkOf(map: NetworkMap): SandboxNetwork {
  const portOf = (service: string, port: number): NetworkMap['services'][string][string] | undefined =>
    map.services[service]?.[String(port)];
  return {
    map,
    podAddress: (podKey, port) => {
      const pod = map.pods[podKey];
      return pod?.ports[String(port)] ?? pod?.unserved;
    },
    serviceAddress: (service, port) => portOf(service, port)?.virtual,
    endpointsOf: (service, port) => portOf(service, port)?.endpoints ?? [],
  };
}

async function layOut(reality: Reality, pods: readonly RealityPod[], block: AddressBlock): Promise<InnerNetwork> {
  const addresses: Record<string, NetworkMap['pods'][string]> = {};
  const appAddresses = new Map<string, Address>();
  const captures = new Map<string, Address>();
  const certificateService = await block.reserve('infra', 0, CERTIFICATE_PORT);
  for (const [index, pod] of pods.entries()) {
    const ports: Record<string, Address> = {};
    for (const port of [...portsOf(pod), ...(isMeshed(pod) ? [STATUS_PORT, READINESS_PORT] : [])]) {
      ports[String(port)] = await block.reserve('pod', index, port);
    }
    addresses[pod.key] = { ports, unserved: block.unserved('pod', index, 0) };
    for (const [port, entry] of pod.ports) {
      const isCaptured = isMeshed(pod) && entry.mode !== 'uncaptured';
      const listen = ports[String(port)];
      const app = isCaptured || listen === undefined ? await block.reserve('app', index, port) : listen;
      appAddresses.set(at(pod.key, port), app);
    }
    if (isMeshed(pod)) captures.set(pod.key, await block.reserve('app', index, CAPTURE_PORT));
  }
  const podIndex = new Map(pods.map((pod, index) => [pod.key, index]));
  return {
    ...networkOf({ pods: addresses, services: layOutServices(reality, pods, addresses, block) }),
    appAddress: (podKey, port) =>
      appAddresses.get(at(podKey, port)) ?? block.unserved('app', podIndex.get(podKey) ?? 0, port),
    captureAddress: (podKey) => captures.get(podKey) ?? block.unserved('app', podIndex.get(podKey) ?? 0, CAPTURE_PORT),
    certificateService,
    [Symbol.asyncDispose]: () => block[Symbol.asyncDispose](),
  };
}

function layOutServices(
  reality: Reality,
  pods: readonly RealityPod[],
  addresses: NetworkMap['pods'],
  block: AddressBlock,
): NetworkMap['services'] {
  const layOutPort = (index: number, endpoints: readonly string[], port: string, targetPort: number) => ({
    virtual: block.unserved('service', index, Number(port)),
    endpoints: endpointPods(endpoints, pods).flatMap(({ key }): SandboxEndpoint[] => {
      const address = addresses[key]?.ports[String(targetPort)] ?? addresses[key]?.unserved;
      return address === undefined ? [] : [{ pod: key, address }];
    }),
  });
  return Object.fromEntries(
    Object.entries(reality.services).map(([key, { ports, endpoints }], index) => [
      key,
      Object.fromEntries(
        Object.entries(ports).map(([port, { targetPort }]) => [port, layOutPort(index, endpoints, port, targetPort)]),
      ),
    ]),
  );
}

function at(podKey: string, port: number): string {
  return `${podKey}:${String(port)}`;
}
