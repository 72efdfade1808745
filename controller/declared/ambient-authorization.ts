/** AuthorizationPolicies as ztunnel gets them: connections only, with rules about what becomes of HTTP fields. */
import type { AuthorizationPolicies, AuthorizationPolicy } from './authorization.ts';
import { policiesFor } from './authorization.ts';
import { together } from './authorize.ts';
import type { Decider, ObjectRef, TrailStep } from './expectation.ts';
import { rangeMatcher } from './ip-ranges.ts';
import type { Pod } from './model.ts';
import { fields, list, text, texts } from './reading.ts';
import type { Fields } from './reading.ts';
import { textMatcher } from './string-match.ts';
import { step } from './trail.ts';

export interface TunnelRequest {
  /** SPIFFE id of the tunnel's client; null for plaintext. */
  readonly identity: string | null;
  readonly sourceAddress: string | null;
  readonly destinationAddress: string | null;
  /** The port inside the tunnel. */
  readonly port: number;
}

type Test = (request: TunnelRequest) => boolean;
/** A match without fields matches nothing. */
type Match = readonly Test[];
/** All clauses must hold, each by any of its matches. */
type Rule = { readonly path: string; readonly clauses: readonly (readonly Match[])[] };

const HTTP_SOURCE = ['requestPrincipals', 'notRequestPrincipals', 'remoteIpBlocks', 'notRemoteIpBlocks'];
const HTTP_OPERATION = ['hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths'];

/** ztunnel: src/state.rs:assert_rbac */
export function tunnelVerdict(
  policies: AuthorizationPolicies,
  pod: Pod,
  rootNamespace: string,
  request: TunnelRequest,
): { readonly decidedBy: Decider | null; readonly isAllowed: boolean; readonly steps: readonly TrailStep[] } {
  const selected = policiesFor(policies, pod, rootNamespace).filter(({ isDryRun }) => !isDryRun);
  const matching = (policy: AuthorizationPolicy): ObjectRef | null => {
    const rule = rulesOf(policy).find((candidate) =>
      candidate.clauses.every((clause) => clause.some((match) => holds(match, request))),
    );
    return rule === undefined ? null : { ...policy.ref, path: rule.path };
  };
  for (const policy of selected.filter(({ action }) => action === 'DENY')) {
    const object = matching(policy);
    if (object === null) continue;
    return {
      isAllowed: false,
      decidedBy: { stage: 'authorization', ...object },
      steps: [step('authorization', 'deny', { by: 'ztunnel', object })],
    };
  }
  const allows = selected.filter(({ action }) => action === 'ALLOW');
  if (allows.length === 0) return { isAllowed: true, decidedBy: null, steps: [] };
  for (const policy of allows) {
    const object = matching(policy);
    if (object === null) continue;
    return {
      isAllowed: true,
      decidedBy: { stage: 'authorization', ...object },
      steps: [step('authorization', 'allow', { by: 'ztunnel', object })],
    };
  }
  const objects = allows.map(({ ref }) => ref);
  const steps = objects.map((object) => step('authorization', 'deny', { by: 'no-allow-matched', object }));
  return { isAllowed: false, decidedBy: together('authorization', objects), steps };
}

function holds(match: Match, request: TunnelRequest): boolean {
  return match.length > 0 && match.every((test) => test(request));
}

/** istio: pilot/pkg/serviceregistry/ambient/authorization.go:handleRule. An ALLOW rule with HTTP fields is dropped, a DENY loses them. */
function rulesOf({ spec, action }: AuthorizationPolicy): readonly Rule[] {
  return list(fields(spec)['rules']).flatMap((value, index): readonly Rule[] => {
    const rule = fields(value);
    const sources = list(rule['from']).map((item) => fields(item, 'source'));
    const operations = list(rule['to']).map((item) => fields(item, 'operation'));
    const conditions = list(rule['when']).map((item) => fields(item));
    const isHttp =
      sources.some((source) => HTTP_SOURCE.some((field) => field in source)) ||
      operations.some((operation) => HTTP_OPERATION.some((field) => field in operation)) ||
      conditions.some((condition) => conditionMatch(condition) === null);
    if (isHttp && action === 'ALLOW') return [];
    const clauses = [
      ...(sources.length === 0 ? [] : [sources.map(sourceMatch)]),
      ...(operations.length === 0 ? [] : [operations.map(operationMatch)]),
      ...conditions.map((condition) => [conditionMatch(condition) ?? []]),
    ];
    return [{ path: `spec.rules[${String(index)}]`, clauses }];
  });
}

