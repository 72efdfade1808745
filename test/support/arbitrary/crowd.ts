/** A drawn mesh with a crowd of callers that differ from its own workloads by little, and with what only callers meet. */
import fc from 'fast-check';
import type { Labels, Manifest } from '../oracle/manifests.ts';
import { APPS, oneOf, rarely, sparse } from './drawing.ts';
import { manifests } from './mesh.ts';

/** Objects of kinds that the oracle does not know. */
interface OtherManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Manifest['metadata'];
  readonly spec: unknown;
  readonly status?: unknown;
}

export type CrowdManifest = Manifest | OtherManifest;

const place = oneOf('foo', 'foo', 'bar', 'bar', 'baz', 'qux', 'istio-system');
const hostOfService = fc.tuple(oneOf('a', 'b', 's', 'h'), oneOf('foo', 'bar')).map(([name, namespace]) => {
  return `${name}.${namespace}.svc.cluster.local`;
});

/** A template, or a pod with its address and its node. */
const twin: fc.Arbitrary<OtherManifest> = fc
  .record({
    namespace: place,
    number: fc.nat(99),
    isPod: fc.boolean(),
    app: oneOf(...APPS, 'other'),
    more: sparse<Record<string, string>>({
      tier: rarely(oneOf('front', 'back'), 7),
      version: rarely(oneOf('v1', 'v2'), 8),
      'sidecar.istio.io/inject': rarely(oneOf('true', 'true', 'false'), 6),
      'istio.io/dataplane-mode': rarely(oneOf('ambient'), 7),
    }),
    annotations: oneOf<Labels>(
      ...Array.from({ length: 8 }, (): Labels => ({})),
      { 'traffic.sidecar.istio.io/excludeOutboundPorts': '80' },
      { 'sidecar.istio.io/interceptionMode': 'NONE' },
    ),
    serviceAccountName: oneOf('a', 'c', 'twin', 'waypoint'),
    hostNetwork: oneOf(...Array.from({ length: 7 }, () => false), true),
    nodeName: oneOf('one', 'one', 'two'),
  })
  .map(({ namespace, number, isPod, app, more, annotations, serviceAccountName, hostNetwork, nodeName }) => {
    const name = `twin-${String(number)}`;
    const labels = { app, ...more };
    const containers = [{ name: 'app', ports: [{ containerPort: 8080 }] }];
    const spec = { serviceAccountName, hostNetwork, containers };
    if (!isPod) {
      const template = { metadata: { labels, annotations }, spec };
      return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec: { template } };
    }
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels, annotations },
      spec: { ...spec, nodeName },
      status: { podIP: `10.0.${String(number % 3)}.${String(100 + number)}` },
    };
  });

const virtualService: fc.Arbitrary<OtherManifest> = fc
  .record({
    namespace: place,
    name: oneOf('v', 'w'),
    hosts: fc.array(fc.oneof(hostOfService, oneOf('*.foo.svc.cluster.local')), { minLength: 1, maxLength: 2 }),
    exportTo: rarely(oneOf(['.'], ['bar'], ['*'], ['foo', 'baz']), 4),
    match: rarely(
      oneOf<unknown>(
        { sourceNamespace: 'bar' },
        { sourceNamespace: 'baz' },
        { sourceLabels: { tier: 'front' } },
        { uri: { prefix: '/' } },
        { uri: { exact: '/x' } },
      ),
      4,
    ),
    destinations: fc.array(hostOfService, { minLength: 1, maxLength: 2 }),
  })
  .map(({ namespace, name, hosts, exportTo, match, destinations }) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace },
    spec: {
      hosts,
      ...(exportTo === undefined ? {} : { exportTo }),
      http: [
        {
          ...(match === undefined ? {} : { match: [match] }),
          route: destinations.map((host) => ({ destination: { host }, weight: 1 })),
        },
      ],
      tcp: [{ route: destinations.slice(0, 1).map((host) => ({ destination: { host } })) }],
    },
  }));

const envoyFilter: fc.Arbitrary<OtherManifest> = fc
  .record({ namespace: place, labels: oneOf<Labels>({}, { tier: 'front' }, { app: 'other' }) })
  .map(({ namespace, labels }) => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'filter', namespace },
    spec: { workloadSelector: { labels } },
  }));

const waypoint: fc.Arbitrary<readonly OtherManifest[]> = oneOf('foo', 'bar').map((namespace) => [
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'waypoint', namespace },
    spec: { gatewayClassName: 'istio-waypoint', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'at-waypoint', namespace },
    spec: {
      targetRefs: [{ kind: 'Gateway', group: 'gateway.networking.k8s.io', name: 'waypoint' }],
      rules: [{ from: [{ source: { principals: ['*/sa/twin', '*/sa/waypoint', 'cluster.local/ns/foo/sa/a'] } }] }],
    },
  },
]);

/** A gateway that is a caller and, behind the Service of a workload, a target like any other. */
const gateway: fc.Arbitrary<readonly OtherManifest[]> = oneOf('foo', 'bar').map((namespace) => [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'ingress', namespace },
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a-0', namespace, labels: { istio: 'ingressgateway', app: 'a' } },
    spec: { containers: [{ name: 'istio-proxy', ports: [{ containerPort: 8080 }] }] },
  },
]);

/** Now and then a namespace is in ambient mode, or sends its callers through the waypoint. */
function relabelled(objects: readonly Manifest[], labels: Labels): readonly Manifest[] {
  return objects.map((object) =>
    object.kind === 'Namespace'
      ? { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } }
      : object,
  );
}

export const crowds: fc.Arbitrary<readonly CrowdManifest[]> = fc
  .tuple(
    manifests,
    fc.uniqueArray(twin, {
      minLength: 6,
      maxLength: 14,
      selector: ({ metadata: { namespace, name } }) => `${namespace ?? ''}/${name}`,
    }),
    rarely(fc.array(virtualService, { minLength: 1, maxLength: 3 }), 4),
    rarely(envoyFilter, 7),
    rarely(waypoint, 5),
    rarely(gateway, 8),
    oneOf<Labels>(
      {},
      {},
      { 'istio-injection': 'enabled' },
      { 'istio.io/dataplane-mode': 'ambient', 'istio-injection': 'disabled' },
      { 'istio.io/dataplane-mode': 'ambient', 'istio-injection': 'disabled', 'istio.io/use-waypoint': 'waypoint' },
    ),
  )
  .map(([mesh, twins, routes, filter, hop, ingress, labels]) => [
    ...relabelled(mesh, labels),
    ...twins,
    ...(routes ?? []),
    ...(filter === undefined ? [] : [filter]),
    ...(hop ?? []),
    ...(ingress ?? []),
  ]);
