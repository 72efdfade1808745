/** Aliases of the mesh's trust domain in AuthorizationPolicy values; sidecars only, ztunnel takes values literally. */
import type { MeshConfig } from './mesh-config.ts';

/**
 * A principal whose trust domain is the mesh's, an alias, or literally `cluster.local` stands for all of the mesh's trust
 * domains. istio: pilot/pkg/trustdomain/bundle.go:ReplaceTrustDomainAliases
 */
export function expandTrustDomains(principals: readonly string[], config: MeshConfig): readonly string[] {
  const known = [config.trustDomain, ...config.trustDomainAliases];
  return principals.flatMap((principal) => {
    const parts = principal.split('/');
    const [domain = ''] = parts;
    if (parts.length !== 5 || (!known.includes(domain) && domain !== 'cluster.local')) return [principal];
    const rest = parts.slice(1).join('/');
    return known.map((name) => `${name}/${rest}`);
  });
}

export function expandTrustDomainValues(values: readonly string[], config: MeshConfig): readonly string[] {
  const known = [config.trustDomain, ...config.trustDomainAliases];
  return [...new Set(values.flatMap((value) => (known.includes(value) ? known : [value])))];
}