/** Everything that a policy asks of the caller itself. */
export function tunnelCallerTests({ spec }: AuthorizationPolicy): readonly Test[] {
  return list(fields(spec)['rules']).flatMap((rule) => [
    ...list(fields(rule)['from']).flatMap((item) => sourceMatch(fields(item, 'source'))),
    ...list(fields(rule)['when'])
      .map((item) => fields(item))
      .filter((condition) => text(condition['key'])?.startsWith('source.') === true)
      .flatMap((condition) => conditionMatch(condition) ?? []),
  ]);
}

function sourceMatch(source: Fields): Match {
  return [
    ...both(source, 'principals', 'notPrincipals', principalTest),
    ...both(source, 'namespaces', 'notNamespaces', namespaceTest),
    ...both(source, 'serviceAccounts', 'notServiceAccounts', accountTest),
    ...both(source, 'ipBlocks', 'notIpBlocks', (values) => addressTest(values, (request) => request.sourceAddress)),
  ];
}

function operationMatch(operation: Fields): Match {
  return both(operation, 'ports', 'notPorts', portTest);
}

/** Null: a key that ztunnel does not know. */
function conditionMatch(condition: Fields): Match | null {
  const of = (make: (values: readonly string[]) => Test): Match => both(condition, 'values', 'notValues', make);
  switch (text(condition['key'])) {
    case 'source.principal':
      return of(principalTest);
    case 'source.namespace':
      return of(namespaceTest);
    case 'source.ip':
      return of((values) => addressTest(values, (request) => request.sourceAddress));
    case 'destination.ip':
      return of((values) => addressTest(values, (request) => request.destinationAddress));
    case 'destination.port':
      return of(portTest);
    default:
      return null;
  }
}

function both(owner: Fields, field: string, notField: string, make: (values: readonly string[]) => Test): Match {
  const tests: Test[] = [];
  const positive = texts(owner[field]);
  const negative = texts(owner[notField]);
  if (positive.length > 0) tests.push(make(positive));
  if (negative.length > 0) {
    const test = make(negative);
    tests.push((request) => !test(request));
  }
  return tests;
}

/** Without aliases of the trust domain. */
function principalTest(values: readonly string[]): Test {
  const matchers = values.map(textMatcher);
  return ({ identity }) => identity !== null && matchers.some((match) => match(identity.replace(/^spiffe:\/\//, '')));
}

function namespaceTest(values: readonly string[]): Test {
  const matchers = values.map(textMatcher);
  return ({ identity }) => {
    const namespace = /\/ns\/([^/]+)\//.exec(identity ?? '')?.[1];
    return namespace !== undefined && matchers.some((match) => match(namespace));
  };
}

function accountTest(values: readonly string[]): Test {
  return ({ identity }) => {
    const [, namespace, account] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(identity ?? '') ?? [];
    return (
      namespace !== undefined && values.some((value) => value === `${namespace}/${account ?? ''}` || value === account)
    );
  };
}

function addressTest(values: readonly string[], addressOf: (request: TunnelRequest) => string | null): Test {
  const matchers = values.map(rangeMatcher);
  return (request) => {
    const address = addressOf(request);
    return address !== null && matchers.some((match) => match?.(address) === true);
  };
}

function portTest(values: readonly string[]): Test {
  const ports = new Set(values.map(Number));
  return ({ port }) => ports.has(port);
}
