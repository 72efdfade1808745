/** The mesh CA's certificates, requests and tokens. */
import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { certificateRequest, generateKeyPair } from '../../../../../proto/x509.ts';
import { publicKeyOfRequest } from '../../../../../deploy/sandbox/ca/certificate-signing-request.ts';
import { createRoot, expired, notYetValid, validFor } from '../../../../../deploy/sandbox/ca/mesh-root.ts';
import { createTokenIssuer } from '../../../../../deploy/sandbox/ca/service-account-token.ts';
import { issueWorkloadCertificates } from '../../../../../deploy/sandbox/ca/workload-certificates.ts';
import { podsOf } from '../../../../../deploy/sandbox/pods.ts';
import { realitySchema } from '../../../../../deploy/sandbox/reality.ts';

const NOW_MS = Date.UTC(2030, 0, 2, 3, 4, 5);
const HOUR_MS = 3_600_000;

t.test('a leaf carries its names and is signed by its root, and by no other', (t) => {
  const root = createRoot('Mesh', NOW_MS);
  const other = createRoot('Mesh', NOW_MS);
  const names = ['spiffe://cluster.local/ns/shop/sa/pay', 'istiod.istio-system.svc', '127.64.0.2', 'fd00::1:a'];
  const leaf = new X509Certificate(root.issue(names, validFor(HOUR_MS, NOW_MS)).chain);
  t.equal(
    leaf.subjectAltName,
    'URI:spiffe://cluster.local/ns/shop/sa/pay, DNS:istiod.istio-system.svc, IP Address:127.64.0.2, ' +
      'IP Address:FD00:0:0:0:0:0:1:A',
  );
  t.ok(leaf.verify(new X509Certificate(root.rootPem).publicKey));
  t.notOk(leaf.verify(new X509Certificate(other.rootPem).publicKey), 'a root of the same name');
  t.notOk(leaf.ca);
  t.ok(new X509Certificate(root.rootPem).ca);
  t.equal(leaf.validToDate.toISOString(), '2030-01-02T04:04:05.000Z');
  t.end();
});

t.test('reality decides what is wrong with a workload certificate', (t) => {
  const root = createRoot('Mesh', NOW_MS);
  const workload = (certificate: object): object => ({ dataPlane: 'sidecar', certificate });
  const reality = realitySchema.parse({
    workloads: {
      'a/valid': workload({}),
      'a/expired': workload({ state: 'expired' }),
      'a/early': workload({ state: 'not-yet-valid' }),
      'a/foreign': workload({ state: 'foreign-root' }),
      'a/other': workload({ identity: 'spiffe://cluster.local/ns/b/sa/c' }),
      'a/naked': {},
    },
  });
  const issued = issueWorkloadCertificates(podsOf(reality), root, NOW_MS);
  const shown = [...issued].map(([pod, { chain, root: trusted }]) => {
    const leaf = new X509Certificate(chain);
    const isInForce = leaf.validFromDate.getTime() <= NOW_MS && leaf.validToDate.getTime() > NOW_MS;
    const isOurs = leaf.verify(new X509Certificate(root.rootPem).publicKey);
    return [pod, leaf.subjectAltName, isInForce, isOurs, trusted === root.rootPem];
  });
  t.strictSame(shown, [
    ['a/valid', 'URI:spiffe://cluster.local/ns/a/sa/valid', true, true, true],
    ['a/expired', 'URI:spiffe://cluster.local/ns/a/sa/expired', false, true, true],
    ['a/early', 'URI:spiffe://cluster.local/ns/a/sa/early', false, true, true],
    ['a/foreign', 'URI:spiffe://cluster.local/ns/a/sa/foreign', true, false, true],
    ['a/other', 'URI:spiffe://cluster.local/ns/b/sa/c', true, true, true],
  ]);
  t.ok(expired(NOW_MS).notAfterMs < NOW_MS);
  t.ok(notYetValid(NOW_MS).notBeforeMs > NOW_MS);
  t.end();
});

t.test('a request gives its key only if it is signed with it', (t) => {
  const pair = generateKeyPair();
  const pem = certificateRequest(pair);
  t.ok(publicKeyOfRequest(pem)?.equals(pair.publicKey));
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
  t.equal(publicKeyOfRequest(der.toString('base64')), undefined, 'another signature');
  t.equal(
    publicKeyOfRequest(certificateRequest({ ...pair, publicKey: generateKeyPair().publicKey })),
    undefined,
    'another key',
  );
  t.equal(publicKeyOfRequest('nonsense'), undefined);
  t.equal(publicKeyOfRequest(''), undefined);
  t.end();
});

t.test('a token is good for its account, audience and time', (t) => {
  let nowMs = NOW_MS;
  const tokens = createTokenIssuer(() => nowMs);
  const account = { namespace: 'shop', serviceAccount: 'pay' };
  const token = tokens.issue(account, 'istio-ca');
  t.strictSame(tokens.review(token, 'istio-ca'), account);
  t.equal(tokens.review(token, 'meshproof'), undefined, 'another audience');
  t.equal(createTokenIssuer(() => nowMs).review(token, 'istio-ca'), undefined, 'another issuer');
  const [header, , signature] = token.split('.');
  const claims = Buffer.from(JSON.stringify({ aud: ['istio-ca'], exp: 1e12, sub: 'system:serviceaccount:bank:root' }));
  t.equal(
    tokens.review(`${header ?? ''}.${claims.toString('base64url')}.${signature ?? ''}`, 'istio-ca'),
    undefined,
    'other claims',
  );
  for (const nothing of ['', 'a.b.c', 'a']) t.equal(tokens.review(nothing, 'istio-ca'), undefined);
  nowMs += 364 * 24 * HOUR_MS;
  t.strictSame(tokens.review(token, 'istio-ca'), account, 'a sandbox may run for long, and nobody renews it');
  nowMs += 2 * 24 * HOUR_MS;
  t.equal(tokens.review(token, 'istio-ca'), undefined, 'too old');
  t.end();
});
