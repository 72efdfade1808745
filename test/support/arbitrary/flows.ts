/** Questions to a drawn mesh: who calls what, how, and with which request. */
import fc from 'fast-check';
import type { Flow, FlowProbe, FlowRequest, FlowTls } from '../../../controller/declared/expectation.ts';
import { namespaceOf } from '../oracle/manifests.ts';
import type { Manifest, Service } from '../oracle/manifests.ts';
import { podsNamed, podsOf } from '../oracle/pods.ts';
import type { OraclePod } from '../oracle/pods.ts';
import { classOf, endpointsOf, hostOf, inboundClass, isHeadless, portOf, servicesOf } from '../oracle/services.ts';
import { PATHS } from './authorization-policies.ts';
import { oneOf, POD_PORTS, rarely, sparse } from './drawing.ts';

export interface Asked {
  readonly objects: readonly Manifest[];
  readonly flows: readonly Flow[];
}

/** A mesh with questions that can be asked of it. */
export function asking(meshes: fc.Arbitrary<readonly Manifest[]>, flowsEach: number): fc.Arbitrary<Asked> {
  const drafts = fc.array(draft, { minLength: flowsEach, maxLength: flowsEach });
  return fc.tuple(meshes, drafts).map(([objects, drawn]) => ({
    objects,
    flows: drawn.map((one, index) => flowOf(objects, one, String(index))).filter((flow) => !isToItself(objects, flow)),
  }));
}

/** A pod that calls itself is out of what the oracle judges: such calls never leave it, or meet its proxy twice. */
function isToItself(objects: readonly Manifest[], { source, target, port }: Flow): boolean {
  const met = target.startsWith('pod:')
    ? podsNamed(objects, target.slice('pod:'.length))
    : servicesOf(objects)
        .filter((service) => `${namespaceOf(service)}/${service.metadata.name}` === target)
        .flatMap((service) => {
          const servicePort = portOf(service, port);
          return servicePort === undefined ? [] : endpointsOf(objects, service, servicePort).map(({ pod }) => pod);
        });
  return met.some(({ namespace, name }) => `${namespace}/${name}` === source);
}

/** Numbers pick from what the mesh happens to have. */
interface Draft {
  readonly source: number;
  readonly isToPod: boolean;
  readonly target: number;
  readonly port: number;
  readonly probe: FlowProbe;
  readonly tls: FlowTls;
  readonly isRequest: boolean;
  readonly host: number;
  readonly isForeignHost: boolean;
  readonly request: Pick<FlowRequest, 'method' | 'path' | 'headers'>;
}

const index = fc.nat(59);
const ALPN = [
  [],
  ['istio'],
  ['istio'],
  ['istio-http/1.1'],
  ['istio-http/1.1'],
  ['istio-http/1.1', 'istio'],
  ['istio', 'istio-http/1.1'],
  ['http/1.1'],
  ['h2', 'istio-h2'],
];

const draft: fc.Arbitrary<Draft> = fc.record({
  source: index,
  isToPod: oneOf(true, false, false),
  target: index,
  port: index,
  probe: oneOf<FlowProbe>('http', 'http', 'http', 'tcp', 'tcp', 'grpc', 'tls', 'mtls', 'mtls', 'mtls'),
  tls: sparse<FlowTls>({
    alpn: rarely(oneOf(...ALPN), 2),
    certificate: rarely(oneOf('valid', 'none', 'untrusted-ca', 'wrong-trust-domain', 'expired'), 4),
  }),
  isRequest: fc.boolean(),
  host: index,
  isForeignHost: oneOf(true, ...Array.from({ length: 7 }, () => false)),
  request: fc.record({
    method: oneOf('GET', 'GET', 'POST', 'PUT'),
    path: oneOf(...PATHS),
    headers: oneOf<Record<string, string>>({}, { 'x-team': 'red' }, { 'x-team': 'blue' }),
  }),
});

function flowOf(objects: readonly Manifest[], drawn: Draft, id: string): Flow {
  const pods = podsOf(objects);
  const services = servicesOf(objects);
  const source = picked(pods, drawn.source);
  const service = picked(services, drawn.target);
  const pod = picked(pods, drawn.target);
  const servicePort = picked(service.spec.ports, drawn.port);
  const port = drawn.isToPod ? picked([...POD_PORTS, 80, 15099], drawn.port) : servicePort.port;
  const speaksGrpc = !drawn.isToPod && classOf(servicePort) === 'http' && servicePort.name?.startsWith('grpc') === true;
  const probe = probeFor(drawn.probe, source, speaksGrpc);
  const owner = drawn.isForeignHost && probe !== 'grpc' ? picked(services.filter(isOrdinary), drawn.host) : service;
  const host = drawn.isToPod && !drawn.isForeignHost ? addressOf(pod) : picked(hostsOf(owner, port), drawn.host);
  const isTls = probe === 'tls' || probe === 'mtls';
  const siblings = pods.filter(({ namespace, workload }) => namespace === pod.namespace && workload === pod.workload);
  const meets = drawn.isToPod
    ? siblings.map((sibling) => ({ pod: sibling, port }))
    : endpointsOf(objects, service, servicePort);
  const isHttpPort = meets.some((endpoint) => inboundClass(objects, endpoint.pod, endpoint.port) === 'http');
  const isSaying = probe === 'http' || probe === 'grpc' || (isTls && (drawn.isRequest || isHttpPort));
  const request: FlowRequest =
    probe === 'grpc' ? { method: 'POST', path: '/echo.Echo/Say', host } : { ...drawn.request, host };
  return {
    id,
    source: `${source.namespace}/${source.name}`,
    target: drawn.isToPod
      ? `pod:${pod.namespace}/${drawn.host % 2 === 0 ? pod.name : pod.workload}`
      : `${namespaceOf(service)}/${service.metadata.name}`,
    port,
    probe,
    ...(isSaying ? { request } : {}),
    ...(isTls ? { tls: probe === 'tls' ? { ...drawn.tls, certificate: 'none' } : drawn.tls } : {}),
  };
}

/** TLS of the probe's own comes from a caller without sidecar; calls of gRPC go where gRPC is spoken. */
function probeFor(probe: FlowProbe, { isMeshed }: OraclePod, speaksGrpc: boolean): FlowProbe {
  if ((probe === 'tls' || probe === 'mtls') && isMeshed) return 'http';
  if (probe === 'grpc' && !speaksGrpc) return 'tcp';
  return probe;
}

/** A headless Service's name with another's address would lead to that address, under the wrong names. */
function isOrdinary(service: Service): boolean {
  return !isHeadless(service);
}

function hostsOf(service: Service, port: number): readonly string[] {
  const short = `${service.metadata.name}.${namespaceOf(service)}`;
  const address = isHeadless(service) ? `pod-0.${short}` : (service.spec.clusterIP ?? short);
  return [
    short,
    short,
    `${short}:${String(port)}`,
    short.toUpperCase(),
    `${short}.svc`,
    hostOf(service),
    `${hostOf(service)}:${String(port)}`,
    service.metadata.name,
    address,
    'unknown.example',
  ];
}

function addressOf({ address, namespace, name }: OraclePod): string {
  return address ?? `${name}.${namespace}`;
}

function picked<Item>(items: readonly Item[], number: number): Item {
  const item = items[number % items.length];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}
