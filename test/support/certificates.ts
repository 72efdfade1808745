/** A certificate authority for tests, and certificates with every fault that a peer can have. */
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { generateKeyPair, privateKeyPem, signCertificate } from '../../proto/x509.ts';
import type { Issuer } from '../../proto/x509.ts';

const HOUR_MS = 3_600_000;

export interface TestAuthority {
  readonly issuer: Issuer;
  readonly rootPem: string;
}

export interface TestCertificate {
  readonly key: string;
  readonly chain: string;
}

export interface TestCertificateOptions {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
}

/** A root, or, where another one has signed it, an intermediate authority; `rootPem` is its own certificate either way. */
export function createAuthority(organization = 'test mesh', above?: TestAuthority): TestAuthority {
  const issuer = { ...generateKeyPair(), organization };
  const now = Date.now();
  const rootPem = signCertificate({
    issuer: above?.issuer ?? issuer,
    publicKey: issuer.publicKey,
    organization,
    names: [],
    isCa: true,
    notBeforeMs: now - 24 * HOUR_MS,
    notAfterMs: now + 24 * HOUR_MS,
  });
  return { issuer, rootPem };
}

/** Valid from an hour ago for two hours, unless the options say otherwise. */
export function issue(authority: TestAuthority, options: TestCertificateOptions = {}): TestCertificate {
  const pair = generateKeyPair();
  const now = Date.now();
  const chain = signCertificate({
    issuer: authority.issuer,
    publicKey: pair.publicKey,
    organization: '',
    names: [...(options.uris ?? []), ...(options.dnsNames ?? [])],
    isCa: false,
    notBeforeMs: options.notBeforeMs ?? now - HOUR_MS,
    notAfterMs: options.notAfterMs ?? now + HOUR_MS,
  });
  return { key: privateKeyPem(pair.privateKey), chain };
}

/** For `node:tls` on either side. */
export function contextOf(certificate: TestCertificate, rootPem: string): SecureContext {
  return createSecureContext({ key: certificate.key, cert: certificate.chain, ca: rootPem, minVersion: 'TLSv1.2' });
}
