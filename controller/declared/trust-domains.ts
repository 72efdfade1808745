/** Aliases of the mesh's trust domain in AuthorizationPolicy values; sidecars only, ztunnel takes values literally. */
import type { MeshConfig } from './mesh-config.ts';

/**
 * A principal whose trust domain is the mesh's, an alias, or literally `cluster.local` stands for all of the mesh's trust
 * domains. It may have an asterisk at one end: with one behind (`cluster*`) it becomes the names that it is for, with one in
 * front (`*local`) it stays for those that end so. istio: pilot/pkg/security/trustdomain/bundle.go:ReplaceTrustDomainAliases
 */
export function expandTrustDomains(principals: readonly string[], config: MeshConfig): readonly string[] {
  const known = [config.trustDomain, ...config.trustDomainAliases];
  return principals.flatMap((principal) => {
    const [domain = '', ...rest] = principal.split('/');
    if (rest.length !== 4 || domain === '*') return [principal];
    if (domain !== 'cluster.local' && !known.some((name) => isRelated(domain, name))) return [principal];
    return [...new Set(known.map((name) => (hasEnding(name, domain) ? principal : [name, ...rest].join('/'))))];
  });
}

export function expandTrustDomainValues(values: readonly string[], config: MeshConfig): readonly string[] {
  const known = [config.trustDomain, ...config.trustDomainAliases];
  return [...new Set(values.flatMap((value) => (known.includes(value) ? known : [value])))];
}

/** istio: pilot/pkg/security/trustdomain/util.go:stringMatch */
function isRelated(a: string, b: string): boolean {
  return a === b || b === '*' || hasBeginning(a, b) || hasBeginning(b, a) || hasEnding(a, b) || hasEnding(b, a);
}

function hasBeginning(name: string, pattern: string): boolean {
  return pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1));
}

function hasEnding(name: string, pattern: string): boolean {
  return pattern.startsWith('*') && name.endsWith(pattern.slice(1));
}
