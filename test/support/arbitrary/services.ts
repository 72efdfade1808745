/** Services that share pods, ports and names, with every way to say what a port speaks. */
import fc from 'fast-check';
import type { Labels, Service, ServicePort } from '../oracle/manifests.ts';
import { born, oneOf, rarely, selectorLabels, sparse } from './drawing.ts';

/** By Service port; two Services may well call one container port by different protocols. */
const PORTS: readonly (readonly ServicePort[])[] = [
  [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'http', port: 80, targetPort: 'http-app' },
    { name: 'HTTP-x', port: 80, targetPort: 8081 },
    { name: 'x', appProtocol: 'http', port: 80, targetPort: 8080 },
  ],
  [
    { name: 'web', port: 81, targetPort: 8081 },
    { name: 'my-http', port: 81, targetPort: 'web-app' },
    { name: 'web', appProtocol: 'kubernetes.io/ws', port: 81, targetPort: 8081 },
    { name: 'web', port: 81, targetPort: 'nowhere' },
  ],
  [
    { name: 'tcp', port: 90, targetPort: 9090 },
    { name: 'tcp-x', port: 90, targetPort: 8080 },
    { name: 'mysql', port: 90, targetPort: 9090 },
    { name: 'http-n', appProtocol: 'tcp', port: 90, targetPort: 9090 },
  ],
  [
    { name: 'grpc', port: 70, targetPort: 7070 },
    { name: 'grpc-web-x', port: 70, targetPort: 7070 },
    { name: 'y', appProtocol: 'kubernetes.io/h2c', port: 70, targetPort: 7070 },
  ],
  [
    { name: 'db', port: 3306, targetPort: 9090 },
    { name: 'redis', port: 6379, targetPort: 8081 },
  ],
];

const HEADLESS: readonly ServicePort[] = [
  { name: 'http', port: 8080, targetPort: 8080 },
  { name: 'web', port: 8081, targetPort: 8081 },
  { name: 'tcp', port: 9090, targetPort: 9090 },
  { name: 'grpc', port: 7070, targetPort: 7070 },
];

const ports: fc.Arbitrary<readonly ServicePort[]> = fc
  .tuple(...PORTS.map((choices) => rarely(oneOf(...choices), 4)))
  .map((drawn) => drawn.filter((port) => port !== undefined))
  .filter((drawn) => drawn.length > 0);

const annotations = oneOf<Labels>(
  ...Array.from({ length: 12 }, (): Labels => ({})),
  { 'networking.istio.io/exportTo': '.' },
  { 'networking.istio.io/exportTo': 'bar' },
  { 'networking.istio.io/exportTo': '*' },
);

const metadata = (name: string): fc.Arbitrary<Service['metadata']> =>
  sparse<Service['metadata']>({
    name: fc.constant(name),
    namespace: oneOf('foo', 'foo', 'foo', 'bar', 'istio-system'),
    creationTimestamp: born,
    annotations,
  });

function service(
  name: string,
  clusterIP: string,
  ofPorts: fc.Arbitrary<readonly ServicePort[]>,
): fc.Arbitrary<Service> {
  return fc.tuple(metadata(name), selectorLabels, ofPorts).map(([about, selector, drawn]) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: about,
    spec: { clusterIP, selector, ports: drawn },
  }));
}

/** At most one of them is headless: two over one pod fight for its listener, and age decides in ways not told here. */
export const services: fc.Arbitrary<readonly Service[]> = fc
  .tuple(
    service('a', '10.96.0.1', ports),
    rarely(service('b', '10.96.0.2', ports), 4),
    rarely(service('s', '10.96.0.3', ports), 5),
    rarely(service('h', 'None', fc.shuffledSubarray([...HEADLESS], { minLength: 1 })), 5),
  )
  .map((drawn) => drawn.filter((one) => one !== undefined));
