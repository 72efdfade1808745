/** Rules of an AuthorizationPolicy compiled to predicates, once for HTTP and once for TCP filter chains. */
import { identityTest, pair, rangeTest } from './authorization-fields.ts';
import type { Condition } from './authorization-fields.ts';
import type { AuthorizationRequest, Predicate } from './authorization-request.ts';
import { conditionOf } from './authorization-conditions.ts';
import type { MeshConfig } from './mesh-config.ts';
import { pathMatcher } from './paths.ts';
import { fields, isFields, list } from './reading.ts';
import type { Fields } from './reading.ts';
import {
  hostMatcher,
  namespaceMatcher,
  principalMatcher,
  serviceAccountMatcher,
  textMatcher,
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
}

export interface RuleContext {
  readonly action: AuthorizationAction;
  readonly namespace: string;
  readonly config: MeshConfig;
}

/** istio: pilot/pkg/security/authz/model/model.go:New */
export function compileRule(value: unknown, index: number, context: RuleContext): AuthorizationRule {
  const rule = fields(value);
  const from = list(rule['from']).map((item) => sourceConditions(fields(item, 'source'), context));
  const to = list(rule['to']).map((item) => operationConditions(fields(item, 'operation'), context));
  const when = list(rule['when'])
    .filter(isFields)
    .flatMap((item) => conditionOf(item, context));
  const all = [...from.flat(), ...to.flat(), ...when];
  return {
    path: `spec.rules[${String(index)}]`,
    http: combine(from, to, when, context.action, false),
    tcp: combine(from, to, when, context.action, true),
    usesIdentity: all.some(({ isIdentity }) => isIdentity),
    hasHttpFields: all.some(({ isHttpOnly }) => isHttpOnly),
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
  const isLost = (condition: Condition): boolean => (isTcp && condition.isHttpOnly) || condition.isInvalid === true;
  if (action === 'ALLOW' && [...from.flat(), ...to.flat(), ...when].some(isLost)) return null;
  const keep = (group: Group): readonly Predicate[] => group.filter((item) => !isLost(item)).map(({ test }) => test);
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
  return [
    ...identity(source, 'principals', 'notPrincipals', principalMatcher, (values) =>
      expandTrustDomains(values, config),
    ),
    ...identity(source, 'namespaces', 'notNamespaces', namespaceMatcher),
    ...identity(source, 'serviceAccounts', 'notServiceAccounts', (value) => serviceAccountMatcher(value, namespace)),
    ...identity(source, 'trustDomains', 'notTrustDomains', trustDomainMatcher, (values) =>
      expandTrustDomainValues(values, config),
    ),
    ...pair(source, 'requestPrincipals', 'notRequestPrincipals', { isHttpOnly: true }, (values) => {
      const matchers = values.map(textMatcher);
      return (request) => {
        const principal = request.http?.requestPrincipal;
        return principal !== undefined && principal !== null && matchers.some((match) => match(principal));
      };
    }),
    ...ranges(source, 'ipBlocks', 'notIpBlocks', (request) => request.sourceAddress),
    ...ranges(source, 'remoteIpBlocks', 'notRemoteIpBlocks', (request) => request.remoteAddress),
  ];
}

function operationConditions(operation: Fields, { config }: RuleContext): Group {
  const http = (
    field: 'hosts' | 'methods' | 'paths',
    not: string,
    make: (value: string) => TextMatcher,
    valueOf: (request: AuthorizationRequest) => string | undefined,
  ): Group =>
    pair(operation, field, not, { isHttpOnly: true }, (values) => {
      const matchers = values.map(make);
      return (request) => {
        const value = valueOf(request);
        return value !== undefined && matchers.some((match) => match(value));
      };
    });
  return [
    ...http('hosts', 'notHosts', hostMatcher, (request) => request.http?.host),
    ...http('methods', 'notMethods', textMatcher, (request) => request.http?.method),
    ...http('paths', 'notPaths', pathMatcher, (request) => request.http?.path[config.pathNormalization]),
    ...pair(operation, 'ports', 'notPorts', {}, (values) => {
      const wanted = new Set(values.map(Number));
      return (request) => wanted.has(request.port);
    }),
  ];
}

/**
 * Identity fields see the certificate of a terminated TLS connection only: without one every X is false and every notX
 * true (envoy: extensions/filters/common/rbac/matchers.cc, AuthenticatedMatcher).
 */
function identity(
  source: Fields,
  field: string,
  notField: string,
  make: (value: string) => TextMatcher,
  expand: (values: readonly string[]) => readonly string[] = (values) => values,
): Group {
  return pair(source, field, notField, { isIdentity: true }, (values) => identityTest(expand(values), make));
}

function ranges(
  source: Fields,
  field: string,
  notField: string,
  addressOf: (request: AuthorizationRequest) => string | null,
): Group {
  return pair(source, field, notField, {}, (values) => rangeTest(values, addressOf));
}
