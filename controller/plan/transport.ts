/** The transport table: fingerprint probes from a naked prober to every port of every pod. */
import type { DeclaredProtocol, Mesh, Pod, Service } from '../declared/mesh.ts';
import type { ApplicationProtocol, Probe } from '../../proto/vocabulary.ts';
import {
  ISTIO_HTTP_ALPN,
  applicationOf,
  authorityOf,
  cleartextProbe,
  identityOf,
  istioAlpn,
  istioServerName,
} from './facts.ts';
import type { PlacedVantage, Proposal } from './cell.ts';
import { pathFor } from './path.ts';
import type { Scope } from './scope.ts';

interface PodPort {
  readonly port: number;
  readonly application: ApplicationProtocol;
  /** The Service port that leads here, where there is one. */
  readonly behind?: { readonly service: Service; readonly port: number };
}

/** The sidecar's own listeners; what they do is no statement about the workload. */
const SIDECAR_PORTS: ReadonlySet<number> = new Set([15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090]);

/** Per endpoint, never per Service: one pod without a sidecar would hide among its siblings. */
export function planTransport(mesh: Mesh, scope: Scope, probers: readonly PlacedVantage[]): readonly Proposal[] {
  const behind = portsBehindServices(mesh);
  return probers.flatMap((placed) =>
    scope.dialled.flatMap((pod) =>
      portsOf(pod, behind.get(pod.key) ?? new Map<number, Backed>())
        .filter(({ port }) => !scope.isClosed(pod, port))
        .flatMap((port) =>
          fingerprint(port.application, pathOf(mesh, pod, port)).map((probe) =>
            proposalOf(mesh, placed, pod, port, probe),
          ),
        ),
    ),
  );
}

function pathOf(mesh: Mesh, pod: Pod, { port, behind }: PodPort): string {
  return pathFor(mesh, { pods: [pod], port, ...(behind !== undefined && { service: behind.service }) });
}

/** Together they tell STRICT, PERMISSIVE, DISABLE and the absence of a proxy apart. */
function fingerprint(application: ApplicationProtocol, path: string): readonly Probe[] {
  const alpn = istioAlpn(application);
  const inside = { alpn, application, ...(application === 'http' && path !== '/' && { path }) };
  return [
    cleartextProbe(application, path),
    { kind: 'tls', alpn: [] },
    { kind: 'tls', alpn: ISTIO_HTTP_ALPN },
    { kind: 'mtls', ...inside },
    { kind: 'mtls-untrusted', ...inside },
  ];
}

function proposalOf(mesh: Mesh, placed: PlacedVantage, pod: Pod, port: PodPort, probe: Probe): Proposal {
  const { behind } = port;
  const isTls = probe.kind === 'tls' || probe.kind === 'mtls' || probe.kind === 'mtls-untrusted';
  return {
    table: 'transport',
    route: {
      vantage: placed.vantage,
      target: { kind: 'pod', namespace: pod.namespace, name: pod.name, port: port.port },
      probe,
    },
    source: placed.workload,
    workload: pod.workload,
    authority: behind === undefined ? '' : authorityOf(behind.service, behind.port),
    serverName: isTls && behind !== undefined ? istioServerName(behind.service.fqdn, behind.port) : '',
    peerIdentities: isTls ? [identityOf(mesh, pod)] : [],
    attempts: 1,
  };
}

interface Backed {
  readonly service: Service;
  readonly port: number;
  readonly protocol: DeclaredProtocol;
}

type Behind = ReadonlyMap<number, Backed>;

/** By pod and pod port; of several Services that lead to one port the first by name stands for it. */
function portsBehindServices(mesh: Mesh): ReadonlyMap<string, Behind> {
  const byPod = new Map<string, Map<number, Backed>>();
  for (const service of mesh.services) {
    for (const { port, protocol, endpoints } of service.ports) {
      for (const endpoint of endpoints) {
        if (endpoint.pod === null) continue;
        const ports = byPod.get(endpoint.pod) ?? new Map<number, Backed>();
        byPod.set(endpoint.pod, ports);
        if (!ports.has(endpoint.port)) ports.set(endpoint.port, { service, port, protocol });
      }
    }
  }
  return byPod;
}

function portsOf(pod: Pod, behind: Behind): readonly PodPort[] {
  const ports = new Map<number, PodPort>();
  for (const [port, { service, port: servicePort, protocol }] of behind) {
    ports.set(port, { port, application: applicationOf(protocol), behind: { service, port: servicePort } });
  }
  // Nothing declared governs what a node's own ports do, unless a Service leads there.
  for (const { port, name, protocol } of pod.isHostNetwork ? [] : pod.ports) {
    if (protocol !== 'TCP' || ports.has(port)) continue;
    if (pod.dataPlane === 'sidecar' && SIDECAR_PORTS.has(port)) continue;
    ports.set(port, { port, application: applicationNamed(name) });
  }
  return [...ports.values()].sort((a, b) => a.port - b.port);
}

/** Istio reads no meaning into container port names, but the application behind them likely speaks what they say. */
function applicationNamed(name: string | undefined): ApplicationProtocol {
  const prefix = name?.split('-', 1)[0];
  return prefix === 'grpc' || prefix === 'tcp' ? prefix : 'http';
}
