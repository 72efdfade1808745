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

/** Host names: as `textMatcher`, without regard to case. */
export function hostMatcher(pattern: string): TextMatcher {
  const match = textMatcher(pattern.toLowerCase());
  return (value) => match(value.toLowerCase());
}

/**
 * Principals, written without `spiffe://`, against the peer's URI SAN.
 * istio: pilot/pkg/security/authz/model/generator.go:principalGenerator, matcher/string.go:StringMatcherWithPrefix
 */
export function principalMatcher(pattern: string): TextMatcher {
  if (pattern === '*') return (id) => id !== '';
  if (pattern.startsWith('*')) {
    const suffix = pattern.slice(1);
    return (id) => id.startsWith('spiffe://') && id.slice('spiffe://'.length).endsWith(suffix);
  }
  if (pattern.endsWith('*')) {
    const prefix = `spiffe://${pattern.slice(0, -1)}`;
    return (id) => id.startsWith(prefix);
  }
  const exact = `spiffe://${pattern}`;
  return (id) => id === exact;
}

/** Every `*` of a namespace stands for any text: istio: authz/model/generator.go:srcNamespaceGenerator */
export function namespaceMatcher(pattern: string): TextMatcher {
  const middle = pattern.split('*').map(escapeRegExp).join('.*');
  const expression = new RegExp(`^.*/ns/${middle}/.*$`);
  return (id) => expression.test(id);
}

/**
 * `namespace/name`, or `name` in the policy's namespace. Up to Istio 1.28 the value goes into the expression unquoted, so a
 * dot stands for any character. istio: authz/model/generator.go:srcServiceAccountGenerator
 */
export function serviceAccountMatcher(value: string, policyNamespace: string): TextMatcher {
  const [first = '', second] = value.split('/', 2);
  const namespace = second === undefined ? policyNamespace : first;
  const account = second ?? first;
  const unquoted = (part: string): string => escapeRegExp(part).replaceAll('\\.', '.');
  const expression = new RegExp(`^spiffe://.+/ns/${unquoted(namespace)}/(.+/|)sa/${unquoted(account)}(/.+)?$`);
  return (id) => expression.test(id);
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

function escapeRegExp(value: string): string {
  return value.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
