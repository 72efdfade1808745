/** What every proxy of the sandbox has to enforce and do, worked out from a reality. Pure; both data planes start from it. */
import type { Address, ApplicationProtocol } from '../../proto/vocabulary.ts';
import type {
  GatewayPlan,
  InboundPort,
  SidecarPlan,
  UpstreamEndpoint,
  UpstreamService,
  WorkloadCertificate,
} from './data-plane.ts';
import { READINESS_PORT, STATUS_PORT, type InnerNetwork } from './network.ts';
import { endpointPods, isMeshed, podsOf, portsOf, type RealityPod } from './pods.ts';
import type { ChainProtocol, Reality, RealityPort } from './reality.ts';

/** One port on which an application answers. */
export interface AppPlan {
  /** `namespace/pod`. */
  readonly pod: string;
  readonly address: Address;
  readonly protocol: ApplicationProtocol;
  /** Every request passes a proxy's HTTP chain, which sets or removes x-forwarded-client-cert. */
  readonly setsXfcc: boolean;
  /** A proxy stands before the port, even if it sets no header. */
  readonly isBehindProxy: boolean;
}

export interface SandboxPlans {
  readonly sidecars: readonly SidecarPlan[];
  readonly gateways: readonly GatewayPlan[];
  readonly apps: readonly AppPlan[];
}

/** `certificates` holds one for every sidecar and gateway pod, by pod key. */
export function makePlans(
  reality: Reality,
  network: InnerNetwork,
  certificates: ReadonlyMap<string, WorkloadCertificate>,
): SandboxPlans {
  const pods = podsOf(reality);
  const identified = (
    pod: RealityPod,
  ): Pick<SidecarPlan, 'pod' | 'spiffeId' | 'trustDomain' | 'certificate'> | undefined => {
    const certificate = certificates.get(pod.key);
    return certificate && { pod: pod.key, spiffeId: pod.spiffeId, trustDomain: reality.trustDomain, certificate };
  };
  return {
    sidecars: pods.filter(isMeshed).flatMap((pod): SidecarPlan[] => {
      const identity = identified(pod);
      const statusPort = network.podAddress(pod.key, STATUS_PORT);
      const readinessPort = network.podAddress(pod.key, READINESS_PORT);
      if (identity === undefined || statusPort === undefined || readinessPort === undefined) return [];
      return [
        {
          ...identity,
          inbound: inboundOf(pod, network),
          authorization: pod.authorization,
          outbound: upstreamsOf(pod, reality, pods, network),
          capture: network.captureAddress(pod.key),
          statusPort,
          readinessPort,
          probers: Object.fromEntries(
            Object.entries(pod.probers).map(([path, prober]) => [
              path,
              { kind: prober.kind, app: network.appAddress(pod.key, prober.port), path: prober.path },
            ]),
          ),
        },
      ];
    }),
    gateways: pods.flatMap((pod): GatewayPlan[] => {
      const identity = identified(pod);
      if (pod.gateway === undefined || identity === undefined) return [];
      return [{ ...identity, listeners: listenersOf(pod, upstreamsOf(pod, reality, pods, network), network) }];
    }),
    apps: pods.flatMap((pod) => appsOf(pod, network)),
  };
}

/** The chains that istiod builds for what a port is declared as; see `chain` in reality.yaml. */
export function chainOf(entry: RealityPort): ChainProtocol {
  if (entry.chain !== undefined) return entry.chain;
  switch (entry.app) {
    case 'http':
    case 'grpc':
      return 'http';
    case 'tcp':
      return 'tcp';
    case 'none':
      return 'auto';
  }
}

/** Captured ports only: an uncaptured one is the app's own listener on the pod's address. */
function inboundOf(pod: RealityPod, network: InnerNetwork): readonly InboundPort[] {
  return [...pod.ports].flatMap(([port, entry]): InboundPort[] => {
    const listen = network.podAddress(pod.key, port);
    if (entry.mode === 'uncaptured' || listen === undefined) return [];
    return [
      {
        port,
        app: entry.app,
        chain: chainOf(entry),
        mode: entry.mode,
        listen,
        appAddress: network.appAddress(pod.key, port),
      },
    ];
  });
}

