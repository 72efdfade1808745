/** Services, what their ports speak, and the pods behind them. */
import { bornAt, compareText, isSubset, namespaceOf } from './manifests.ts';
import type { Manifest, Service, ServicePort } from './manifests.ts';
import { podsOf } from './pods.ts';
import type { OraclePod } from './pods.ts';

/** How a proxy treats a port: as HTTP, as bytes, or as whatever the first bytes turn out to be. */
export type PortClass = 'http' | 'tcp' | 'auto';

export interface Endpoint {
  readonly pod: OraclePod;
  readonly port: number;
}

const CLASSES: Readonly<Record<string, PortClass>> = {
  http: 'http',
  http2: 'http',
  http_proxy: 'http',
  grpc: 'http',
  'grpc-web': 'http',
  tcp: 'tcp',
  https: 'tcp',
  tls: 'tcp',
  mongo: 'tcp',
  redis: 'tcp',
  mysql: 'tcp',
};
const APP_PROTOCOLS: Readonly<Record<string, string>> = {
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'https',
};
const TCP_PORTS = [25, 53, 3306, 27017];

/** istio: pkg/config/kube/conversion.go:ConvertProtocol. */
export function classOf({ name = '', appProtocol, port }: ServicePort): PortClass {
  if (appProtocol !== undefined) {
    return CLASSES[APP_PROTOCOLS[appProtocol] ?? appProtocol.toLowerCase()] ?? 'auto';
  }
  const lower = name.toLowerCase();
  if (lower.startsWith('grpc-web')) return 'http';
  const [word = ''] = lower.split('-');
  return CLASSES[word] ?? (TCP_PORTS.includes(port) ? 'tcp' : 'auto');
}

export function servicesOf(objects: readonly Manifest[]): readonly Service[] {
  return objects.filter((object) => object.kind === 'Service');
}

export function portOf(service: Service, port: number): ServicePort | undefined {
  return service.spec.ports.find((candidate) => candidate.port === port);
}

export function hostOf(service: Service): string {
  return `${service.metadata.name}.${namespaceOf(service)}.svc.cluster.local`;
}

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === 'None';
}

export function endpointsOf(
  objects: readonly Manifest[],
  service: Service,
  { port, targetPort = port }: ServicePort,
): readonly Endpoint[] {
  const { selector } = service.spec;
  if (selector === undefined || Object.keys(selector).length === 0) return [];
  return podsOf(objects)
    .filter((pod) => pod.namespace === namespaceOf(service) && isSubset(selector, pod.labels))
    .flatMap((pod) => {
      const number =
        typeof targetPort === 'number' ? targetPort : pod.containerPorts.find(({ name }) => name === targetPort)?.port;
      return number === undefined ? [] : [{ pod, port: number }];
    });
}

/**
 * What the pod's own proxy takes the port for: as the oldest Service that leads there says, or by its bytes where none
 * does (istio: pilot/pkg/networking/core/listener_inbound.go:getFilterChainsByServicePort).
 */
export function inboundClass(objects: readonly Manifest[], pod: OraclePod, port: number): PortClass {
  const leading = servicesOf(objects)
    .flatMap((service) => service.spec.ports.map((servicePort) => ({ service, servicePort })))
    .filter(({ service, servicePort }) =>
      endpointsOf(objects, service, servicePort).some(
        (endpoint) =>
          endpoint.pod.namespace === pod.namespace && endpoint.pod.name === pod.name && endpoint.port === port,
      ),
    )
    .toSorted(
      (one, other) =>
        bornAt(one.service) - bornAt(other.service) || compareText(hostOf(one.service), hostOf(other.service)),
    );
  const [oldest] = leading;
  return oldest === undefined ? 'auto' : classOf(oldest.servicePort);
}
