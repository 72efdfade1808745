/** A root of trust in memory: signs leaves for the mesh, and for the ways in which a leaf can be wrong. */
import type { KeyObject } from 'node:crypto';
import { generateKeyPair, privateKeyPem, signCertificate } from '../../../proto/x509.ts';
import type { KeyAndChain } from './certificate-authority.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A little into the past, as istiod does, so that clocks need not agree to the second. */
const BACKDATED_MS = 2 * 60_000;

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface MeshRoot {
  /** PEM. */
  readonly rootPem: string;
  /** A leaf for a key that the caller holds; PEM. */
  readonly sign: (publicKey: KeyObject, names: readonly string[], validity: Validity) => string;
  /** A leaf with a key of its own. */
  readonly issue: (names: readonly string[], validity: Validity) => KeyAndChain;
}

/** A new root with a new P-256 key. Two roots of one name are still two roots. */
export function createRoot(organization: string, nowMs: number): MeshRoot {
  const issuer = { ...generateKeyPair(), organization };
  const rootPem = signCertificate({
    issuer,
    publicKey: issuer.publicKey,
    organization,
    names: [],
    isCa: true,
    notBeforeMs: nowMs - 30 * DAY_MS,
    notAfterMs: nowMs + 3650 * DAY_MS,
  });
  const sign = (publicKey: KeyObject, names: readonly string[], validity: Validity): string =>
    signCertificate({ issuer, publicKey, organization: '', names, isCa: false, ...validity });
  return {
    rootPem,
    sign,
    issue: (names, validity) => {
      const { publicKey, privateKey } = generateKeyPair();
      return { key: privateKeyPem(privateKey), chain: sign(publicKey, names, validity) };
    },
  };
}

/** In force now. */
export function validFor(durationMs: number, nowMs: number): Validity {
  return { notBeforeMs: nowMs - BACKDATED_MS, notAfterMs: nowMs + durationMs };
}

/** istiod's default lifetime of a workload certificate. */
export const WORKLOAD_LIFETIME_MS = DAY_MS;

/** Of what nobody renews in a sandbox, and which has to outlast it: its proxies' certificates, its agents' tokens. */
export const SANDBOX_LIFETIME_MS = 365 * DAY_MS;

/** Yesterday's certificate. */
export function expired(nowMs: number): Validity {
  return { notBeforeMs: nowMs - 25 * HOUR_MS, notAfterMs: nowMs - HOUR_MS };
}

/** Tomorrow's certificate. */
export function notYetValid(nowMs: number): Validity {
  return { notBeforeMs: nowMs + HOUR_MS, notAfterMs: nowMs + 25 * HOUR_MS };
}