function appsOf(pod: RealityPod, network: InnerNetwork): readonly AppPlan[] {
  if (pod.gateway !== undefined) return [];
  return [...pod.ports].flatMap(([port, entry]): AppPlan[] => {
    if (entry.app === 'none') return [];
    const isBehindProxy = isMeshed(pod) && entry.mode !== 'uncaptured';
    const setsXfcc = isBehindProxy && entry.app !== 'tcp' && chainOf(entry) !== 'tcp';
    return [{ pod: pod.key, address: network.appAddress(pod.key, port), protocol: entry.app, setsXfcc, isBehindProxy }];
  });
}

function upstreamsOf(
  client: RealityPod,
  reality: Reality,
  pods: readonly RealityPod[],
  network: InnerNetwork,
): readonly UpstreamService[] {
  return Object.entries(reality.services).flatMap(([name, service]) => {
    const endpoints = endpointPods(service.endpoints, pods);
    const [namespace = '', shortName = ''] = name.split('/');
    return Object.entries(service.ports).flatMap(([portText, entry]): UpstreamService[] => {
      const port = Number(portText);
      const virtualAddress = network.serviceAddress(name, port);
      if (virtualAddress === undefined) return [];
      // A client accepts the identities of all endpoints of the service from each of them, as istiod pushes them
      // (istio: pilot/pkg/model/push_context.go:ServiceAccounts).
      const identities = [...new Set(endpoints.map((pod) => pod.spiffeId))];
      return [
        {
          name,
          fqdn: `${shortName}.${namespace}.svc.cluster.local`,
          port,
          protocol: entry.protocol,
          virtualAddress,
          endpoints: endpoints.flatMap((pod): UpstreamEndpoint[] => {
            const address = network.podAddress(pod.key, entry.targetPort);
            if (address === undefined) return [];
            return [{ pod: pod.key, address, tls: tlsTowards(client, name, port, pod, entry.targetPort), identities }];
          }),
        },
      ];
    });
  });
}

/** What the client does to one endpoint: its own entry for the service port, else for the service, else `auto`. */
function tlsTowards(
  client: RealityPod,
  service: string,
  port: number,
  endpoint: RealityPod,
  targetPort: number,
): UpstreamEndpoint['tls'] {
  const entries = client.outbound.filter((entry) => entry.to === service);
  const entry = entries.find((each) => each.port === port) ?? entries.find((each) => each.port === undefined);
  switch (entry?.tls ?? 'auto') {
    case 'DISABLE':
      return 'plaintext';
    case 'SIMPLE':
      return 'simple';
    case 'ISTIO_MUTUAL':
      return 'istio-mutual';
    case 'auto':
      // Capture plays no part: clients see the pod's tlsMode label and the mode of its port, not what is excluded on the
      // server (istio: pilot/pkg/xds/endpoints/mtls_checker.go).
      return isMeshed(endpoint) && endpoint.ports.get(targetPort)?.mode !== 'DISABLE' ? 'istio-mutual' : 'plaintext';
  }
}

function listenersOf(
  pod: RealityPod,
  upstreams: readonly UpstreamService[],
  network: InnerNetwork,
): GatewayPlan['listeners'] {
  return portsOf(pod).flatMap((port) => {
    const listen = network.podAddress(pod.key, port);
    if (listen === undefined) return [];
    const routes = (pod.gateway?.routes ?? [])
      .filter((route) => route.port === port)
      .flatMap((route) => {
        const to = upstreams.find((upstream) => upstream.name === route.to && upstream.port === route.toPort);
        return to === undefined ? [] : [{ host: route.host, to }];
      });
    return [{ listen, routes }];
  });
}
