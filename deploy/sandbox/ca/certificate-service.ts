/** istio.v1.auth.IstioCertificateService over TLS, as istiod serves it on port 15012. */
import grpc, { type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { MeshproofError } from '../../../proto/errors.ts';
import {
  IstioCertificateServiceService,
  type IstioCertificateRequest,
  type IstioCertificateResponse,
} from '../../../proto/gen/istio/v1/auth/ca.ts';
import { addressText, spiffeId, type Address } from '../../../proto/vocabulary.ts';
import { publicKeyOfRequest } from './certificate-signing-request.ts';
import { SANDBOX_LIFETIME_MS, validFor, WORKLOAD_LIFETIME_MS, type MeshRoot } from './mesh-root.ts';
import { ISTIO_CA_AUDIENCE, type TokenIssuer } from './service-account-token.ts';

/** istiod's default of MAX_WORKLOAD_CERT_TTL. */
const MAX_LIFETIME_MS = 90 * 24 * 3_600_000;

export interface CertificateServiceDeps {
  readonly root: MeshRoot;
  readonly tokens: TokenIssuer;
  readonly trustDomain: string;
  readonly nowMs: () => number;
}

/** Listens until it is disposed. Throws MPE_PORT_IN_USE. */
export async function startCertificateService(
  address: Address,
  deps: CertificateServiceDeps,
): Promise<AsyncDisposable> {
  const serving = deps.root.issue(
    ['istiod.istio-system.svc', address.host],
    validFor(SANDBOX_LIFETIME_MS, deps.nowMs()),
  );
  const server = new grpc.Server();
  server.addService(IstioCertificateServiceService, {
    createCertificate: (
      call: ServerUnaryCall<IstioCertificateRequest, IstioCertificateResponse>,
      answer: sendUnaryData<IstioCertificateResponse>,
    ) => {
      const signed = createCertificate(String(call.metadata.get('authorization')[0] ?? ''), call.request, deps);
      if ('refusal' in signed) answer({ code: signed.code, details: signed.refusal });
      else answer(null, { certChain: [signed.leaf, deps.root.rootPem] });
    },
  });
  const credentials = grpc.ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(serving.key), cert_chain: Buffer.from(serving.chain) },
  ]);
  const target = addressText(address);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(target, credentials, (error) => {
      if (error === null) resolve();
      else
        reject(new MeshproofError('MPE_PORT_IN_USE', `cannot listen on ${target}: ${error.message}`, { cause: error }));
    });
  });
  return {
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

type Signed = { readonly leaf: string } | { readonly refusal: string; readonly code: grpc.status };

/** The identity comes from the token; names in the request are ignored (istio: security/pkg/server/ca/server.go:CreateCertificate). */
function createCertificate(
  authorization: string,
  request: IstioCertificateRequest,
  deps: CertificateServiceDeps,
): Signed {
  const account = deps.tokens.review(authorization.replace(/^Bearer /, ''), ISTIO_CA_AUDIENCE);
  if (account === undefined) {
    return { refusal: 'request authenticate failure', code: grpc.status.UNAUTHENTICATED };
  }
  const publicKey = publicKeyOfRequest(request.csr);
  if (publicKey === undefined) return { refusal: 'CSR signing error', code: grpc.status.INVALID_ARGUMENT };
  const durationMs = request.validityDuration <= 0 ? WORKLOAD_LIFETIME_MS : request.validityDuration * 1000;
  if (durationMs > MAX_LIFETIME_MS) {
    return { refusal: 'CSR signing error: requested TTL exceeds the maximum', code: grpc.status.INVALID_ARGUMENT };
  }
  const identity = spiffeId(deps.trustDomain, account.namespace, account.serviceAccount);
  return { leaf: deps.root.sign(publicKey, [identity], validFor(durationMs, deps.nowMs())) };
}
