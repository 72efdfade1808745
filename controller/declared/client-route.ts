/** Which service a proxied caller's bytes go to: by the listener that catches them, and by Host header where that is HTTP. */
import type { TrailStep } from './expectation.ts';
import { isWildcard, wildcardMatches } from './hosts.ts';
import type { Mesh } from './mesh.ts';
import type { Pod, Service, ServicePort } from './model.ts';
import { isExportedTo } from './sidecar-scope.ts';
import type { ClientScope } from './sidecar-scope.ts';
import { step } from './trail.ts';

/** What was dialled. */
export type Dialled =
  | { readonly kind: 'service'; readonly service: Service; readonly port: ServicePort }
  | { readonly kind: 'pod'; readonly pod: Pod; readonly port: number }
  | { readonly kind: 'outside'; readonly host: string; readonly port: number };

export type ClientBytes = 'http' | 'grpc' | 'tcp' | 'silent' | 'tls';

export type Dispatch =
  | {
      readonly kind: 'service';
      readonly service: Service;
      readonly port: ServicePort;
      /** The proxy handles requests, not bytes: it answers 503 where it fails, and says so by ALPN. */
      readonly isHttp: boolean;
      readonly step: TrailStep;
    }
  /** To the original destination, as the bytes are. */
  | { readonly kind: 'passthrough'; readonly isHttp: boolean; readonly step: TrailStep }
  | { readonly kind: 'blackhole'; readonly isHttp: boolean; readonly step: TrailStep }
  /** It waits for the caller to speak, and the caller waits for the server. */
  | { readonly kind: 'waiting'; readonly step: TrailStep };

export interface DispatchQuestion {
  readonly mesh: Mesh;
  readonly scope: ClientScope;
  readonly namespace: string;
  readonly dialled: Dialled;
  readonly bytes: ClientBytes;
  /** As in the Host header. */
  readonly host: string;
}

/** istio: pilot/pkg/networking/core/listener.go, httproute.go:generateVirtualHostDomains */
export function dispatch(question: DispatchQuestion): Dispatch {
  const listener = ownListener(question);
  if (listener !== null) return listener;
  const { mesh, scope, bytes } = question;
  const port = dialledPort(question.dialled);
  if (!mesh.isHttpListener(scope, port)) return unknownDestination(question, false);
  if (bytes === 'silent') return waiting();
  // What the HTTP inspector does not know goes the way of unknown destinations (measured on 1.28.3), though the port is HTTP.
  if (bytes !== 'http' && bytes !== 'grpc') return unknownDestination(question, false);
  return byHost(question, port);
}

function waiting(): Dispatch {
  const note = "the caller's own proxy waits for the client to speak first";
  return { kind: 'waiting', step: step('filter-chain', 'waiting', { note }) };
}

function dialledPort(dialled: Dialled): number {
  return dialled.kind === 'service' ? dialled.port.port : dialled.port;
}

/** Ports that are not declared HTTP have a listener for each address. */
function ownListener({ mesh, scope, dialled, bytes }: DispatchQuestion): Dispatch | null {
  const found =
    dialled.kind === 'service'
      ? dialled
      : dialled.kind === 'pod'
        ? mesh
            .headlessPortsOf(dialled.pod)
            .find(({ service, port }) => port.port === dialled.port && scope.sees(service, port.port))
        : undefined;
  if (found === undefined) return null;
  const { service, port } = found;
  if (port.protocol === 'http' || port.protocol === 'grpc' || !scope.sees(service, port.port)) return null;
  if (port.protocol === 'auto' && bytes === 'silent') return waiting();
  const isHttp = port.protocol === 'auto' && (bytes === 'http' || bytes === 'grpc');
  return { kind: 'service', service, port, isHttp, step: visible(service, scope) };
}

/** Sniffed ports have their hosts in the routes too: istio: pilot/pkg/networking/core/route/route.go (measured on 1.28.3). */
function byHost(question: DispatchQuestion, port: number): Dispatch {
  const { mesh, scope, host, namespace, dialled } = question;
  const service = serviceOfHost(mesh, host, namespace, dialled);
  const servicePort = service?.ports.find((candidate) => candidate.port === port);
  const isKnown =
    service !== null &&
    servicePort !== undefined &&
    (servicePort.protocol === 'http' || servicePort.protocol === 'grpc' || servicePort.protocol === 'auto') &&
    scope.sees(service, port);
  if (!isKnown) return unknownDestination(question, true);
  const isOther = dialled.kind !== 'service' || dialled.service !== service;
  return {
    kind: 'service',
    service,
    port: servicePort,
    isHttp: true,
    step: isOther
      ? step('visibility', 'redirected', { note: `Host ${host} is ${service.key}` })
      : visible(service, scope),
  };
}

function visible(service: Service, scope: ClientScope): TrailStep {
  return step('visibility', 'visible', { object: scope.ref ?? undefined, note: service.key });
}

/** Nothing that the caller knows: let pass, or stopped where only known services may be called. */
function unknownDestination(question: DispatchQuestion, isHttp: boolean): Dispatch {
  const { scope } = question;
  if (scope.outboundPolicy === 'ALLOW_ANY') {
    const detail = { by: 'passthrough-cluster', object: scope.ref ?? undefined } as const;
    return { kind: 'passthrough', isHttp, step: step('visibility', 'passthrough', detail) };
  }
  const object = scope.outboundPolicyRef ?? (isHidden(question) ? scope.ref : null) ?? undefined;
  return {
    kind: 'blackhole',
    isHttp,
    step: step('visibility', 'blackhole', { by: 'outbound-traffic-policy', object }),
  };
}

/** The mesh would know what was dialled, were it not for the Sidecar object. */
function isHidden({ scope, dialled, namespace }: DispatchQuestion): boolean {
  if (dialled.kind !== 'service') return false;
  return isExportedTo(dialled.service, namespace) && !scope.sees(dialled.service, dialled.port.port);
}

/** Host forms: name (own namespace), name.namespace, ….svc, the full name, the cluster IP; with or without port, in any case. */
function serviceOfHost(mesh: Mesh, header: string, namespace: string, dialled: Dialled): Service | null {
  const host = header.toLowerCase().replace(/:\d+$/, '');
  const domain = `.svc.${mesh.config.clusterDomain}`;
  const short = host.endsWith(domain)
    ? host.slice(0, -domain.length)
    : host.endsWith('.svc')
      ? host.slice(0, -4)
      : host;
  const [name = '', second, third] = short.split('.');
  if (second === undefined) {
    return (short === host ? mesh.servicesByKey.get(`${namespace}/${name}`) : undefined) ?? null;
  }
  if (third === undefined) {
    const found = mesh.servicesByKey.get(`${second}/${name}`);
    if (found !== undefined) return found;
  }
  const headless = third === undefined ? undefined : mesh.servicesByKey.get(`${third}/${second}`);
  if (headless?.isHeadless === true && short.split('.').length === 3) return headless;
  return mesh.servicesByAddress.get(host) ?? mesh.hostsByName.get(host) ?? wildcardHost(dialled, host);
}

/** A ServiceEntry for `*.example.com` is known by what was dialled. */
function wildcardHost(dialled: Dialled, host: string): Service | null {
  if (dialled.kind !== 'service') return null;
  const { fqdn } = dialled.service;
  return isWildcard(fqdn) && wildcardMatches(fqdn, host) ? dialled.service : null;
}
