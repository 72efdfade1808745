/** Where a client's own proxy sends a call: to a cluster it knows, through as it is, or nowhere. */
import { byAge, isSubset, namespaceOf } from './manifests.ts';
import type { Manifest, OutboundMode, Service, ServicePort, Sidecar } from './manifests.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { OraclePod } from './pods.ts';
import { classOf, endpointsOf, hostOf, isHeadless, portOf, servicesOf } from './services.ts';

/** What was dialled: a Service's address, or a pod's own. */
export type Dialled =
  | { readonly kind: 'service'; readonly service: Service; readonly port: number }
  | { readonly kind: 'pod'; readonly pod: OraclePod; readonly port: number };

export type Egress =
  | { readonly kind: 'cluster'; readonly service: Service; readonly port: ServicePort }
  /** `by`: what hides every service that the call might have been for, or null where nothing does. */
  | { readonly kind: 'passthrough'; readonly by: Sidecar | null }
  | { readonly kind: 'blackhole'; readonly by: Sidecar | null };

export interface Call {
  readonly dialled: Dialled;
  readonly isHttp: boolean;
  /** The Host header; empty where nothing of HTTP is said. */
  readonly host: string;
}

/**
 * Listeners in their order: the address itself (TCP and sniffed ports), then the one HTTP listener of the port number,
 * then whatever is unknown (istio: pilot/pkg/networking/core/listener.go:buildSidecarOutboundListener).
 */
export function egressOf(
  objects: readonly Manifest[],
  settings: MeshSettings,
  client: OraclePod,
  { dialled, isHttp, host }: Call,
): Egress {
  const scope = scopeOf(objects, settings, client);
  const visible = servicesOf(objects).filter((service) => isVisible(scope.sidecar, client, service));
  const isDialled = (service: Service): boolean => {
    const port = portOf(service, dialled.port);
    if (port === undefined || classOf(port) === 'http') return false;
    if (dialled.kind === 'service' && !isHeadless(dialled.service)) return service === dialled.service;
    return isHeadless(service) && targets(objects, dialled).some((pod) => isBehind(objects, service, port, pod));
  };
  const own = visible.find(isDialled);
  if (own !== undefined) return cluster(own, dialled.port);

  const unknown: Egress =
    scope.outbound === 'ALLOW_ANY'
      ? { kind: 'passthrough', by: scope.sidecar ?? null }
      : { kind: 'blackhole', by: isToBlame(scope, client, dialled) ? (scope.sidecar ?? null) : null };
  const onPort = visible.filter((service) => portOf(service, dialled.port) !== undefined);
  const hasClass = (service: Service, wanted: readonly string[]): boolean => {
    const port = portOf(service, dialled.port);
    return port !== undefined && wanted.includes(classOf(port));
  };
  if (!isHttp || !onPort.some((service) => hasClass(service, ['http']))) return unknown;
  const routed = onPort.find((service) => hasClass(service, ['http', 'auto']) && isNamed(service, client, host));
  return routed === undefined ? unknown : cluster(routed, dialled.port);
}

/** A Sidecar decides where it names the policy itself, or hides what the mesh would have known. */
function isToBlame({ sidecar }: Scope, client: OraclePod, dialled: Dialled): boolean {
  if (sidecar?.spec?.outboundTrafficPolicy !== undefined) return true;
  if (dialled.kind === 'pod') return false;
  return isVisible(undefined, client, dialled.service) && !isVisible(sidecar, client, dialled.service);
}

function cluster(service: Service, number: number): Egress {
  const port = portOf(service, number);
  if (port === undefined) throw new Error(`no port ${String(number)}`);
  return { kind: 'cluster', service, port };
}

function targets(objects: readonly Manifest[], dialled: Dialled): readonly OraclePod[] {
  if (dialled.kind === 'pod') return [dialled.pod];
  const port = portOf(dialled.service, dialled.port);
  return port === undefined ? [] : endpointsOf(objects, dialled.service, port).map(({ pod }) => pod);
}

function isBehind(objects: readonly Manifest[], service: Service, port: ServicePort, pod: OraclePod): boolean {
  return endpointsOf(objects, service, port).some(
    (endpoint) => endpoint.pod.namespace === pod.namespace && endpoint.pod.name === pod.name,
  );
}

/** Names of a service as its callers may write them, whatever the case and the port behind. */
function isNamed(service: Service, client: OraclePod, host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  const { name: short } = service.metadata;
  const namespace = namespaceOf(service);
  const names = [
    ...(namespace === client.namespace ? [short] : []),
    `${short}.${namespace}`,
    `${short}.${namespace}.svc`,
    hostOf(service),
    `${hostOf(service)}.`,
  ];
  if (names.includes(name) || (!isHeadless(service) && service.spec.clusterIP === name)) return true;
  return isHeadless(service) && names.some((known) => name.endsWith(`.${known}`));
}

interface Scope {
  readonly sidecar: Sidecar | undefined;
  readonly outbound: OutboundMode;
}

/** The Sidecar object that a client obeys (istio: pilot/pkg/model/push_context.go:doGetSidecarScope). */
function scopeOf(objects: readonly Manifest[], settings: MeshSettings, client: OraclePod): Scope {
  const sidecars = byAge(objects.filter((object) => object.kind === 'Sidecar'));
  const hasSelector = (sidecar: Sidecar): boolean => sidecar.spec?.workloadSelector !== undefined;
  const own = sidecars.filter((sidecar) => namespaceOf(sidecar) === client.namespace);
  const sidecar =
    own.find(
      (candidate) => hasSelector(candidate) && isSubset(candidate.spec?.workloadSelector?.labels, client.labels),
    ) ??
    own.find((candidate) => !hasSelector(candidate)) ??
    sidecars.find((candidate) => namespaceOf(candidate) === settings.rootNamespace && !hasSelector(candidate));
  const policy = sidecar?.spec?.outboundTrafficPolicy;
  return { sidecar, outbound: policy === undefined ? settings.outbound : (policy.mode ?? 'REGISTRY_ONLY') };
}

function isVisible(sidecar: Sidecar | undefined, client: OraclePod, service: Service): boolean {
  const namespace = namespaceOf(service);
  const annotation = service.metadata.annotations?.['networking.istio.io/exportTo'] ?? '*';
  const exported = annotation
    .split(',')
    .map((word) => word.trim())
    .some((word) => word === '*' || word === client.namespace || (word === '.' && namespace === client.namespace));
  if (!exported) return false;
  const hosts = (sidecar?.spec?.egress ?? []).flatMap((listener) => listener.hosts);
  const imported = hosts.length === 0 ? ['*/*'] : hosts;
  return imported.some((host) => {
    const [from = '', name = ''] = host.split('/');
    const isFrom = from === '*' || from === namespace || (from === '.' && namespace === client.namespace);
    return isFrom && (name.startsWith('*') ? hostOf(service).endsWith(name.slice(1)) : hostOf(service) === name);
  });
}
