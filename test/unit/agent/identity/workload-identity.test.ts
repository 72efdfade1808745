import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { workloadIdentity } from '../../../../agent/identity/workload-identity.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { publicKeyOf } from '../../../support/signing-requests.ts';
import { signCertificate } from '../../../../proto/x509.ts';

const ID = 'spiffe://cluster.local/ns/shop/sa/web';
const HOUR_MS = 3_600_000;
const MESH = createAuthority('mesh');

/** A mesh CA of 24 hours that counts its requests, and fails while `isDown`. */
function meshCa(clock: ManualClock): { requests: number; isDown: boolean; sign: (csr: string) => Promise<string> } {
  const ca = {
    requests: 0,
    isDown: false,
    sign: (csr: string): Promise<string> => {
      ca.requests += 1;
      if (ca.isDown) return Promise.reject(new Error('the CA is down'));
      const notBeforeMs = clock.nowMs();
      const facts = { issuer: MESH.issuer, organization: '', names: [ID], isCa: false };
      const publicKey = publicKeyOf(csr);
      return Promise.resolve(
        signCertificate({ ...facts, publicKey, notBeforeMs, notAfterMs: notBeforeMs + 24 * HOUR_MS }),
      );
    },
  };
  return ca;
}

const { signal } = new AbortController();

function rig(): {
  readonly clock: ManualClock;
  readonly ca: ReturnType<typeof meshCa>;
  readonly identity: ReturnType<typeof workloadIdentity>;
} {
  const clock = new ManualClock();
  const ca = meshCa(clock);
  const identity = workloadIdentity({ rootPem: MESH.rootPem, spiffeId: ID, sign: ca.sign, clock, random: () => 0.5 });
  return { clock, ca, identity };
}

t.test('the CA is asked when a certificate is first needed, once for all who wait', async (t) => {
  const { ca, identity } = rig();
  await identity.contextFor('none', signal);
  await identity.contextFor('untrusted-ca', signal);
  t.equal(ca.requests, 0);
  const [one, two] = await Promise.all([identity.contextFor('valid', signal), identity.contextFor('valid', signal)]);
  t.equal(ca.requests, 1);
  t.equal(one, two, 'one context a version');
});

t.test('a certificate is renewed at half its life', async (t) => {
  const { clock, ca, identity } = rig();
  const first = await identity.contextFor('valid', signal);
  await clock.advance(11.9 * HOUR_MS);
  t.equal(await identity.contextFor('valid', signal), first);
  t.equal(ca.requests, 1);
  await clock.advance(0.2 * HOUR_MS);
  await identity.contextFor('valid', signal);
  await clock.advance(0);
  t.equal(ca.requests, 2);
  t.not(await identity.contextFor('valid', signal), first);
  t.equal(ca.requests, 2);
});

t.test('while a certificate is valid a CA that is down harms nobody; then there is none', async (t) => {
  const { clock, ca, identity } = rig();
  const first = await identity.contextFor('valid', signal);
  ca.isDown = true;
  await clock.advance(13 * HOUR_MS);
  t.equal(await identity.contextFor('valid', signal), first);
  await clock.advance(12 * HOUR_MS);
  await t.rejects(identity.contextFor('valid', signal), { message: 'the CA is down' });
});

t.test('a CA that failed is not asked again at once', async (t) => {
  const { clock, ca, identity } = rig();
  ca.isDown = true;
  await t.rejects(identity.contextFor('valid', signal));
  await t.rejects(identity.contextFor('valid', signal), { message: 'the CA is down' });
  t.equal(ca.requests, 1);
  ca.isDown = false;
  await clock.advance(5_000);
  await identity.contextFor('valid', signal);
  t.equal(ca.requests, 2);
});

t.test('without a mesh CA there is no certificate, and the error says what to set', async (t) => {
  const deps = { rootPem: undefined, spiffeId: ID, sign: undefined, clock: new ManualClock(), random: () => 0 };
  await t.rejects(workloadIdentity(deps).contextFor('valid', signal), {
    code: 'MPE_CERTIFICATE_REFUSED',
    hint: /MESHPROOF_MESH_CA/,
  });
});

t.test('who does not wait any longer is told so, the request goes on', async (t) => {
  const clock = new ManualClock();
  const never = (): Promise<string> => new Promise(() => undefined);
  const identity = workloadIdentity({ rootPem: MESH.rootPem, spiffeId: ID, sign: never, clock, random: () => 0 });
  const impatient = new AbortController();
  const waiting = identity.contextFor('valid', impatient.signal);
  impatient.abort();
  await t.rejects(waiting, { message: 'no certificate in time' });
});

t.test('a certificate is what it was asked to be', (t) => {
  const { issuer, rootPem } = createAuthority();
  const facts = { issuer, publicKey: issuer.publicKey, organization: '', isCa: false };
  const notBeforeMs = Date.UTC(2026, 0, 1);
  const notAfterMs = Date.UTC(2060, 0, 1);
  const pem = signCertificate({ ...facts, names: [ID, 'istiod.svc'], notBeforeMs, notAfterMs });
  const certificate = new X509Certificate(pem);
  t.equal(certificate.subjectAltName, `URI:${ID}, DNS:istiod.svc`);
  t.equal(certificate.subject, undefined);
  t.equal(certificate.validFromDate.getTime(), notBeforeMs);
  t.equal(certificate.validToDate.getTime(), notAfterMs, 'past 2049 too');
  t.equal(certificate.ca, false);
  const root = new X509Certificate(rootPem);
  t.equal(root.ca, true);
  t.equal(certificate.checkIssued(root) && certificate.verify(root.publicKey), true);
  t.end();
});
