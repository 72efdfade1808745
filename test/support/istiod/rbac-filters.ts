/** AuthorizationPolicies as the RBAC filters of one chain: AUDIT, DENY, ALLOW, in that order. */
import { extension } from '../../../deploy/sandbox/envoy/message.ts';
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';
import { attached } from './objects.ts';
import type { AuthorizationPolicy, MeshSettings, Workload } from './objects.ts';
import { rbacPolicy } from './rbac-policy.ts';
import type { Action, Layer } from './rbac-policy.ts';

const FILTERS = {
  http: { name: 'envoy.filters.http.rbac', type: 'envoy.extensions.filters.http.rbac.v3.RBAC', fields: {} },
  tcp: {
    name: 'envoy.filters.network.rbac',
    type: 'envoy.extensions.filters.network.rbac.v3.RBAC',
    fields: { stat_prefix: 'tcp.' },
  },
} as const;

/** Of a policy without rules. */
const NEVER: Message = { permissions: [{ not_rule: { any: true } }], principals: [{ not_id: { any: true } }] };

/**
 * All policies of an action make one filter, which is there as soon as one policy is, whatever becomes of its rules. Those
 * of dry-run policies are shadow rules. istio: pilot/pkg/security/authz/builder/builder.go:build
 */
export function rbacFilters(
  policies: readonly AuthorizationPolicy[],
  workload: Workload,
  mesh: MeshSettings,
  layer: Layer,
): readonly Message[] {
  const inForce = attached(policies, workload, mesh);
  return (['LOG', 'DENY', 'ALLOW'] as const).flatMap((action) => {
    const ofAction = inForce.filter(({ spec }) => actionOf(spec.action) === action);
    if (ofAction.length === 0) return [];
    const { name, type, fields } = FILTERS[layer];
    const rules = (shadow: boolean): Message | undefined =>
      ruleSet(
        ofAction.filter((policy) => isDryRun(policy) === shadow),
        { action, layer, mesh },
      );
    return [extension(name, type, { ...fields, rules: rules(false), shadow_rules: rules(true) })];
  });
}

function actionOf(action: AuthorizationPolicy['spec']['action']): Action {
  return action === 'AUDIT' ? 'LOG' : (action ?? 'ALLOW');
}

/** Go's strconv.ParseBool; what it does not know is false. */
function isDryRun({ metadata }: AuthorizationPolicy): boolean {
  return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(metadata.annotations?.['istio.io/dry-run'] ?? '');
}

function ruleSet(
  policies: readonly AuthorizationPolicy[],
  { action, layer, mesh }: { readonly action: Action; readonly layer: Layer; readonly mesh: MeshSettings },
): Message | undefined {
  if (policies.length === 0) return undefined;
  const entries = policies.flatMap(({ metadata: { namespace, name }, spec: { rules = [] } }) => {
    const id = (index: number): string => `ns[${namespace}]-policy[${name}]-rule[${String(index)}]`;
    if (rules.length === 0) return [[id(0), NEVER] as const];
    return rules.map((rule, index) => [id(index), rbacPolicy(rule, { action, layer, namespace, mesh })] as const);
  });
  return { action, policies: Object.fromEntries(entries.filter(([, policy]) => policy !== null)) };
}
