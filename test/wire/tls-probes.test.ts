import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { createAuthority, issue } from '../support/certificates.ts';
import { FOREIGN, MESH, probeOnce, THEIR_ID } from '../support/probing.ts';
import { serveTls } from '../support/servers/misbehaving.ts';
import { MTLS, TLS } from './zoo/animal.ts';
import { mutual } from './zoo/served.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();

t.test('our certificate is taken and the request is answered: reached over mTLS', async (t) => {
  await using server = await serveTls(mutual(), (socket) => socket.end(OK));
  t.match(await probeOnce(MTLS, server.address, { peerIdentities: [THEIR_ID] }), {
    kind: 'reached',
    transport: 'mtls',
    status: 200,
    certificate: { spiffeId: THEIR_ID, fault: null, issuerFingerprint: /^[0-9a-f]{64}$/ },
    timings: { tcpMs: Number, tlsMs: Number, firstByteMs: Number },
  });
});

t.test('the request inside asks for the path that the probe names, and for / where it names none', async (t) => {
  const asked: string[] = [];
  await using server = await serveTls(mutual(), (socket, first) => {
    asked.push(first.toString('latin1').split('\r\n', 1)[0] ?? '');
    socket.end(OK);
  });
  await probeOnce({ kind: 'mtls', alpn: [], application: 'http', path: '/ready?of=us' }, server.address);
  await probeOnce(MTLS, server.address);
  t.strictSame(asked, ['GET /ready?of=us HTTP/1.1', 'GET / HTTP/1.1']);
});

t.test('a handshake alone is not success: the served certificate is kept, the refusal counts', async (t) => {
  await using server = await serveTls(mutual(), (socket) => socket.end(OK));
  t.match(await probeOnce(TLS, server.address), { kind: 'refused', certificate: { spiffeId: THEIR_ID, fault: null } });
});

t.test('the application has TLS of its own: reached over tls, not mtls', async (t) => {
  const own = issue(FOREIGN, { dnsNames: ['pay.example'] });
  await using server = await serveTls({ key: own.key, cert: own.chain }, (socket) => socket.end(OK));
  for (const probe of [TLS, MTLS]) {
    const says = { kind: 'reached', transport: 'tls', certificate: { spiffeId: null, fault: 'no-spiffe-id' } };
    t.match(await probeOnce(probe, server.address), says, probe.kind);
  }
});

t.test('what is said of an issuer is the root, which no workload serves, or the top of what was served', async (t) => {
  const stranger = issue(FOREIGN, { uris: [THEIR_ID] });
  await using ours = await serveTls(mutual(), (socket) => socket.end(OK));
  await using theirs = await serveTls({ key: stranger.key, cert: stranger.chain }, (socket) => socket.end(OK));
  const issuerFingerprint = fingerprint(MESH.rootPem);
  t.match(await probeOnce(MTLS, ours.address), { certificate: { issuerFingerprint, fault: null } });
  const says = { issuerFingerprint: fingerprint(stranger.chain), fault: 'untrusted-root' };
  t.match(await probeOnce(MTLS, theirs.address), { certificate: says });
});

t.test('of a long chain, ten certificates are read', async (t) => {
  let authority = createAuthority('0');
  const chain = [authority.rootPem];
  for (let depth = 1; depth < 12; depth += 1) {
    authority = createAuthority(String(depth), authority);
    chain.unshift(authority.rootPem);
  }
  const leaf = issue(authority, { uris: [THEIR_ID] });
  chain.unshift(leaf.chain);
  await using server = await serveTls({ key: leaf.key, cert: chain.join('') }, (socket) => socket.end(OK));
  const issuerFingerprint = fingerprint(chain[9] ?? '');
  t.match(await probeOnce(MTLS, server.address), { certificate: { issuerFingerprint, fault: 'untrusted-root' } });
});

t.test('a certificate that was read before is judged anew each time', async (t) => {
  await using server = await serveTls(mutual(), (socket) => socket.end(OK));
  for (const [peerIdentities, fault] of [
    [[THEIR_ID], null],
    [['spiffe://cluster.local/ns/shop/sa/another'], 'identity-mismatch'],
    [[THEIR_ID], null],
  ] as const) {
    t.match(await probeOnce(MTLS, server.address, { peerIdentities }), { certificate: { spiffeId: THEIR_ID, fault } });
  }
});

t.test('the server is told the name and the protocols that the task gives, and none where it gives none', async (t) => {
  const seen: string[] = [];
  const options = mutual({
    ALPNCallback: ({ servername, protocols }) => {
      seen.push(`${servername} ${protocols.join(',')}`);
      return undefined;
    },
  });
  await using server = await serveTls(options, (socket) => socket.end(OK));
  await probeOnce(MTLS, server.address);
  await probeOnce(TLS, server.address, { serverName: '' });
  t.strictSame(seen, ['outbound_.8080_._.pay.shop.svc.cluster.local istio-http/1.1,istio,http/1.1']);
});
