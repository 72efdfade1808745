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
}

export type CrowdManifest = Manifest | OtherManifest;

const place = oneOf('foo', 'foo', 'bar', 'bar', 'baz', 'qux', 'istio-system');
const hostOfService = fc.tuple(oneOf('a', 'b', 's', 'h'), oneOf('foo', 'bar')).map(([name, namespace]) => {
  return `${name}.${namespace}.svc.cluster.local`;
});

const twin: fc.Arbitrary<OtherManifest> = fc
  .record({
    namespace: place,
    number: fc.nat(99),
    app: oneOf(...APPS, 'other'),
    more: sparse<Record<string, string>>({
      tier: rarely(oneOf('front', 'back'), 6),
      version: rarely(oneOf('v1', 'v2'), 6),
      'sidecar.istio.io/inject': rarely(oneOf('true', 'true', 'false'), 3),
      'istio.io/dataplane-mode': rarely(oneOf('ambient'), 7),
    }),
    annotations: oneOf<Labels>({}, {}, {}, {}, { 'traffic.sidecar.istio.io/excludeOutboundPorts': '80' }),
    serviceAccountName: oneOf('a', 'c', 'default', 'twin', 'waypoint'),
    hostNetwork: oneOf(false, false, false, false, false, false, true),
  })
  .map(({ namespace, number, app, more, annotations, serviceAccountName, hostNetwork }) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `twin-${String(number)}`, namespace },
    spec: {
      template: {
        metadata: { labels: { app, ...more }, annotations },
        spec: { serviceAccountName, hostNetwork, containers: [{ name: 'app', ports: [{ containerPort: 8080 }] }] },
      },
    },
  }));

const virtualService: fc.Arbitrary<OtherManifest> = fc
  .record({
    namespace: place,
    name: oneOf('v', 'w'),
    hosts: fc.array(fc.oneof(hostOfService, oneOf('*.foo.svc.cluster.local')), { minLength: 1, maxLength: 2 }),
    exportTo: rarely(oneOf(['.'], ['bar'], ['*'], ['foo', 'baz']), 4),
    match: rarely(
      oneOf<unknown>(
        { sourceNamespace: 'bar' },
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
      rules: [{ from: [{ source: { principals: ['*/sa/twin', 'cluster.local/ns/foo/sa/a'] } }] }],
    },
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
    rarely(fc.array(virtualService, { minLength: 1, maxLength: 2 }), 6),
    rarely(envoyFilter, 7),
    rarely(waypoint, 6),
    oneOf<Labels>(
      {},
      {},
      { 'istio-injection': 'enabled' },
      { 'istio.io/dataplane-mode': 'ambient', 'istio-injection': 'disabled' },
      { 'istio.io/dataplane-mode': 'ambient', 'istio-injection': 'disabled', 'istio.io/use-waypoint': 'waypoint' },
    ),
  )
  .map(([mesh, twins, routes, filter, hop, labels]) => [
    ...relabelled(mesh, labels),
    ...twins,
    ...(routes ?? []),
    ...(filter === undefined ? [] : [filter]),
    ...(hop ?? []),
  ]);
