/** Random sets of security objects over one target, drawn so that they contradict, shadow and nearly match each other. */
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type {
  AuthorizationPolicy,
  MeshSettings,
  Mode,
  PeerAuthentication,
  RequestAuthentication,
  SecurityObject,
} from '../istiod/objects.ts';
import { PORTS } from './cast.ts';
import type { Cast } from './cast.ts';
import { rules, some } from './rules.ts';
import { AUDIENCES, ISSUERS, JWKS } from './tokens.ts';

export interface PolicySet {
  readonly mesh: MeshSettings;
  /** The target's. */
  readonly namespace: string;
  readonly objects: readonly SecurityObject[];
}

export const TARGET_LABELS = { app: 't', version: 'v1' } as const;
const ROOT = 'istio-system';
const ELSEWHERE = 'bar';

const MESHES: Arbitrary<MeshSettings> = fc
  .record({
    names: fc.constantFrom(
      ['cluster.local'],
      ['cluster.local'],
      ['cluster.local', 'old.local'],
      ['td2', 'td1'],
      ['td2'],
      ['prod.example', 'cluster.local'],
    ),
    normalization: fc.constantFrom('DEFAULT', 'BASE', 'NONE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'),
  })
  .map(({ names: [trustDomain = '', ...trustDomainAliases], normalization }) => ({
    rootNamespace: ROOT,
    trustDomain,
    trustDomainAliases,
    normalization,
  }));

/** Few names and few dates, so that ages and names decide. */
const PLACES = {
  namespace: fc.constantFrom('foo', 'foo', 'foo', ROOT, ROOT, ELSEWHERE),
  name: fc.constantFrom('a', 'b', 'b-1', 'default'),
  creationTimestamp: fc.constantFrom('2025-01-01T00:00:00Z', '2025-01-01T00:00:01Z', '2026-01-01T00:00:00Z'),
};

const SELECTORS = fc.constantFrom(
  undefined,
  undefined,
  { matchLabels: {} },
  { matchLabels: { app: 't' } },
  { matchLabels: { app: 't' } },
  { matchLabels: { app: 't', version: 'v1' } },
  { matchLabels: { version: 'v2' } },
);

const MODES = fc.constantFrom<Mode>('UNSET', 'DISABLE', 'PERMISSIVE', 'PERMISSIVE', 'STRICT', 'STRICT');
const PORT_KEYS = fc.constantFrom(...PORTS.map(({ port }) => String(port)), '80');

const PEER_AUTHENTICATIONS: Arbitrary<PeerAuthentication> = fc
  .record({
    ...PLACES,
    selector: SELECTORS,
    mode: fc.option(MODES, { nil: undefined }),
    ports: fc.dictionary(PORT_KEYS, MODES, { maxKeys: 3 }),
  })
  .map(({ selector, mode, ports, ...metadata }) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata,
    spec: {
      ...(selector !== undefined && { selector }),
      ...(mode !== undefined && { mtls: { mode } }),
      ...(Object.keys(ports).length > 0 && {
        portLevelMtls: Object.fromEntries(Object.entries(ports).map(([port, own]) => [port, { mode: own }])),
      }),
    },
  }));

function authorizationPolicies(cast: Cast): Arbitrary<AuthorizationPolicy> {
  return fc
    .record({
      ...PLACES,
      selector: SELECTORS,
      action: fc.constantFrom('ALLOW', 'ALLOW', 'ALLOW', 'DENY', 'DENY', 'AUDIT', undefined),
      rules: fc.oneof(
        { weight: 8, arbitrary: fc.array(rules(cast), { minLength: 1, maxLength: 3 }) },
        /** Eleven rules: the ids are in the order of their text, not of their numbers. */
        { weight: 1, arbitrary: fc.array(rules(cast), { minLength: 11, maxLength: 11 }) },
        { weight: 1, arbitrary: fc.constant([{}]) },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
      dryRun: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, 'true', 'T', 'yes', 'false'),
    })
    .map(({ selector, action, rules: own, dryRun, ...metadata }) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: {
        ...metadata,
        ...(dryRun !== undefined && { annotations: { 'istio.io/dry-run': dryRun } }),
      },
      spec: {
        ...(selector !== undefined && { selector }),
        ...(action !== undefined && { action }),
        ...(own !== undefined && { rules: own }),
      },
    }));
}

const REQUEST_AUTHENTICATIONS: Arbitrary<RequestAuthentication> = fc
  .record({
    ...PLACES,
    selector: SELECTORS,
    jwtRules: fc.uniqueArray(
      fc
        .record({
          issuer: fc.constantFrom(...ISSUERS),
          audiences: fc.option(some(...AUDIENCES), { nil: undefined }),
        })
        .map(({ issuer, audiences }) => ({ issuer, jwks: JWKS, ...(audiences !== undefined && { audiences }) })),
      { minLength: 1, maxLength: 2, selector: ({ issuer }) => issuer },
    ),
  })
  .map(({ selector, jwtRules, ...metadata }) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata,
    spec: { ...(selector !== undefined && { selector }), jwtRules },
  }));

/** The same sets for the same seed (and the same addresses). */
export function policySets(cast: Cast, seed: number, count: number): readonly PolicySet[] {
  const set = fc.record({
    mesh: MESHES,
    namespace: fc.constantFrom('foo', 'foo', 'foo', 'foo', ROOT),
    peers: fc.array(PEER_AUTHENTICATIONS, { maxLength: 4 }),
    authorizations: fc.array(authorizationPolicies(cast), { minLength: 1, maxLength: 4 }),
    tokens: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(REQUEST_AUTHENTICATIONS, { minLength: 1, maxLength: 2 }) },
    ),
  });
  return fc.sample(set, { seed, numRuns: count }).map(({ mesh, namespace, peers, authorizations, tokens }) => ({
    mesh,
    namespace,
    objects: distinct([...peers, ...authorizations, ...tokens]),
  }));
}

/** A cluster holds one object of a kind, namespace and name. */
function distinct(objects: readonly SecurityObject[]): readonly SecurityObject[] {
  return [
    ...new Map(
      objects.map((object) => [`${object.kind} ${object.metadata.namespace}/${object.metadata.name}`, object]),
    ).values(),
  ];
}
