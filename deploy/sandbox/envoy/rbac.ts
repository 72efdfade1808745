/** Authorization as Envoy's RBAC filters, one for DENY and one for ALLOW, on HTTP and on TCP chains. */
import type { AuthorizationRule } from '../reality.ts';
import { extension } from './message.ts';
import type { Message } from './message.ts';

type Layer = 'http' | 'tcp';

const FILTERS = {
  http: { name: 'envoy.filters.http.rbac', type: 'envoy.extensions.filters.http.rbac.v3.RBAC', fields: {} },
  tcp: {
    name: 'envoy.filters.network.rbac',
    type: 'envoy.extensions.filters.network.rbac.v3.RBAC',
    fields: { stat_prefix: 'tcp.' },
  },
} as const;

/** Where the proxy sees a workload port: the port of the address that it listens on. */
export type ListenPort = (workloadPort: number) => number;

/**
 * The filters in force, in the order of istio: pilot/pkg/networking/core/networkfilter.go (DENY before ALLOW); none without rules.
 * On TCP an ALLOW rule that asks for HTTP attributes is dropped and its filter stays (so it denies), a DENY rule only
 * loses those attributes (istio: pilot/pkg/security/authz/model/model.go:checkError).
 */
export function authorizationFilters(
  rules: readonly AuthorizationRule[],
  layer: Layer,
  listenPort: ListenPort,
): readonly Message[] {
  return (['DENY', 'ALLOW'] as const).flatMap((action) => {
    const ofAction = rules.filter((rule) => rule.action === action);
    if (ofAction.length === 0) return [];
    const policies = Object.fromEntries(
      ofAction
        .filter((rule) => layer === 'http' || action === 'DENY' || !isHttpOnly(rule))
        .map((rule, index) => [`${rule.name} ${String(index)}`, policy(rule, layer, listenPort)]),
    );
    const { name, type, fields } = FILTERS[layer];
    return [extension(name, type, { ...fields, rules: { action, policies } })];
  });
}

function isHttpOnly(rule: AuthorizationRule): boolean {
  return (rule.to?.methods ?? []).length > 0 || (rule.to?.paths ?? []).length > 0;
}

function policy(rule: AuthorizationRule, layer: Layer, listenPort: ListenPort): Message {
  return { permissions: [permission(rule.to, layer, listenPort)], principals: [principal(rule.from)] };
}

function permission(to: AuthorizationRule['to'], layer: Layer, listenPort: ListenPort): Message {
  const ports = (to?.ports ?? []).map((port) => ({ destination_port: listenPort(port) }));
  const methods = (to?.methods ?? []).map((value) => ({ header: { name: ':method', string_match: glob(value, '') } }));
  const paths = (to?.paths ?? []).map((value) => ({ url_path: { path: glob(value, '') } }));
  const groups = layer === 'http' ? [ports, methods, paths] : [ports];
  return allOf(
    groups.filter((group) => group.length > 0).map((rules) => ({ or_rules: { rules } })),
    'and_rules',
    'rules',
  );
}

/** Without an identity (plaintext) every positive field fails and every `not` field holds (envoy: common/rbac/matchers.cc). */
function principal(from: AuthorizationRule['from']): Message {
  const principals = (from?.principals ?? []).map(ofPrincipal);
  const namespaces = (from?.namespaces ?? []).map(ofNamespace);
  const positive = [principals, namespaces].filter((group) => group.length > 0).map(anyId);
  const negative = [(from?.notPrincipals ?? []).map(ofPrincipal), (from?.notNamespaces ?? []).map(ofNamespace)]
    .filter((group) => group.length > 0)
    .map((group) => ({ not_id: anyId(group) }));
  return allOf([...positive, ...negative], 'and_ids', 'ids');
}

function anyId(ids: readonly Message[]): Message {
  return { or_ids: { ids } };
}

function allOf(items: readonly Message[], field: string, inner: string): Message {
  return items.length === 0 ? { any: true } : { [field]: { [inner]: items } };
}

function authenticated(principalName: Message): Message {
  return { authenticated: { principal_name: principalName } };
}

/** istio: pilot/pkg/security/authz/model/generator.go:srcPrincipalGenerator; values come without `spiffe://`. */
function ofPrincipal(value: string): Message {
  return authenticated(glob(value, 'spiffe://'));
}

/** istio: pilot/pkg/security/authz/model/generator.go:srcNamespaceGenerator; a star stands for anything anywhere. */
function ofNamespace(value: string): Message {
  return authenticated({ safe_regex: { regex: `.*/ns/${value.replaceAll('*', '.*')}/.*` } });
}

/** `*` something, `*x` suffix, `x*` prefix, otherwise exact (istio: pilot/pkg/security/authz/matcher/string.go). */
function glob(value: string, scheme: string): Message {
  if (value === '*') return { safe_regex: { regex: '.+' } };
  if (value.startsWith('*')) {
    const suffix = value.slice(1);
    return scheme === '' ? { suffix } : { safe_regex: { regex: `${scheme}.*${quoted(suffix)}` } };
  }
  if (value.endsWith('*')) return { prefix: `${scheme}${value.slice(0, -1)}` };
  return { exact: `${scheme}${value}` };
}

/** Literal text inside a regular expression of Envoy (RE2). */
function quoted(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
