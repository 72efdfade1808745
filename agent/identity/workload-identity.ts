/** The agent's own certificates: asked of the mesh CA when first needed, renewed at half life, one context a version. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../proto/clock.ts';
import { MeshproofError } from '../../proto/errors.ts';
import type { ClientCertificate } from '../../proto/vocabulary.ts';
import type { Credentials } from '../probes/probe.ts';
import { certificateRequest, generateKeyPair, privateKeyPem } from '../../proto/x509.ts';
import { untrustedCertificate } from './untrusted.ts';

/** A certificate that can be presented: PEM texts, chain leaf first without the root. */
export interface PresentedCertificate {
  readonly key: string;
  readonly chain: string;
}

export interface WorkloadIdentityDeps {
  /** PEM of the roots that the mesh trusts; undefined: served chains cannot be judged. */
  readonly rootPem: string | undefined;
  readonly spiffeId: string;
  /** Asks the mesh CA to sign; undefined where there is none. Resolves to the chain, leaf first, without the root. */
  readonly sign: ((csrPem: string) => Promise<string>) | undefined;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
}

interface Version {
  readonly context: SecureContext;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

/** A failed request is not repeated before this, so that a CA that is down is not flooded by probes. */
const RETRY_MS = 5_000;

/**
 * The first is the one that a key is sent along for, which every Envoy takes by default; a server that insists on another
 * (Istio's compliance policies do) asks again. OpenSSL's own list sends a post-quantum key with every handshake as well.
 */
const KEY_EXCHANGES = 'X25519:P-256:P-384:X25519MLKEM768';

export function workloadIdentity(deps: WorkloadIdentityDeps): Credentials {
  const kinds: Readonly<Record<ClientCertificate, () => Promise<SecureContext>>> = {
    none: once(() => contextOf(undefined, deps.rootPem)),
    'untrusted-ca': once(() => contextOf(untrustedCertificate(deps.spiffeId, deps.clock.nowMs()), deps.rootPem)),
    valid: renewing(deps),
  };
  return { contextFor: (certificate, signal) => abortable(kinds[certificate](), signal) };
}

/** The request itself goes on, for those who still wait for it. */
async function abortable<T>(waited: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => {
    aborted.reject(new Error('no certificate in time', { cause: signal.reason }));
  };
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([waited, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function once(make: () => SecureContext): () => Promise<SecureContext> {
  let context: SecureContext | undefined;
  return () => Promise.resolve((context ??= make()));
}

/** Requests run one at a time; while a certificate is valid a failed renewal is nobody's concern. */
function renewing(deps: WorkloadIdentityDeps): () => Promise<SecureContext> {
  const { clock } = deps;
  let version: Version | undefined;
  let request: Promise<Version> | undefined;
  let failed: { readonly atMs: number; readonly error: unknown } | undefined;
  const renew = async (): Promise<Version> => {
    try {
      version = await requestVersion(deps);
      failed = undefined;
      return version;
    } catch (error) {
      failed = { atMs: clock.monotonicMs(), error };
      throw error;
    } finally {
      request = undefined;
    }
  };
  return async () => {
    const now = clock.nowMs();
    if (version !== undefined && now < version.renewAtMs) return version.context;
    const isValid = version !== undefined && now < version.expiresAtMs;
    const mayAsk = failed === undefined || clock.monotonicMs() - failed.atMs >= RETRY_MS;
    if (mayAsk) request ??= renew();
    if (version !== undefined && isValid) {
      request?.catch(() => undefined);
      return version.context;
    }
    if (request !== undefined) return (await request).context;
    throw failed?.error;
  };
}

async function requestVersion(deps: WorkloadIdentityDeps): Promise<Version> {
  if (deps.sign === undefined) {
    throw new MeshproofError('MPE_CERTIFICATE_REFUSED', 'this agent was given no mesh CA to ask for a certificate', {
      hint: 'Set MESHPROOF_MESH_CA, MESHPROOF_MESH_CA_TOKEN_FILE and MESHPROOF_MESH_ROOT.',
    });
  }
  const pair = generateKeyPair();
  const chain = await deps.sign(certificateRequest(pair));
  const leaf = new X509Certificate(chain);
  const notBefore = leaf.validFromDate.getTime();
  const lifeMs = leaf.validToDate.getTime() - notBefore;
  // Half life, give or take a tenth, so that a fleet that started together does not renew together.
  const renewAtMs = notBefore + lifeMs * (0.45 + 0.1 * deps.random());
  const context = contextOf({ key: privateKeyPem(pair.privateKey), chain }, deps.rootPem);
  return { context, renewAtMs, expiresAtMs: leaf.validToDate.getTime() };
}

function contextOf(certificate: PresentedCertificate | undefined, rootPem: string | undefined): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ecdhCurve: KEY_EXCHANGES,
    ca: rootPem ?? [],
    ...(certificate !== undefined && { key: certificate.key, cert: certificate.chain }),
  });
}
