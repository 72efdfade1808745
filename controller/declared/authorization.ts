/** AuthorizationPolicies: which ones reach a pod, and what they say of a request, in the order in which Envoy asks them. */
import type { AuthorizationRequest } from './authorization-request.ts';
import { compileRule } from './authorization-rules.ts';
import type { AuthorizationAction, AuthorizationRule } from './authorization-rules.ts';
import type { ObjectRef } from './expectation.ts';
import type { MeshConfig } from './mesh-config.ts';
import type { K8sObject } from './objects.ts';
import { byAge, compareText, groupBy, refOf } from './order.ts';
import { fields, list, parseBool, text } from './reading.ts';
import { isSubset, workloadSelector } from './selector.ts';
import type { Labels } from './selector.ts';

export interface TargetRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

export interface AuthorizationPolicy {
  readonly ref: ObjectRef;
  readonly action: AuthorizationAction;
  readonly rules: readonly AuthorizationRule[];
  readonly selector: Labels | null;
  readonly targetRefs: readonly TargetRef[];
  readonly isDryRun: boolean;
  /** CUSTOM: name of the extension provider. */
  readonly provider: string;
  /** As it was written; ztunnel compiles it in its own way. */
  readonly spec: unknown;
}

export type AuthorizationPolicies = ReadonlyMap<string, readonly AuthorizationPolicy[]>;

/** By namespace, oldest first. */
export function readAuthorizationPolicies(objects: readonly K8sObject[], config: MeshConfig): AuthorizationPolicies {
  const policies = [...objects].sort(byAge).map((object): AuthorizationPolicy => {
    const spec = fields(object, 'spec');
    const action = actionOf(spec['action']);
    const context = { action, namespace: object.metadata.namespace, config };
    return {
      ref: refOf(object),
      action,
      rules: list(spec['rules']).map((rule, index) => compileRule(rule, index, context)),
      selector: workloadSelector(spec),
      targetRefs: targetRefsOf(spec),
      isDryRun: parseBool(object.metadata.annotations['istio.io/dry-run']) === true,
      provider: text(fields(spec, 'provider')['name']) ?? '',
      spec,
    };
  });
  return groupBy(policies, ({ ref }) => ref.namespace);
}

function actionOf(value: unknown): AuthorizationAction {
  return value === 'DENY' || value === 'AUDIT' || value === 'CUSTOM' ? value : 'ALLOW';
}

/** `targetRefs`, or the older single `targetRef`. */
export function targetRefsOf(spec: unknown): readonly TargetRef[] {
  const several = list(fields(spec)['targetRefs']);
  const given = several.length > 0 ? several : [fields(spec)['targetRef']].filter((item) => item !== undefined);
  return given.map((item) => ({
    group: text(fields(item)['group']) ?? '',
    kind: text(fields(item)['kind']) ?? '',
    name: text(fields(item)['name']) ?? '',
  }));
}

interface Attachable {
  readonly ref: ObjectRef;
  readonly selector: Labels | null;
  readonly targetRefs: readonly TargetRef[];
}

/**
 * Policies of the root namespace and the workload's own that reach a sidecar. A selector in the root namespace does work
 * here, unlike with PeerAuthentication; policies with targetRefs are not for sidecars.
 * istio: pilot/pkg/model/policyattachment.go:ShouldAttachPolicy, authorization.go:ListAuthorizationPolicies
 */
export function policiesFor<T extends Attachable>(
  all: ReadonlyMap<string, readonly T[]>,
  pod: { readonly namespace: string; readonly labels: Labels },
  rootNamespace: string,
): readonly T[] {
  const consulted = new Set([rootNamespace, pod.namespace]);
  return [...consulted]
    .flatMap((namespace) => all.get(namespace) ?? [])
    .filter(({ ref, selector, targetRefs }) =>
      targetRefs.length === 0
        ? isSubset(selector ?? {}, pod.labels)
        : ref.namespace === pod.namespace && targetRefs.some((target) => isGatewayOf(target, pod.labels)),
    );
}

/** Pods of a Gateway API gateway bear its name; policies find them by targetRefs too. */
function isGatewayOf({ kind, name }: TargetRef, labels: Labels): boolean {
  return kind === 'Gateway' && labels['gateway.networking.k8s.io/gateway-name'] === name;
}

/** All that has a say at one proxy, by action. Dry-run policies are kept apart: they never decide. */
export interface AuthorizationSet {
  readonly custom: readonly AuthorizationPolicy[];
  readonly deny: readonly AuthorizationPolicy[];
  readonly allow: readonly AuthorizationPolicy[];
  readonly unenforced: readonly AuthorizationPolicy[];
}

export function authorizationSet(policies: readonly AuthorizationPolicy[]): AuthorizationSet {
  const enforced = policies.filter(({ isDryRun, action }) => !isDryRun || action === 'CUSTOM');
  const of = (action: AuthorizationAction): readonly AuthorizationPolicy[] =>
    enforced.filter((policy) => policy.action === action);
  return {
    custom: of('CUSTOM'),
    deny: of('DENY'),
    allow: of('ALLOW'),
    unenforced: policies.filter(({ isDryRun, action }) => action === 'AUDIT' || (isDryRun && action !== 'CUSTOM')),
  };
}

export interface MatchedRule {
  readonly policy: AuthorizationPolicy;
  readonly rule: AuthorizationRule;
  readonly ref: ObjectRef;
}

/**
 * All rules that match, in the order of Envoy's policy map: by the text of their ids, so rule 10 comes before rule 2.
 * envoy: source/extensions/filters/common/rbac/engine_impl.h
 */
export function matchingRules(
  policies: readonly AuthorizationPolicy[],
  request: AuthorizationRequest,
): readonly MatchedRule[] {
  const matches: (MatchedRule & { readonly id: string })[] = [];
  for (const policy of policies) {
    for (const [index, rule] of policy.rules.entries()) {
      const predicate = request.http === undefined ? rule.tcp : rule.http;
      if (predicate === null || !predicate(request)) continue;
      const id = `ns[${policy.ref.namespace}]-policy[${policy.ref.name}]-rule[${String(index)}]`;
      matches.push({ policy, rule, ref: { ...policy.ref, path: rule.path }, id });
    }
  }
  return matches.length < 2 ? matches : matches.sort((a, b) => compareText(a.id, b.id));
}
