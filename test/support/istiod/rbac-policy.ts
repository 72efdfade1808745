/** One rule of an AuthorizationPolicy as a policy of Envoy's RBAC filter. */
import { extension } from '../../../deploy/sandbox/envoy/message.ts';
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';
import { cidr, claimMatcher, headerMatcher, portNumber, stringMatcher } from './matchers.ts';
import type { MeshSettings, Operation, Rule, Source, When } from './objects.ts';
import { inAllTrustDomains, ofNamespace, ofPrincipal, ofServiceAccount } from './principals.ts';
import { ofRequestPrincipal } from './request-principals.ts';

export type Layer = 'http' | 'tcp';
export type Action = 'ALLOW' | 'DENY' | 'LOG';

export interface RuleContext {
  readonly layer: Layer;
  readonly action: Action;
  readonly namespace: string;
  readonly mesh: MeshSettings;
}

/** What a field's values become; `null`s are values that cannot be expressed on this kind of chain, or at all. */
interface Field {
  readonly values: readonly (Message | null)[];
  readonly notValues: readonly (Message | null)[];
}

type Part = 'permission' | 'principal';

/**
 * Null: the rule does not exist. An unknown `when` key loses the rule for every action; a value that cannot be expressed
 * loses an ALLOW rule, but for DENY only the value (and the field with its last one).
 * istio: pilot/pkg/security/authz/model/model.go:New, Generate, checkError
 */
export function rbacPolicy(rule: Rule, context: RuleContext): Message | null {
  const conditions = (rule.when ?? []).map((when) => ({ when, part: partOf(when.key) }));
  if (conditions.some(({ part }) => part === null)) return null;
  const ofPart = (part: Part): readonly Field[] =>
    conditions.filter((condition) => condition.part === part).map(({ when }) => conditionField(when, context));
  const sources = (rule.from ?? [{ source: {} }]).map(({ source }) => [
    ...sourceFields(source, context),
    ...ofPart('principal'),
  ]);
  const operations = (rule.to ?? [{ operation: {} }]).map(({ operation }) => [
    ...operationFields(operation, context),
    ...ofPart('permission'),
  ]);
  const all = [...sources, ...operations].flat().flatMap(({ values, notValues }) => [...values, ...notValues]);
  if (context.action === 'ALLOW' && all.includes(null)) return null;
  return {
    permissions: operations.map((fields) => conjunction(fields, 'permission')),
    principals: sources.map((fields) => conjunction(fields, 'principal')),
  };
}

const WORDS = {
  permission: { and: 'and_rules', or: 'or_rules', not: 'not_rule', list: 'rules' },
  principal: { and: 'and_ids', or: 'or_ids', not: 'not_id', list: 'ids' },
} as const;

function conjunction(fields: readonly Field[], part: Part): Message {
  const { and, or, not, list } = WORDS[part];
  const known = (values: readonly (Message | null)[]): readonly Message[] => values.filter((value) => value !== null);
  const any = (values: readonly Message[]): Message => ({ [or]: { [list]: values } });
  const all = fields.flatMap((field) => {
    const positive = known(field.values);
    const negative = known(field.notValues);
    return [
      ...(positive.length > 0 ? [any(positive)] : []),
      ...(negative.length > 0 ? [{ [not]: any(negative) }] : []),
    ];
  });
  return { [and]: { [list]: all.length > 0 ? all : [{ any: true }] } };
}

function sourceFields(source: Source, { layer, namespace, mesh }: RuleContext): readonly Field[] {
  return [
    principalField(source.principals, source.notPrincipals, mesh),
    field(source.requestPrincipals, source.notRequestPrincipals, httpOnly(layer, ofRequestPrincipal)),
    field(source.serviceAccounts, source.notServiceAccounts, (value) => ofServiceAccount(value, namespace)),
    field(source.namespaces, source.notNamespaces, ofNamespace),
    field(source.remoteIpBlocks, source.notRemoteIpBlocks, range('remote_ip')),
    field(source.ipBlocks, source.notIpBlocks, range('direct_remote_ip')),
  ];
}

function operationFields(operation: Operation, { layer }: RuleContext): readonly Field[] {
  return [
    field(
      operation.hosts,
      operation.notHosts,
      httpOnly(layer, (value) => header(':authority', value, true)),
    ),
    field(
      operation.methods,
      operation.notMethods,
      httpOnly(layer, (value) => header(':method', value)),
    ),
    field(operation.paths, operation.notPaths, httpOnly(layer, path)),
    field(operation.ports, operation.notPorts, port),
  ];
}

