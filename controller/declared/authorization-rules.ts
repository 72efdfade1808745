/** Rules of an AuthorizationPolicy compiled to predicates, once for HTTP and once for TCP filter chains. */
import { identityTest, pair, portTest, rangeTest, textTest } from './authorization-fields.ts';
import type { Condition } from './authorization-fields.ts';
import type { AuthorizationRequest, Predicate } from './authorization-request.ts';
import { conditionOf } from './authorization-conditions.ts';
import type { MeshConfig } from './mesh-config.ts';
import { pathMatcher } from './paths.ts';
import { fields, isFields, list } from './reading.ts';
import type { Fields } from './reading.ts';
import { requestPrincipalTest } from './request-principals.ts';
import {
  headerMatcher,
  hostMatcher,
  namespaceMatcher,
  principalMatcher,
  serviceAccountMatcher,
  trustDomainMatcher,
} from './string-match.ts';
import type { TextMatcher } from './string-match.ts';
import { expandTrustDomains, expandTrustDomainValues } from './trust-domains.ts';

export type AuthorizationAction = 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';

export interface AuthorizationRule {
  /** `spec.rules[0]` */
  readonly path: string;
  /** Null: the rule does not exist on chains of this kind. */
  readonly http: Predicate | null;
  readonly tcp: Predicate | null;
  /** It asks for an identity somewhere, so plaintext may slip past (or through). */
  readonly usesIdentity: boolean;
  readonly hasHttpFields: boolean;
  /** Everything that it asks of the caller itself: identity and addresses (`remote` ones as without X-Forwarded-For). */
  readonly callerTests: readonly Predicate[];
}

export interface RuleContext {
  readonly action: AuthorizationAction;
  readonly namespace: string;
  readonly config: MeshConfig;
}

/** istio: pilot/pkg/security/authz/model/model.go:New; a `when` key that does not exist loses the rule, whatever its action. */
export function compileRule(value: unknown, index: number, context: RuleContext): AuthorizationRule {
  const rule = fields(value);
  const from = list(rule['from']).map((item) => sourceConditions(fields(item, 'source'), context));
  const to = list(rule['to']).map((item) => operationConditions(fields(item, 'operation'), context));
  const conditions = list(rule['when'])
    .filter(isFields)
    .map((item) => conditionOf(item, context));
  const isKnown = !conditions.includes(null);
  const when = conditions.flatMap((condition) => condition ?? []);
  const all = [...from.flat(), ...to.flat(), ...when];
  return {
    path: `spec.rules[${String(index)}]`,
    http: isKnown ? combine(from, to, when, context.action, false) : null,
    tcp: isKnown ? combine(from, to, when, context.action, true) : null,
    usesIdentity: all.some(({ isIdentity }) => isIdentity),
    hasHttpFields: all.some(({ isHttpOnly }) => isHttpOnly),
    callerTests: all.filter(({ isOfCaller }) => isOfCaller).flatMap(({ test }) => test ?? []),
  };
}

type Group = readonly Condition[];

/**
 * On TCP chains an ALLOW rule with any HTTP-only field is dropped, while other actions only lose the field, which makes them
 * wider. istio: pilot/pkg/security/authz/model/model.go:Generate, checkError
 */
function combine(
  from: readonly Group[],
  to: readonly Group[],
  when: Group,
  action: AuthorizationAction,
  isTcp: boolean,
): Predicate | null {
  const isOutside = (condition: Condition): boolean => isTcp && condition.isHttpOnly;
  const all = [...from.flat(), ...to.flat(), ...when];
  if (action === 'ALLOW' && all.some((condition) => condition.isInvalid || isOutside(condition))) return null;
  const keep = (group: Group): readonly Predicate[] =>
    group.filter((condition) => !isOutside(condition)).flatMap(({ test }) => test ?? []);
  const sources = from.map(keep);
  const operations = to.map(keep);
  const conditions = keep(when);
  return (request) =>
    (sources.length === 0 || sources.some((tests) => every(tests, request))) &&
    (operations.length === 0 || operations.some((tests) => every(tests, request))) &&
    every(conditions, request);
}

function every(tests: readonly Predicate[], request: AuthorizationRequest): boolean {
  for (const test of tests) if (!test(request)) return false;
  return true;
}

function sourceConditions(source: Fields, { namespace, config }: RuleContext): Group {
  const identity = (field: string, not: string, make: (value: string) => TextMatcher, expand?: Expansion): Group =>
    pair(source, field, not, { isIdentity: true }, (value) => identityTest(make(value)), expand);
  const ranges = (field: string, not: string, addressOf: (request: AuthorizationRequest) => string | null): Group =>
    pair(source, field, not, { isOfCaller: true }, (value) => rangeTest(value, addressOf));
  return [
    ...identity('principals', 'notPrincipals', principalMatcher, (values) => expandTrustDomains(values, config)),
    ...identity('namespaces', 'notNamespaces', namespaceMatcher),
    ...identity('serviceAccounts', 'notServiceAccounts', (value) => serviceAccountMatcher(value, namespace)),
    ...identity('trustDomains', 'notTrustDomains', trustDomainMatcher, (values) =>
      expandTrustDomainValues(values, config),
    ),
    ...pair(source, 'requestPrincipals', 'notRequestPrincipals', { isHttpOnly: true }, requestPrincipalTest),
    ...ranges('ipBlocks', 'notIpBlocks', (request) => request.sourceAddress),
    ...ranges('remoteIpBlocks', 'notRemoteIpBlocks', (request) => request.remoteAddress),
  ];
}

type Expansion = (values: readonly string[]) => readonly string[];

function operationConditions(operation: Fields, { config }: RuleContext): Group {
  const http = (
    field: 'hosts' | 'methods' | 'paths',
    not: string,
    make: (value: string) => TextMatcher,
    valueOf: (request: AuthorizationRequest) => string | undefined,
  ): Group => pair(operation, field, not, { isHttpOnly: true }, (value) => textTest(make(value), valueOf));
  return [
    ...http('hosts', 'notHosts', hostMatcher, (request) => request.http?.host),
    ...http('methods', 'notMethods', headerMatcher, (request) => request.http?.method),
    ...http('paths', 'notPaths', pathMatcher, (request) => request.http?.path[config.pathNormalization]),
    ...pair(operation, 'ports', 'notPorts', {}, portTest),
  ];
}
