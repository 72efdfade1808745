/** istiod's certificate service: a signing request against the pod's service account token. */
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import { addressText } from '../../proto/vocabulary.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { readBearerToken } from '../bearer-token.ts';

export interface MeshCaOptions {
  readonly address: Address;
  /** Name in istiod's serving certificate. */
  readonly serverName: string;
  /** Read at every request: the kubelet replaces the token before it expires. */
  readonly tokenFile: string;
  readonly rootPem: string;
}

const DEADLINE_MS = 10_000;

/**
 * Signs by `istio.v1.auth.IstioCertificateService/CreateCertificate`. The answer's last element is the root and is left
 * out (istio: security/pkg/nodeagent/caclient/providers/citadel/client.go). Rejects with MPE_CERTIFICATE_REFUSED.
 */
export function meshCa(options: MeshCaOptions): (csrPem: string) => Promise<string> {
  const target = addressText(options.address);
  return async (csr) => {
    try {
      const chain = await createCertificate(options, target, csr);
      if (chain.length < 2) throw new Error(`the answer holds ${String(chain.length)} certificates`);
      return chain.slice(0, -1).join('\n');
    } catch (error) {
      const why = messageOf(error);
      throw new MeshproofError('MPE_CERTIFICATE_REFUSED', `no workload certificate from ${target}: ${why}`, {
        cause: error,
      });
    }
  };
}

/** gRPC is loaded here, so that agents without mTLS probes do not wait for it on this account. */
async function createCertificate(
  { serverName, tokenFile, rootPem }: MeshCaOptions,
  target: string,
  csr: string,
): Promise<readonly string[]> {
  const [grpc, { IstioCertificateServiceClient }, token] = await Promise.all([
    import('@grpc/grpc-js'),
    import('../../proto/gen/istio/v1/auth/ca.ts'),
    readBearerToken(tokenFile),
  ]);
  const client = new IstioCertificateServiceClient(target, grpc.credentials.createSsl(Buffer.from(rootPem)), {
    'grpc.ssl_target_name_override': serverName,
    'grpc.default_authority': serverName,
    'grpc.enable_channelz': 0,
  });
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  try {
    return await new Promise((resolve, reject) => {
      const request = { csr, validityDuration: 0, metadata: undefined };
      client.createCertificate(request, metadata, { deadline: Date.now() + DEADLINE_MS }, (error, answer) => {
        if (error === null) resolve(answer.certChain);
        else reject(error);
      });
    });
  } finally {
    client.close();
  }
}
