/** Which service a proxied caller's bytes go to: by the listener that catches them, and by Host header where that is HTTP. */
import type { TrailStep } from './expectation.ts';
import { isWildcard, wildcardMatches } from './hosts.ts';
import type { Mesh } from './mesh.ts';
import type { Pod, Service, ServicePort } from './model.ts';
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
  /** The caller's own proxy wants HTTP and gets something else. */
  | { readonly kind: 'not-the-protocol'; readonly step: TrailStep };

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
  const isHttpListener = (mesh.httpServicesByPort.get(port) ?? []).some((service) => scope.sees(service, port));
  if (!isHttpListener) return unknownDestination(question, false);
  if (bytes !== 'http' && bytes !== 'grpc') {
    return {
      kind: 'not-the-protocol',
      step: step('client', 'not-the-protocol', { note: `port ${String(port)} is HTTP to the caller's proxy` }),
    };
  }
  return byHost(question, port);
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
  const isHttp = port.protocol === 'auto' && (bytes === 'http' || bytes === 'grpc');
  return { kind: 'service', service, port, isHttp, step: visible(service, scope) };
}

function byHost(question: DispatchQuestion, port: number): Dispatch {
  const { mesh, scope, host, namespace, dialled } = question;
  const service = serviceOfHost(mesh, host, namespace, dialled);
  const servicePort = service?.ports.find((candidate) => candidate.port === port);
  const isKnown =
    service !== null &&
    servicePort !== undefined &&
    (servicePort.protocol === 'http' || servicePort.protocol === 'grpc') &&
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
function unknownDestination({ scope }: DispatchQuestion, isHttp: boolean): Dispatch {
  const object = scope.ref ?? undefined;
  return scope.outboundPolicy === 'ALLOW_ANY'
    ? { kind: 'passthrough', isHttp, step: step('visibility', 'passthrough', { by: 'passthrough-cluster', object }) }
    : { kind: 'blackhole', isHttp, step: step('visibility', 'blackhole', { by: 'outbound-traffic-policy', object }) };
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
