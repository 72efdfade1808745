/** Random sets of policies for the pods of the healthy mesh, drawn so that they overlap, shadow and contradict each other. */
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { MIXED, PLAIN, STRICT } from './healthy.ts';
import { authorizationPolicy, istio, peerAuthentication } from './objects.ts';
import type { KubernetesObject } from './objects.ts';

export interface PolicySetOptions {
  readonly seed: number;
  readonly count: number;
  /** One policy for the whole mesh in each set as well, which other users of the cluster would feel. */
  readonly rootNamespace?: string;
}

type Json = Readonly<Record<string, unknown>>;

const MESHED = [STRICT, MIXED] as const;
const APPS = ['front', 'vault', 'ledger', 'clerk'] as const;
const MODES = ['STRICT', 'STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET'] as const;
/** The service ports among them are mistakes that people make. */
const PORTS = ['8080', '8080', '8081', '7070', '9090', '8099', '80'] as const;
const HOSTS = [
  `front.${STRICT}.svc.cluster.local`,
  `front-pods.${STRICT}.svc.cluster.local`,
  `vault.${STRICT}.svc.cluster.local`,
  `ledger.${STRICT}.svc.cluster.local`,
  `clerk.${MIXED}.svc.cluster.local`,
  `reports.${PLAIN}.svc.cluster.local`,
  `*.${STRICT}.svc.cluster.local`,
  '*.svc.cluster.local',
] as const;
const CLIENT_MODES = ['DISABLE', 'ISTIO_MUTUAL', 'ISTIO_MUTUAL', 'SIMPLE'] as const;

/** The same sets for the same seed. Names tell objects of one kind and namespace apart. */
export function policySets({ seed, count, rootNamespace }: PolicySetOptions): readonly (readonly KubernetesObject[])[] {
  const set = fc.tuple(
    rootNamespace === undefined ? fc.constant([]) : fc.tuple(modesFor(rootNamespace)),
    few(fc.constantFrom(...MESHED).chain(modesFor), 2),
    few(fc.constantFrom(...MESHED).chain(modesOfWorkload), 3),
    few(fc.constantFrom(...MESHED, PLAIN).chain(clientModes), 2),
    few(fc.constantFrom(...MESHED).chain(rules), 2),
  );
  return fc.sample(set, { seed, numRuns: count }).map((drawn) => distinct(drawn.flat()));
}

function few<T>(item: Arbitrary<T>, maxLength: number): Arbitrary<readonly T[]> {
  return fc.array(item, { maxLength });
}

function modesFor(namespace: string): Arbitrary<KubernetesObject> {
  return fc
    .record({ name: fc.constantFrom('default', 'team'), mode: fc.constantFrom(...MODES) })
    .map(({ name, mode }) => peerAuthentication(namespace, name, { mtls: { mode } }));
}

function modesOfWorkload(namespace: string): Arbitrary<KubernetesObject> {
  return fc
    .record({
      app: fc.constantFrom(...APPS),
      mode: fc.option(fc.constantFrom(...MODES), { nil: undefined }),
      ports: fc.dictionary(fc.constantFrom(...PORTS), fc.constantFrom(...MODES), {
        maxKeys: 2,
        noNullPrototype: true,
      }),
    })
    .map(({ app, mode, ports }) =>
      peerAuthentication(namespace, `of-${app}`, {
        selector: { matchLabels: { app } },
        ...(mode !== undefined && { mtls: { mode } }),
        ...(Object.keys(ports).length > 0 && {
          portLevelMtls: Object.fromEntries(Object.entries(ports).map(([port, own]) => [port, { mode: own }])),
        }),
      }),
    );
}

function clientModes(namespace: string): Arbitrary<KubernetesObject> {
  const tls = fc.constantFrom(...CLIENT_MODES).map((mode): Json => ({ tls: { mode } }));
  const portLevel = fc
    .tuple(fc.constantFrom(80, 81, 7070, 8080, 9090), tls)
    .map(([number, own]): Json => ({ port: { number }, ...own }));
  return fc
    .record({
      index: fc.integer({ min: 0, max: HOSTS.length - 1 }),
      trafficPolicy: tls,
      ports: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: portLevel }),
      exportTo: fc.constantFrom(undefined, undefined, ['.'], ['*']),
    })
    .map(({ index, trafficPolicy, ports, exportTo }) => ({
      ...istio('networking.istio.io/v1', 'DestinationRule', namespace, `to-${String(index)}`),
      spec: {
        host: HOSTS[index],
        trafficPolicy: { ...trafficPolicy, ...(ports !== undefined && { portLevelSettings: [ports] }) },
        ...(exportTo !== undefined && { exportTo }),
      },
    }));
}

const SOURCES = fc.constantFrom<Json>(
  { principals: [`cluster.local/ns/${STRICT}/sa/front`] },
  { principals: [`cluster.local/ns/${MIXED}/*`] },
  { principals: ['*'] },
  { notPrincipals: [`cluster.local/ns/${MIXED}/sa/clerk`] },
  { namespaces: [MIXED] },
  { namespaces: [STRICT, PLAIN] },
  { notNamespaces: [PLAIN] },
);
const OPERATIONS = fc.constantFrom<Json>(
  { ports: ['8080'] },
  { notPorts: ['8080'] },
  { ports: ['9090', '7070'] },
  { methods: ['GET'] },
  { paths: ['/*'], ports: ['8080'] },
  { paths: ['/admin*'], ports: ['8080'] },
  { notPaths: ['/admin*'], ports: ['8080', '8081'] },
);

function rules(namespace: string): Arbitrary<KubernetesObject> {
  const rule = fc
    .record({ from: fc.option(SOURCES, { nil: undefined }), to: fc.option(OPERATIONS, { nil: undefined }) })
    .map(({ from, to }) => ({
      ...(from !== undefined && { from: [{ source: from }] }),
      ...(to !== undefined && { to: [{ operation: to }] }),
    }));
  return fc
    .record({
      app: fc.constantFrom(undefined, ...APPS),
      action: fc.constantFrom('ALLOW', 'ALLOW', 'DENY'),
      own: fc.array(rule, { minLength: 1, maxLength: 2 }),
    })
    .map(({ app, action, own }) =>
      authorizationPolicy(namespace, `${action.toLowerCase()}-${app ?? 'all'}`, {
        ...(app !== undefined && { selector: { matchLabels: { app } } }),
        action,
        rules: own,
      }),
    );
}

/** A cluster holds one object of a kind, namespace and name. */
function distinct(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const key = ({ kind, metadata }: KubernetesObject): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  return [...new Map(objects.map((object) => [key(object), object])).values()];
}
