/** What is declared about transport and routing: PeerAuthentication, DestinationRule, Sidecar, mesh configuration. */
import fc from 'fast-check';
import type { ConfigMap, DestinationRule, PeerAuthentication, Sidecar } from '../oracle/manifests.ts';
import type { ClientTlsMode, Labels, TlsMode, TrafficPolicy } from '../oracle/manifests.ts';
import { born, few, NAMESPACES, oneOf, rarely, selectorLabels, sparse } from './drawing.ts';

type About = PeerAuthentication['metadata'];

/** Names that differ by little, in namespaces that matter. */
export const about: fc.Arbitrary<About> = sparse<About>({
  name: oneOf('p', 'q', 'r'),
  namespace: oneOf('foo', 'foo', ...NAMESPACES),
  creationTimestamp: born,
});

const mode = oneOf<TlsMode>('STRICT', 'STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET');
const portModes = fc.dictionary(
  oneOf('8080', '8080', '8081', '9090', '7070', '80', '15099'),
  sparse<{ mode?: TlsMode }>({ mode: rarely(mode, 1) }),
  { minKeys: 1, maxKeys: 2, noNullPrototype: true },
);
const noLabels: Labels = {};

export const peerAuthentication: fc.Arbitrary<PeerAuthentication> = fc
  .tuple(
    about,
    rarely(oneOf('labels', 'labels', 'labels', 'none', 'empty'), 3),
    selectorLabels,
    rarely(sparse<{ mode?: TlsMode }>({ mode: rarely(mode, 1) }), 1),
    rarely(portModes, 5),
  )
  .map(([metadata, selection, labels, mtls, portLevelMtls]) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata,
    spec: {
      ...(selection === undefined ? {} : { selector: matching(selection, labels) }),
      ...(mtls === undefined ? {} : { mtls }),
      ...(selection === 'labels' && portLevelMtls !== undefined ? { portLevelMtls } : {}),
    },
  }));

function matching(selection: 'labels' | 'none' | 'empty', matchLabels: Labels): { matchLabels?: Labels } {
  if (selection === 'none') return {};
  return { matchLabels: selection === 'empty' ? noLabels : matchLabels };
}

const tls = rarely(
  sparse<{ mode?: ClientTlsMode }>({ mode: oneOf<ClientTlsMode>('DISABLE', 'ISTIO_MUTUAL', 'ISTIO_MUTUAL', 'SIMPLE') }),
  2,
);
const portSetting = sparse<NonNullable<TrafficPolicy['portLevelSettings']>[number]>({
  port: oneOf(80, 81, 90, 70, 8080).map((number) => ({ number })),
  tls,
});
const trafficPolicy = sparse<TrafficPolicy>({
  tls,
  portLevelSettings: rarely(fc.array(portSetting, { minLength: 1, maxLength: 2 }), 6),
});

const ruleHost = oneOf(
  'a',
  'a.foo',
  'a.foo.svc.cluster.local',
  'a.foo.svc.cluster.local',
  'b.foo.svc.cluster.local',
  'h.foo.svc.cluster.local',
  '*.foo.svc.cluster.local',
  '*.foo.svc.cluster.local',
  '*.svc.cluster.local',
  '*.local',
  '*',
);
const audience = oneOf(['*'], ['.'], ['.'], ['foo'], ['bar'], ['.', 'bar'], ['foo', 'bar']);

export const destinationRule: fc.Arbitrary<DestinationRule> = fc
  .record({
    metadata: about,
    spec: sparse<DestinationRule['spec']>({
      host: ruleHost,
      exportTo: rarely(audience, 5),
      workloadSelector: rarely(
        sparse<{ matchLabels?: Labels }>({ matchLabels: rarely(oneOf({ app: 'c' }, { app: 'a' }), 1) }),
        8,
      ),
      trafficPolicy: rarely(trafficPolicy, 2),
    }),
  })
  .map((drawn) => ({ apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', ...drawn }));

const egressHosts = few(
  '*/*',
  './*',
  './*',
  'foo/*',
  'bar/*',
  '*/a.foo.svc.cluster.local',
  'foo/b.foo.svc.cluster.local',
  '*/*.bar.svc.cluster.local',
  '~/*',
);

export const sidecar: fc.Arbitrary<Sidecar> = fc
  .record({
    metadata: about,
    spec: sparse<NonNullable<Sidecar['spec']>>({
      workloadSelector: rarely(oneOf({ labels: { app: 'c' } }, { labels: { tier: 'front' } }), 6),
      egress: rarely(
        egressHosts.map((hosts) => [{ hosts }]),
        1,
      ),
      outboundTrafficPolicy: rarely(oneOf({ mode: 'REGISTRY_ONLY' as const }, { mode: 'ALLOW_ANY' as const }), 5),
    }),
  })
  .map((drawn) => ({ apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', ...drawn }));

/** A mesh that was renamed, one that knows its own only, one that leaves TLS to its rules. */
export const meshConfig: fc.Arbitrary<ConfigMap> = sparse({
  trustDomain: rarely(oneOf('td2'), 7),
  trustDomainAliases: rarely(oneOf(['old.td'], ['cluster.local']), 7),
  outboundTrafficPolicy: rarely(oneOf({ mode: 'REGISTRY_ONLY' }, { mode: 'ALLOW_ANY' }), 7),
  enableAutoMtls: rarely(oneOf(false), 9),
  pathNormalization: rarely(
    oneOf('NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES').map((normalization) => ({ normalization })),
    5,
  ),
}).map((mesh) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio', namespace: 'istio-system' },
  data: { mesh: JSON.stringify(mesh) },
}));
