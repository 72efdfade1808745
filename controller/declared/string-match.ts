/** Text patterns of AuthorizationPolicy: exact, `x*`, `*x`, and `*` for anything that is not empty. */

export type TextMatcher = (value: string) => boolean;

/** istio: pilot/pkg/security/authz/matcher/string.go; an asterisk in the middle is an ordinary character. */
export function textMatcher(pattern: string): TextMatcher {
  if (pattern === '*') return (value) => value !== '';
  if (pattern.startsWith('*')) {
    const suffix = pattern.slice(1);
    return (value) => value.endsWith(suffix);
  }
  if (pattern.endsWith('*')) {
    const prefix = pattern.slice(0, -1);
    return (value) => value.startsWith(prefix);
  }
  return (value) => value === pattern;
}

/** Of headers, where `*` is for any that are there, empty ones too: istio: pilot/pkg/security/authz/matcher/header.go */
export function headerMatcher(pattern: string): TextMatcher {
  return pattern === '*' ? () => true : textMatcher(pattern);
}

/** Host names: as `headerMatcher`, without regard to case. */
export function hostMatcher(pattern: string): TextMatcher {
  const match = headerMatcher(pattern.toLowerCase());
  return (value) => match(value.toLowerCase());
}

/**
 * Principals, written without `spiffe://`, against the peer's URI SAN. Behind a leading `*` comes part of a regular
 * expression: `*.local/ns/a/sa/b` is also for `xlocal/ns/a/sa/b`.
 * istio: pilot/pkg/security/authz/model/generator.go:principalGenerator, matcher/string.go:StringMatcherWithPrefix
 */
export function principalMatcher(pattern: string): TextMatcher {
  if (pattern === '*') return (id) => id !== '';
  if (pattern.startsWith('*')) return expressionMatcher(principalExpression(pattern));
  if (pattern.endsWith('*')) {
    const prefix = `spiffe://${pattern.slice(0, -1)}`;
    return (id) => id.startsWith(prefix);
  }
  const exact = `spiffe://${pattern}`;
  return (id) => id === exact;
}

/** Of a pattern with a leading `*`. */
export function principalExpression(pattern: string): string {
  return `spiffe://.*${pattern.slice(1)}`;
}

/** Every `*` of a namespace stands for any text, and a dot for any character: istio: authz/model/generator.go:srcNamespaceGenerator */
export function namespaceMatcher(pattern: string): TextMatcher {
  return expressionMatcher(namespaceExpression(pattern));
}

export function namespaceExpression(pattern: string): string {
  return `.*/ns/${pattern.replaceAll('*', '.*')}/.*`;
}

/**
 * `namespace/name`, or `name` in the policy's namespace. Up to Istio 1.28 the value goes into the expression unquoted, so a
 * dot stands for any character. istio: authz/model/generator.go:srcServiceAccountGenerator
 */
export function serviceAccountMatcher(value: string, policyNamespace: string): TextMatcher {
  return expressionMatcher(serviceAccountExpression(value, policyNamespace));
}

export function serviceAccountExpression(value: string, policyNamespace: string): string {
  const slash = value.indexOf('/');
  const namespace = slash < 0 ? policyNamespace : value.slice(0, slash);
  return `spiffe://.+/ns/${namespace}/(.+/|)sa/${value.slice(slash + 1)}(/.+)?`;
}

export function trustDomainMatcher(value: string): TextMatcher {
  if (value === '*') return (id) => id.startsWith('spiffe://');
  if (!value.includes('*')) {
    const prefix = `spiffe://${value}/`;
    return (id) => id.startsWith(prefix);
  }
  const expression = new RegExp(`^spiffe://${value.split('*').map(escapeRegExp).join('[^/]*')}/.*$`);
  return (id) => expression.test(id);
}

/** Against the whole text. What is no expression matches nothing here; Envoy would refuse all of the configuration that it is in. */
function expressionMatcher(source: string): TextMatcher {
  const expression = expressionOf(source);
  return (value) => expression?.test(value) ?? false;
}

/** Null where Envoy takes it for none. RE2, which it reads expressions with, looks neither ahead nor behind nor back. */
export function expressionOf(source: string): RegExp | null {
  if (/\(\?<?[=!]|\\[1-9]/.test(source)) return null;
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    return null;
  }
}

function escapeRegExp(value: string): string {
  return value.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
