/** Whether a client certificate gets through the proxy's TLS. */
import type { OutcomeCode } from './expectation.ts';
import type { Handshake } from './filter-chain.ts';
import type { Mesh } from './mesh.ts';

/**
 * Sidecars accept the mesh's trust domain and its aliases (istio: pilot/pkg/networking/plugin/authn/util.go:TrustDomainsForValidation),
 * ztunnel its own alone (ztunnel: src/tls/workload.rs:TrustDomainVerifier). Null: accepted.
 */
export function certificateRefusal(
  { certificate, maxVersion, identity }: Handshake,
  { config }: Mesh,
  accepts: 'aliases' | 'own-trust-domain' = 'aliases',
): OutcomeCode | null {
  if (maxVersion < config.minimumTls) return 'DENY_TLS_VERSION';
  switch (certificate) {
    case 'none':
      return 'DENY_TLS_NO_CERT';
    case 'untrusted-ca':
      return 'DENY_TLS_BAD_CA';
    case 'expired':
      return 'DENY_TLS_EXPIRED';
    case 'wrong-trust-domain':
      return 'DENY_TLS_BAD_TD';
    case 'valid': {
      const trustDomains = accepts === 'aliases' ? config.acceptedTrustDomains : [config.trustDomain];
      const isAccepted = identity === null || trustDomains.some((name) => identity.startsWith(`spiffe://${name}/`));
      return isAccepted ? null : 'DENY_TLS_BAD_TD';
    }
  }
}
