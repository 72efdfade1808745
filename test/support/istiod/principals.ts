/** The identity fields of a policy as Envoy principals: trust domain aliases, namespaces and service accounts. */
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';
import { stringMatcher } from './matchers.ts';
import type { MeshSettings } from './objects.ts';

export function authenticated(principalName: Message): Message {
  return { authenticated: { principal_name: principalName } };
}

/** istio: pilot/pkg/security/authz/model/generator.go:srcPrincipalGenerator */
export function ofPrincipal(value: string): Message {
  return authenticated(stringMatcher(value, 'spiffe://'));
}

/** The value is part of a regular expression as it is, but for `*`. istio: generator.go:srcNamespaceGenerator */
export function ofNamespace(value: string): Message {
  return authenticated({ safe_regex: { regex: `.*/ns/${value.replaceAll('*', '.*')}/.*` } });
}

/** istio 1.28: generator.go:serviceAccountRegex */
export function ofServiceAccount(value: string, policyNamespace: string): Message {
  const slash = value.indexOf('/');
  const namespace = slash < 0 ? policyNamespace : value.slice(0, slash);
  return authenticated({
    safe_regex: { regex: `spiffe://.+/ns/${namespace}/(.+/|)sa/${value.slice(slash + 1)}(/.+)?` },
  });
}

/**
 * A principal of the mesh's trust domain, of an alias or of `cluster.local` stands for all of the mesh's names; the name
 * may have an asterisk at either end. istio: pilot/pkg/security/trustdomain/bundle.go:ReplaceTrustDomainAliases
 */
export function inAllTrustDomains(
  principal: string,
  { trustDomain, trustDomainAliases }: MeshSettings,
): readonly string[] {
  const names = [trustDomain, ...trustDomainAliases];
  const [domain = '', ...rest] = principal.split('/');
  if (rest.length !== 4 || domain === '*') return [principal];
  if (domain !== 'cluster.local' && !names.some((name) => overlap(domain, name))) return [principal];
  const expanded = names.map((name) => (endsAs(name, domain) ? principal : [name, ...rest].join('/')));
  return [...new Set(expanded)];
}

function overlap(a: string, b: string): boolean {
  return a === b || b === '*' || beginsAs(a, b) || beginsAs(b, a) || endsAs(a, b) || endsAs(b, a);
}

function beginsAs(text: string, pattern: string): boolean {
  return pattern.endsWith('*') && text.startsWith(pattern.slice(0, -1));
}

function endsAs(text: string, pattern: string): boolean {
  return pattern.startsWith('*') && text.endsWith(pattern.slice(1));
}
