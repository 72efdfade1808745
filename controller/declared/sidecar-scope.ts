/** What a client proxy can see: exportTo of services, egress hosts of Sidecar objects, and what happens to the rest. */
import type { ObjectRef } from './expectation.ts';
import { isWildcard, wildcardMatches } from './hosts.ts';
import type { MeshConfig, OutboundPolicy } from './mesh-config.ts';
import type { Service } from './model.ts';
import type { K8sObject } from './objects.ts';
import { byAge, groupBy, refOf } from './order.ts';
import { fields, integer, list, text, texts } from './reading.ts';
import { isSubset, ownWorkloadSelector } from './selector.ts';
import type { Labels } from './selector.ts';

interface EgressListener {
  /** Null: every port that its services have. */
  readonly port: number | null;
  readonly hosts: readonly EgressHost[];
}

interface EgressHost {
  /** `*`, `.`, `~` or a name. */
  readonly namespace: string;
  readonly host: string;
}

interface SidecarObject {
  readonly ref: ObjectRef;
  readonly selector: Labels | null;
  /** Null: no egress section, everything is imported. */
  readonly egress: readonly EgressListener[] | null;
  readonly outboundPolicy: OutboundPolicy | null;
  /** Null: no ingress section. */
  readonly ingressPorts: ReadonlyMap<number, string> | null;
}

export type Sidecars = ReadonlyMap<string, readonly SidecarObject[]>;

export function readSidecars(objects: readonly K8sObject[]): Sidecars {
  const sidecars = [...objects].sort(byAge).map((object): SidecarObject => {
    const spec = fields(object, 'spec');
    const egress = list(spec['egress']);
    const ingress = list(spec['ingress']);
    const mode = fields(spec, 'outboundTrafficPolicy')['mode'];
    return {
      ref: refOf(object),
      selector: ownWorkloadSelector(spec),
      egress: egress.length === 0 ? null : egress.map(toListener),
      // A section without mode is REGISTRY_ONLY: the zero value of the API.
      outboundPolicy: 'outboundTrafficPolicy' in spec ? (mode === 'ALLOW_ANY' ? 'ALLOW_ANY' : 'REGISTRY_ONLY') : null,
      ingressPorts: ingress.length === 0 ? null : new Map(ingress.flatMap(ingressPort)),
    };
  });
  return groupBy(sidecars, ({ ref }) => ref.namespace);
}

function toListener(value: unknown): EgressListener {
  const listener = fields(value);
  return {
    port: integer(fields(listener, 'port')['number']) ?? null,
    hosts: texts(listener['hosts']).map((host) => {
      const [namespace = '', ...rest] = host.split('/');
      return { namespace, host: rest.join('/') };
    }),
  };
}

function ingressPort(value: unknown): readonly (readonly [number, string])[] {
  const port = fields(value, 'port');
  const number = integer(port['number']);
  return number === undefined ? [] : [[number, text(port['protocol']) ?? '']];
}

/** A client's view of the mesh. */
export interface ClientScope {
  readonly ref: ObjectRef | null;
  readonly outboundPolicy: OutboundPolicy;
  /** The Sidecar object that sets it; null: the mesh configuration does. */
  readonly outboundPolicyRef: ObjectRef | null;
  /** Ports of Sidecar.ingress with their protocols; null: those of the services. */
  readonly ingressPorts: ReadonlyMap<number, string> | null;
  readonly sees: (service: Service, port: number) => boolean;
}

/**
 * With a selector before without, older before younger, own namespace before the root namespace (whose selectors do not
 * count here). istio: pilot/pkg/model/push_context.go:getSidecarScope
 */
export function clientScope(
  sidecars: Sidecars,
  config: MeshConfig,
  client: { readonly namespace: string; readonly labels: Labels },
): ClientScope {
  const own = sidecars.get(client.namespace) ?? [];
  const sidecar =
    own.find(({ selector }) => selector !== null && isSubset(selector, client.labels)) ??
    own.find(({ selector }) => selector === null) ??
    sidecars.get(config.rootNamespace)?.find(({ selector }) => selector === null) ??
    null;
  const egress = sidecar?.egress ?? null;
  return {
    ref: sidecar?.ref ?? null,
    outboundPolicy: sidecar?.outboundPolicy ?? config.outboundPolicy,
    outboundPolicyRef: sidecar?.outboundPolicy === null ? null : (sidecar?.ref ?? null),
    ingressPorts: sidecar?.ingressPorts ?? null,
    sees: (service, port) =>
      isExportedTo(service, client.namespace) &&
      (egress === null || egress.some((listener) => imports(listener, service, port, client.namespace))),
  };
}

/** istio: pilot/pkg/model/push_context.go:IsServiceVisible */
export function isExportedTo(service: Pick<Service, 'namespace' | 'exportTo'>, namespace: string): boolean {
  return service.exportTo.some(
    (to) => to === '*' || to === namespace || (to === '.' && service.namespace === namespace),
  );
}

function imports({ port: only, hosts }: EgressListener, service: Service, port: number, namespace: string): boolean {
  if (only !== null && only !== port) return false;
  return hosts.some(
    (egress) =>
      (egress.namespace === '*' ||
        egress.namespace === service.namespace ||
        (egress.namespace === '.' && service.namespace === namespace)) &&
      (isWildcard(egress.host) ? wildcardMatches(egress.host, service.fqdn) : egress.host === service.fqdn),
  );
}
