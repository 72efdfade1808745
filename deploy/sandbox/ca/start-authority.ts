/** Starts the mesh's certificate authority: root, tokens and the certificate service. */
import type { Address } from '../../../proto/vocabulary.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { createRoot, type MeshRoot } from './mesh-root.ts';
import { createTokenIssuer, ISTIO_CA_AUDIENCE } from './service-account-token.ts';

export interface RunningAuthority extends CertificateAuthority, AsyncDisposable {
  readonly root: MeshRoot;
}

export interface AuthorityOptions {
  readonly address: Address;
  readonly trustDomain: string;
  readonly nowMs: () => number;
}

/** Resolves when the certificate service answers. */
export async function startAuthority({ address, trustDomain, nowMs }: AuthorityOptions): Promise<RunningAuthority> {
  const root = createRoot(`Sandbox mesh ${trustDomain}`, nowMs());
  const tokens = createTokenIssuer(nowMs);
  // gRPC is slow to load; who only reads the types of this module need not wait for it.
  const { startCertificateService } = await import('./certificate-service.ts');
  const service = await startCertificateService(address, { root, tokens, trustDomain, nowMs });
  return {
    root,
    address,
    rootPem: root.rootPem,
    issueToken: (namespace, serviceAccount) => tokens.issue({ namespace, serviceAccount }, ISTIO_CA_AUDIENCE),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}
