/** AuthorizationPolicies that an API server would not have taken. */
import { rangeMatcher } from '../declared/ip-ranges.ts';
import { fields, isFields, list, text, texts } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';
import type { Rejection } from './rejections.ts';

const ACTIONS: ReadonlySet<unknown> = new Set([undefined, 'ALLOW', 'DENY', 'AUDIT', 'CUSTOM']);
const KEYS: ReadonlySet<string> = new Set([
  'source.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'source.trustDomain',
  'remote.ip',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'destination.ip',
  'destination.port',
  'connection.sni',
]);
const BRACKETED = /^(?:request\.headers|request\.auth\.claims|experimental\.envoy\.filters\.[a-z0-9_.]+)\[.+\]$/;
const RANGES = ['ipBlocks', 'notIpBlocks', 'remoteIpBlocks', 'notRemoteIpBlocks'];

/** istio: pkg/config/validation/validation.go:ValidateAuthorizationPolicy */
export function ruleRejections(spec: Fields): readonly Rejection[] {
  const found: Rejection[] = [];
  const action = spec['action'];
  if (!ACTIONS.has(action))
    found.push({ path: 'spec.action', why: `has an action that does not exist: ${JSON.stringify(action)}` });
  const rules = list(spec['rules']);
  if (action !== undefined && action !== 'ALLOW' && rules.length === 0) {
    found.push({ path: 'spec', why: `has action ${JSON.stringify(action)} and no rules, so it never matches` });
  }
  if (action === 'CUSTOM' && (text(fields(spec, 'provider')['name']) ?? '') === '') {
    found.push({ path: 'spec.provider', why: 'has action CUSTOM and no provider' });
  }
  if (isFields(spec['selector']) && (list(spec['targetRefs']).length > 0 || isFields(spec['targetRef']))) {
    found.push({ path: 'spec.selector', why: 'has both a selector and targetRefs' });
  }
  return [...found, ...rules.flatMap((rule, index) => ruleProblems(fields(rule), `spec.rules[${String(index)}]`))];
}

function ruleProblems(rule: Fields, at: string): readonly Rejection[] {
  return [
    ...list(rule['from']).flatMap((item, index) =>
      partProblems(fields(item)['source'], `${at}.from[${String(index)}].source`),
    ),
    ...list(rule['to']).flatMap((item, index) =>
      partProblems(fields(item)['operation'], `${at}.to[${String(index)}].operation`),
    ),
    ...list(rule['when']).flatMap((item, index) => conditionProblems(fields(item), `${at}.when[${String(index)}]`)),
  ];
}

function partProblems(part: unknown, path: string): readonly Rejection[] {
  if (!isFields(part) || Object.keys(part).length === 0) return [{ path, why: 'has a rule with an empty part' }];
  const ranges = RANGES.flatMap((field) =>
    texts(part[field]).flatMap((range) =>
      rangeMatcher(range) === null
        ? [{ path: `${path}.${field}`, why: `has an address range that is none: ${JSON.stringify(range)}` }]
        : [],
    ),
  );
  const ports = ['ports', 'notPorts'].flatMap((field) =>
    texts(part[field]).flatMap((port) =>
      /^\d+$/.test(port) && Number(port) <= 65535
        ? []
        : [{ path: `${path}.${field}`, why: `names port ${port}, which is none` }],
    ),
  );
  return [...ranges, ...ports];
}

function conditionProblems(condition: Fields, path: string): readonly Rejection[] {
  const key = text(condition['key']) ?? '';
  const found: Rejection[] = [];
  if (!KEYS.has(key) && !BRACKETED.test(key))
    found.push({ path, why: `has a condition on ${JSON.stringify(key)}, which is unknown` });
  if (list(condition['values']).length + list(condition['notValues']).length === 0) {
    found.push({ path, why: 'has a condition without values' });
  }
  return found;
}
