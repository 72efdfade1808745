/** The mesh's certificate authority as the rest of the sandbox uses it. */
import type { Address } from '../../../proto/vocabulary.ts';

export interface KeyAndChain {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM, leaf first, without the root. */
  readonly chain: string;
}

export interface CertificateAuthority {
  /** Where istio.v1.auth.IstioCertificateService answers, over TLS as `istiod.istio-system.svc`. */
  readonly address: Address;
  readonly rootPem: string;
  /** A service account token with the audience that the certificate service wants. */
  readonly issueToken: (namespace: string, serviceAccount: string) => string;
}
