/** What the agent makes of a real OpenSSL: the alerts that Node cannot send, and floods that no bytes of ours show. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { SecureVersion } from 'node:tls';
import t from 'tap';
import { privateKeyPem } from '../../proto/x509.ts';
import type { Probe } from '../../proto/vocabulary.ts';
import { issue } from '../support/certificates.ts';
import type { TestCertificate } from '../support/certificates.ts';
import { realOpenssl } from '../support/openssl.ts';
import { FOREIGN, MESH, OUR_ID, probeOnce, THEIR_ID } from '../support/probing.ts';
import type { ProbeSettings } from '../support/probing.ts';
import { serveOpenssl } from '../support/servers/openssl.ts';

const openssl = realOpenssl();
const OPTIONS = { skip: 'missing' in openssl ? openssl.missing : false, timeout: 60_000 };
const HOUR_MS = 3_600_000;
const NOW = Date.now();
const TLS: Probe = { kind: 'tls', alpn: [] };
const MTLS: Probe = { kind: 'mtls', alpn: [], application: 'http' };
const DEADLINES = { connectTimeoutMs: 5_000, timeoutMs: 5_000 };
const SERVED = issue(MESH, { uris: [THEIR_ID] });
const WANTS_CERTIFICATE = ['-Verify', '1', '-verify_return_error'];
const REFUSED = { kind: 'refused', layer: 'tls' };

const certificateRefused = (alert: number, certificateRefusal: string): object => ({
  ...REFUSED,
  signature: 'certificate-refused',
  alert,
  certificateRefusal,
});

function presenting(certificate: TestCertificate, maxVersion: SecureVersion = 'TLSv1.3'): ProbeSettings {
  const { key, chain: cert } = certificate;
  const context = createSecureContext({ key, cert, ca: MESH.rootPem, minVersion: 'TLSv1.2', maxVersion });
  return { ...DEADLINES, credentials: { contextFor: () => Promise.resolve(context) } };
}

/** With a critical extension that nobody knows: OpenSSL has no alert of its own for it, and says 46 (`certificate_unknown`). */
function withUnknownExtension(): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'meshproof-certificate-'));
  try {
    const [ca, caKey, key] = ['ca.pem', 'ca.key', 'leaf.key'].map((name) => join(folder, name));
    if (ca === undefined || caKey === undefined || key === undefined) throw new Error('no names');
    writeFileSync(ca, MESH.rootPem);
    writeFileSync(caKey, privateKeyPem(MESH.issuer.privateKey), { mode: 0o600 });
    const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
    const extensions = ['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', '1.2.3.4=critical,ASN1:NULL'];
    const args = ['req', '-x509', ...pair, '-subj', '/O=odd', '-CA', ca, '-CAkey', caKey, '-days', '1', ...extensions];
    const chain = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return { key: readFileSync(key, 'utf8'), chain };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

t.test('our certificate is refused: why is in the alert, in both versions', OPTIONS, async (t) => {
  const valid = issue(MESH, { uris: [OUR_ID] });
  const expired = issue(MESH, { uris: [OUR_ID], notBeforeMs: NOW - 2 * HOUR_MS, notAfterMs: NOW - HOUR_MS });
  const early = issue(MESH, { uris: [OUR_ID], notBeforeMs: NOW + HOUR_MS, notAfterMs: NOW + 2 * HOUR_MS });
  const cases: readonly (readonly [what: string, certificate: TestCertificate, says: object])[] = [
    ['valid', valid, { kind: 'reached', transport: 'mtls', status: 200 }],
    ['of another CA', issue(FOREIGN, { uris: [OUR_ID] }), certificateRefused(48, 'unknown-ca')],
    ['expired', expired, certificateRefused(45, 'expired')],
    ['not valid yet', early, certificateRefused(42, 'bad')],
    ['with an extension that nobody knows', withUnknownExtension(), certificateRefused(46, 'identity')],
  ];
  await using server = await serveOpenssl(SERVED, MESH.rootPem, WANTS_CERTIFICATE);
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    for (const [what, certificate, says] of cases) {
      const outcome = await probeOnce(MTLS, server.address, presenting(certificate, version));
      t.match(outcome, says, `${what}, over ${version}`);
    }
  }
});

t.test('no certificate where one is wanted: 116 over TLS 1.3, 40 over TLS 1.2', OPTIONS, async (t) => {
  for (const [version, alert] of [
    ['-tls1_3', 116],
    ['-tls1_2', 40],
  ] as const) {
    await using server = await serveOpenssl(SERVED, MESH.rootPem, [...WANTS_CERTIFICATE, version]);
    const outcome = await probeOnce(TLS, server.address, DEADLINES);
    t.match(outcome, { ...REFUSED, signature: 'certificate-required', alert }, version);
  }
});

t.test('a server that speaks TLS 1.0 only: alert 70', OPTIONS, async (t) => {
  await using server = await serveOpenssl(SERVED, MESH.rootPem, ['-tls1', '-cipher', 'ALL:@SECLEVEL=0']);
  const outcome = await probeOnce(MTLS, server.address, DEADLINES);
  t.match(outcome, { ...REFUSED, signature: 'protocol-version', alert: 70 });
});

t.test('a server that asks for no certificate is reached', OPTIONS, async (t) => {
  await using server = await serveOpenssl(SERVED, MESH.rootPem, []);
  t.match(await probeOnce(TLS, server.address, DEADLINES), { kind: 'reached', transport: 'tls', status: 200 });
});

t.test('a server that gives no session tickets is reached', OPTIONS, async (t) => {
  await using server = await serveOpenssl(SERVED, MESH.rootPem, [...WANTS_CERTIFICATE, '-num_tickets', '0']);
  t.match(await probeOnce(MTLS, server.address, DEADLINES), { kind: 'reached', transport: 'mtls', status: 200 });
});

t.test('session tickets without end are not read to their end', OPTIONS, async (t) => {
  await using server = await serveOpenssl(SERVED, MESH.rootPem, [...WANTS_CERTIFICATE, '-num_tickets', '1000000']);
  const outcome = await probeOnce(MTLS, server.address, DEADLINES);
  t.match(outcome, { kind: 'refused', layer: 'application', signature: 'not-the-protocol' });
});
