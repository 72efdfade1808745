/** The authorization stages at one proxy: CUSTOM, request authentication, DENY, ALLOW, with what slips past them. */
import type { AuthorizationPolicy, AuthorizationSet, MatchedRule } from './authorization.ts';
import { matchingRules } from './authorization.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import type { Decider, ObjectRef, TrailStep } from './expectation.ts';
import type { MeshConfig } from './mesh-config.ts';
import { step } from './trail.ts';

export type AuthorizationVerdict =
  | { readonly kind: 'allow'; readonly decidedBy: Decider | null; readonly steps: readonly TrailStep[] }
  | { readonly kind: 'deny'; readonly decidedBy: Decider; readonly steps: readonly TrailStep[] }
  /** An external provider has the last word. */
  | { readonly kind: 'provider'; readonly decidedBy: Decider; readonly steps: readonly TrailStep[] };

/**
 * CUSTOM comes before the JWT check, DENY and ALLOW after it.
 * istio: pilot/pkg/networking/core/listener_builder.go:buildHTTPConnectionManager, networkfilter.go
 */
export function customVerdict(
  set: AuthorizationSet,
  request: AuthorizationRequest,
  config: MeshConfig,
): AuthorizationVerdict {
  const [first] = matchingRules(set.custom, request);
  if (first === undefined) return { kind: 'allow', decidedBy: null, steps: [] };
  const providers = new Set(set.custom.map(({ provider }) => provider));
  const provider = config.extensionProviders.get(first.policy.provider);
  const decidedBy: Decider = { stage: 'custom-authorization', ...first.ref };
  // Up to 1.28 one workload can have one provider; with more of them everything that matches is denied.
  if (providers.size > 1 || provider === undefined) {
    const by = 'provider-missing';
    return { kind: 'deny', decidedBy, steps: [step('custom-authorization', 'deny', { by, object: first.ref })] };
  }
  if (provider.isHttp && request.http === undefined) return { kind: 'allow', decidedBy: null, steps: [] };
  const note = first.policy.provider;
  return {
    kind: 'provider',
    decidedBy,
    steps: [step('custom-authorization', 'provider-decides', { object: first.ref, note })],
  };
}

/** `wouldBe`: the identity that the caller does not prove; shows what slips past. */
export function policyVerdict(
  set: AuthorizationSet,
  request: AuthorizationRequest,
  wouldBe: string | null,
): AuthorizationVerdict {
  const steps: TrailStep[] = matchingRules(set.unenforced, request).map(({ ref, policy }) =>
    step('authorization', 'not-enforced', {
      object: ref,
      isInEffect: false,
      note: policy.isDryRun ? 'dry-run' : 'AUDIT',
    }),
  );
  const isTcp = request.http === undefined;
  const [denied] = matchingRules(set.deny, request);
  if (denied !== undefined) {
    steps.push(
      step('authorization', 'deny', {
        object: denied.ref,
        ...(isWidened(denied, isTcp) ? { by: 'http-fields-on-tcp' } : {}),
      }),
    );
    return { kind: 'deny', decidedBy: { stage: 'authorization', ...denied.ref }, steps };
  }
  steps.push(...slippedDenials(set, request, wouldBe));
  if (set.allow.length === 0) return { kind: 'allow', decidedBy: null, steps };
  const [allowed] = matchingRules(set.allow, request);
  if (allowed !== undefined) {
    steps.push(
      step('authorization', 'allow', { object: allowed.ref }),
      ...slippedAllow(set, allowed, request, wouldBe),
    );
    return { kind: 'allow', decidedBy: { stage: 'authorization', ...allowed.ref }, steps };
  }
  const objects = set.allow.map(({ ref }) => ref);
  const isDropped = isTcp && set.allow.some(({ rules }) => rules.some(({ hasHttpFields }) => hasHttpFields));
  for (const object of objects) {
    steps.push(step('authorization', 'deny', { by: isDropped ? 'http-fields-on-tcp' : 'no-allow-matched', object }));
  }
  return { kind: 'deny', decidedBy: together('authorization', objects), steps };
}

/** One object by its name, several as a list. */
export function together(stage: Decider['stage'], objects: readonly ObjectRef[]): Decider {
  const [only] = objects;
  return { stage, ...(objects.length === 1 ? only : {}), objects };
}

function isWidened({ rule }: MatchedRule, isTcp: boolean): boolean {
  return isTcp && rule.hasHttpFields;
}

/** DENY rules on identities that would have caught this caller, had it proved who it is. */
function slippedDenials(
  set: AuthorizationSet,
  request: AuthorizationRequest,
  wouldBe: string | null,
): readonly TrailStep[] {
  if (request.identity !== null || wouldBe === null) return [];
  const onIdentity = set.deny.filter((policy) => usesIdentity(policy));
  if (onIdentity.length === 0) return [];
  return matchingRules(onIdentity, { ...request, identity: wouldBe }).map(({ ref }) => slipped(ref));
}

/** An ALLOW by exclusion (notPrincipals, notNamespaces) that lets in whom it means to keep out. */
function slippedAllow(
  set: AuthorizationSet,
  allowed: MatchedRule,
  request: AuthorizationRequest,
  wouldBe: string | null,
): readonly TrailStep[] {
  if (request.identity !== null || wouldBe === null || !allowed.rule.usesIdentity) return [];
  return matchingRules(set.allow, { ...request, identity: wouldBe }).length > 0 ? [] : [slipped(allowed.ref)];
}

function slipped(object: ObjectRef): TrailStep {
  return step('authorization', 'slipped', { object, isInEffect: false, note: 'the caller proves no identity' });
}

function usesIdentity(policy: AuthorizationPolicy): boolean {
  return policy.rules.some((rule) => rule.usesIdentity);
}
