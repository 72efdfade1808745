/** RequestAuthentication: is the token that a request carries accepted, and what do policies then know of it? */
import type { TargetRef } from './authorization.ts';
import { targetRefsOf } from './authorization.ts';
import type { FlowRequest, ObjectRef } from './expectation.ts';
import type { K8sObject } from './objects.ts';
import { byAge, groupBy, refOf } from './order.ts';
import { fields, list, text, texts } from './reading.ts';
import { workloadSelector } from './selector.ts';
import type { Labels } from './selector.ts';

export interface RequestAuthentication {
  readonly ref: ObjectRef;
  readonly selector: Labels | null;
  readonly targetRefs: readonly TargetRef[];
  readonly rules: readonly JwtRule[];
}

interface JwtRule {
  readonly path: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly spaceDelimited: readonly string[];
}

export function readRequestAuthentications(
  objects: readonly K8sObject[],
): ReadonlyMap<string, readonly RequestAuthentication[]> {
  const all = [...objects].sort(byAge).map((object): RequestAuthentication => {
    const spec = fields(object, 'spec');
    return {
      ref: refOf(object),
      selector: workloadSelector(spec),
      targetRefs: targetRefsOf(spec),
      rules: list(spec['jwtRules']).map((rule, index) => ({
        path: `spec.jwtRules[${String(index)}]`,
        issuer: text(fields(rule)['issuer']) ?? '',
        audiences: texts(fields(rule)['audiences']),
        spaceDelimited: texts(fields(rule)['spaceDelimitedClaims']),
      })),
    };
  });
  return groupBy(all, ({ ref }) => ref.namespace);
}

export type TokenVerdict =
  /** Nobody asks for tokens here, or the request has none. */
  | { readonly kind: 'none'; readonly isAsked: boolean }
  | {
      readonly kind: 'accepted';
      readonly object: ObjectRef;
      readonly claims: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'refused'; readonly object: ObjectRef; readonly httpStatus: 401 | 403; readonly why: string };

/** Envoy's jwt_authn allows for clocks that differ. */
const CLOCK_SKEW_S = 60;
/** Claims whose text is a list: istio: pilot/pkg/security/authn/policy_applier.go:convertToEnvoyJwtConfig */
const SPACE_DELIMITED = ['scope', 'permission'];

/**
 * A missing token is let through; who wants one needs a policy on request principals. Of several rules for one issuer any may
 * accept. `nowMs` null: expiry is not judged. istio: pilot/pkg/security/authn/policy_applier.go:convertToEnvoyJwtConfig
 */
export function judgeToken(
  policies: readonly RequestAuthentication[],
  token: FlowRequest['token'],
  nowMs: number | null,
): TokenVerdict {
  const rules = policies.flatMap(({ ref, rules: own }) =>
    own.map((rule) => ({ rule, object: { ...ref, path: rule.path } })),
  );
  const [first] = rules;
  if (first === undefined) return { kind: 'none', isAsked: false };
  if (token === undefined) return { kind: 'none', isAsked: true };
  const refuse = (object: ObjectRef, why: string, httpStatus: 401 | 403 = 401): TokenVerdict => ({
    kind: 'refused',
    object,
    httpStatus,
    why,
  });
  if (token === 'invalid') return refuse(first.object, 'its signature is bad');
  const ofIssuer = rules.filter(({ rule }) => rule.issuer === token['iss']);
  const [found] = ofIssuer;
  if (found === undefined) return refuse(first.object, `its issuer ${String(token['iss'])} is not configured`);
  if (nowMs !== null && isOutOfTime(token, nowMs / 1000))
    return refuse(found.object, 'it is expired, or not valid yet');
  const accepting = ofIssuer.find(({ rule }) => isForAudience(token, rule.audiences));
  if (accepting === undefined) return refuse(found.object, 'it is for another audience', 403);
  return {
    kind: 'accepted',
    object: accepting.object,
    claims: splitClaims(token, [...SPACE_DELIMITED, ...accepting.rule.spaceDelimited]),
  };
}

function isForAudience(token: Readonly<Record<string, unknown>>, audiences: readonly string[]): boolean {
  const given = [token['aud']].flat().filter((item) => typeof item === 'string');
  return audiences.length === 0 || given.some((audience) => audiences.includes(audience));
}

function isOutOfTime(token: Readonly<Record<string, unknown>>, nowS: number): boolean {
  const { exp, nbf } = token;
  return (
    (typeof exp === 'number' && exp + CLOCK_SKEW_S < nowS) || (typeof nbf === 'number' && nbf - CLOCK_SKEW_S > nowS)
  );
}

function splitClaims(
  token: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(token).map(([name, value]) => [
      name,
      names.includes(name) && typeof value === 'string' ? value.split(' ') : value,
    ]),
  );
}

/** CORS preflights carry no token, and are not asked for one. */
export function isPreflight(method: string, headers: Readonly<Record<string, string>>): boolean {
  return (
    method === 'OPTIONS' && headers['origin'] !== undefined && headers['access-control-request-method'] !== undefined
  );
}
