/** Role-based access control of one sidecar (istio: pilot/pkg/security/authz/model, envoy: rbac filters). */
import type { AuthorizationRule } from '../reality.ts';

/** Facts of a connection or request that rules speak of. */
export interface Access {
  /** SPIFFE id from the client's certificate; undefined: plaintext, which matches no identity and every `not` identity. */
  readonly caller: string | undefined;
  /** The workload port. */
  readonly port: number;
  /** Present on HTTP chains only. */
  readonly request?: { readonly method: string; readonly path: string };
}

/** A matching DENY rule denies; else, if there are ALLOW rules, one has to match; else all is allowed. */
export function isAllowed(rules: readonly AuthorizationRule[], access: Access): boolean {
  if (rules.some((rule) => rule.action === 'DENY' && matches(rule, access))) return false;
  const allowing = rules.filter((rule) => rule.action === 'ALLOW');
  return allowing.length === 0 || allowing.some((rule) => matches(rule, access));
}

function matches({ action, from = {}, to = {} }: AuthorizationRule, { caller, port, request }: Access): boolean {
  const isCaller = (value: string): boolean => isPrincipal(value, caller);
  const isFrom = (value: string): boolean => isNamespace(value, caller);
  if (isUnmet(from.principals, isCaller) || isUnmet(from.namespaces, isFrom)) return false;
  if (from.notPrincipals?.some(isCaller) === true || from.notNamespaces?.some(isFrom) === true) return false;
  if (isUnmet(to.ports, (value) => value === port)) return false;
  // On TCP chains a rule to allow is dropped with its HTTP fields; a rule to deny loses them, and so widens
  // (istio: pilot/pkg/security/authz/model/model.go:checkError).
  if (request === undefined) return action === 'DENY' || (isEmpty(to.methods) && isEmpty(to.paths));
  const path = request.path.replace(/[?#].*$/s, '');
  return (
    !isUnmet(to.methods, (value) => isText(value, request.method)) && !isUnmet(to.paths, (value) => isText(value, path))
  );
}

/** A field without values asks for nothing. */
function isUnmet<Value>(values: readonly Value[] | undefined, fits: (value: Value) => boolean): boolean {
  return values !== undefined && values.length > 0 && !values.some(fits);
}

function isEmpty(values: readonly string[] | undefined): boolean {
  return values === undefined || values.length === 0;
}

/** `*` any non-empty, `*x` suffix, `x*` prefix, otherwise exact (istio: authz/matcher/string.go). */
function isText(pattern: string, value: string): boolean {
  if (pattern === '*') return value !== '';
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1));
  if (pattern.endsWith('*')) return value.startsWith(pattern.slice(0, -1));
  return value === pattern;
}

/** Patterns of principals leave the scheme out: `cluster.local/ns/shop/sa/web`. */
function isPrincipal(pattern: string, caller: string | undefined): boolean {
  if (caller === undefined) return false;
  const [, id = ''] = /^spiffe:\/\/(.*)$/s.exec(caller) ?? [];
  return isText(pattern, id);
}

/** Anything, then /ns/PATTERN/, then anything, where every `*` of the pattern stands for anything. */
function isNamespace(pattern: string, caller: string | undefined): boolean {
  if (caller === undefined) return false;
  const text = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^.*/ns/${text}/.*$`, 's').test(caller);
}
