/**
 * VirtualServices: for which hosts and gateways they speak, and who sees them.
 * istio: pilot/pkg/model/push_context.go:initVirtualServices, pilot/pkg/model/virtualservice.go:mergeVirtualServicesIfNeeded
 */
import type { ObjectRef } from './expectation.ts';
import { hostsOverlap, isWildcard, resolveShortName, wildcardMatches } from './hosts.ts';
import { readDestinations, readHttpRoutes } from './http-route.ts';
import type { HttpRoute, RouteDestination } from './http-route.ts';
import type { MeshConfig } from './mesh-config.ts';
import type { K8sObject } from './objects.ts';
import { byAge, refOf } from './order.ts';
import { fields, integer, list, texts } from './reading.ts';

export interface StreamRoute {
  readonly path: string;
  /** Empty: any server name (tcp routes have none). */
  readonly serverNames: readonly string[];
  readonly ports: readonly number[];
  readonly destinations: readonly RouteDestination[];
}

export interface VirtualService {
  readonly ref: ObjectRef;
  /** Resolved; may be wildcards. */
  readonly hosts: readonly string[];
  /** `mesh`, or `namespace/name` of Gateways. */
  readonly gateways: readonly string[];
  readonly exportTo: readonly string[];
  readonly http: readonly HttpRoute[];
  readonly tls: readonly StreamRoute[];
  readonly tcp: readonly StreamRoute[];
}

/** Oldest first. */
export function readVirtualServices(objects: readonly K8sObject[], config: MeshConfig): readonly VirtualService[] {
  return [...objects].sort(byAge).map((object) => {
    const spec = fields(object, 'spec');
    const { namespace } = object.metadata;
    const gateways = texts(spec['gateways']);
    const exportTo = texts(spec['exportTo']);
    return {
      ref: refOf(object),
      hosts: texts(spec['hosts']).map((host) => resolveShortName(host, namespace, config.clusterDomain)),
      gateways:
        gateways.length === 0
          ? ['mesh']
          : gateways.map((name) => (name === 'mesh' || name.includes('/') ? name : `${namespace}/${name}`)),
      exportTo: exportTo.length === 0 ? config.defaultVirtualServiceExportTo : exportTo,
      http: readHttpRoutes(spec['http'], namespace, config.clusterDomain),
      tls: readStreamRoutes(spec['tls'], 'tls', namespace, config),
      tcp: readStreamRoutes(spec['tcp'], 'tcp', namespace, config),
    };
  });
}

function readStreamRoutes(
  value: unknown,
  kind: 'tls' | 'tcp',
  namespace: string,
  { clusterDomain }: MeshConfig,
): readonly StreamRoute[] {
  return list(value).map((entry, index) => {
    const matches = list(fields(entry)['match']);
    return {
      path: `spec.${kind}[${String(index)}]`,
      serverNames: matches.flatMap((match) => texts(fields(match)['sniHosts'])),
      ports: matches.flatMap((match) => integer(fields(match)['port']) ?? []),
      destinations: readDestinations(fields(entry)['route'], namespace, clusterDomain),
    };
  });
}

export function isVisibleTo({ exportTo, ref }: Pick<VirtualService, 'exportTo' | 'ref'>, namespace: string): boolean {
  return exportTo.some((to) => to === '*' || to === namespace || (to === '.' && ref.namespace === namespace));
}

/** The one that a sidecar uses for a service: an exact host before a wildcard, older before younger. */
export function meshVirtualService(
  all: readonly VirtualService[],
  host: string,
  namespace: string,
): VirtualService | null {
  const seen = all.filter((service) => service.gateways.includes('mesh') && isVisibleTo(service, namespace));
  return (
    seen.find(({ hosts }) => hosts.includes(host)) ??
    seen.find(({ hosts }) => hosts.some((pattern) => isWildcard(pattern) && wildcardMatches(pattern, host))) ??
    null
  );
}

/** Hosts of a VirtualService that a gateway's server admits; `ns/host`: of that namespace only, `.`: the gateway's own. */
export function admittedHosts(
  service: VirtualService,
  serverHosts: readonly string[],
  gatewayNamespace: string,
): readonly string[] {
  return service.hosts.filter((host) =>
    serverHosts.some((pattern) => {
      const [first = '', second] = pattern.split('/', 2);
      if (second === undefined) return hostsOverlap(first, host);
      const isAdmitted =
        first === '*' ||
        first === service.ref.namespace ||
        (first === '.' && service.ref.namespace === gatewayNamespace);
      return isAdmitted && hostsOverlap(second, host);
    }),
  );
}