/** Null: not a key of istio 1.28. */
function partOf(key: string): Part | null {
  if (['destination.ip', 'destination.port', 'connection.sni'].includes(key)) return 'permission';
  if (key.startsWith('experimental.envoy.filters.')) return 'permission';
  const exact =
    /^(source\.(ip|namespace|principal|serviceAccount)|remote\.ip|request\.auth\.(principal|audiences|presenter))$/;
  return exact.test(key) || key.startsWith('request.headers') || key.startsWith('request.auth.claims')
    ? 'principal'
    : null;
}

function conditionField({ key, values, notValues }: When, context: RuleContext): Field {
  const { layer, namespace, mesh } = context;
  const each = (make: (value: string) => Message | null): Field => field(values, notValues, make);
  const claims = (path: readonly string[]): Field =>
    together(values, notValues, layer, (all) => claimMatcher(path, all));
  switch (key) {
    case 'destination.ip':
      return each(range('destination_ip'));
    case 'destination.port':
      return each(port);
    case 'connection.sni':
      return each((value) => ({ requested_server_name: stringMatcher(value) }));
    case 'source.ip':
      return each(range('direct_remote_ip'));
    case 'remote.ip':
      return each(range('remote_ip'));
    case 'source.namespace':
      return each(ofNamespace);
    case 'source.serviceAccount':
      return each((value) => ofServiceAccount(value, namespace));
    case 'source.principal':
      return principalField(values, notValues, mesh);
    case 'request.auth.principal':
      return each(httpOnly(layer, ofRequestPrincipal));
    case 'request.auth.audiences':
      return claims(['aud']);
    case 'request.auth.presenter':
      return claims(['azp']);
  }
  if (key.startsWith('request.headers')) {
    const name = /^request\.headers\[(?<name>.*)\]$/.exec(key)?.groups?.['name'];
    return each((value) => (layer === 'tcp' || name === undefined ? null : header(name, value)));
  }
  if (key.startsWith('request.auth.claims'))
    return claims([...key.matchAll(/\[([^[\]]*)\]/g)].map(([, name = '']) => name));
  const [filter = '', name = ''] = key.slice('experimental.'.length, -1).split('[', 2);
  return each((value) => ({
    metadata: { filter, path: [{ key: name }], value: { string_match: stringMatcher(value) } },
  }));
}

function field(
  values: readonly string[] = [],
  notValues: readonly string[] = [],
  make: (value: string) => Message | null,
): Field {
  return { values: values.map(make), notValues: notValues.map(make) };
}

function principalField(values: readonly string[] = [], notValues: readonly string[] = [], mesh: MeshSettings): Field {
  const expand = (names: readonly string[]): readonly string[] =>
    names.flatMap((name) => inAllTrustDomains(name, mesh));
  return field(expand(values), expand(notValues), ofPrincipal);
}

/** Claims: all values of a list make one matcher. */
function together(
  values: readonly string[] = [],
  notValues: readonly string[] = [],
  layer: Layer,
  make: (values: readonly string[]) => Message,
): Field {
  const one = (list: readonly string[]): readonly (Message | null)[] =>
    list.length === 0 ? [] : [layer === 'tcp' ? null : { metadata: make(list) }];
  return { values: one(values), notValues: one(notValues) };
}

function httpOnly(layer: Layer, make: (value: string) => Message): (value: string) => Message | null {
  return (value) => (layer === 'tcp' ? null : make(value));
}

function range(kind: string): (value: string) => Message | null {
  return (value) => {
    const block = cidr(value);
    return block === null ? null : { [kind]: block };
  };
}

function port(value: string): Message | null {
  const number = portNumber(value);
  return number === null ? null : { destination_port: number };
}

function header(name: string, value: string, ignoresCase = false): Message {
  return { header: headerMatcher(name, value, ignoresCase) };
}

/** istio: pilot/pkg/security/authz/matcher/template.go:PathTemplateMatcher */
function path(value: string): Message {
  if (!/\{\*\*?\}/.test(value)) return { url_path: { path: stringMatcher(value) } };
  const path_template = value.replaceAll('{**}', '**').replaceAll('{*}', '*');
  return {
    uri_template: extension('uri-template', 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', {
      path_template,
    }),
  };
}
