import type { TlsOptions } from 'node:tls';
import t from 'tap';
import type { Probe } from '../../proto/vocabulary.ts';
import { issue } from '../support/certificates.ts';
import { FOREIGN, MESH, probeOnce, THEIR_ID } from '../support/probing.ts';
import { close, hang, refusedAddress, reset, say, serveTcp, serveTls } from '../support/servers/misbehaving.ts';

const HOUR_MS = 3_600_000;
const TLS: Probe = { kind: 'tls', alpn: [] };
const MTLS: Probe = { kind: 'mtls', alpn: ['istio-http/1.1', 'istio', 'http/1.1'], application: 'http' };
const MTLS_TCP: Probe = { kind: 'mtls', alpn: ['istio'], application: 'tcp' };
const UNTRUSTED: Probe = { kind: 'mtls-untrusted', alpn: ['istio-http/1.1'], application: 'http' };
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

const SERVED = issue(MESH, { uris: [THEIR_ID] });

/** A server as a sidecar is: shows its certificate and wants one. */
function mutual(changes: TlsOptions = {}): TlsOptions {
  return {
    key: SERVED.key,
    cert: SERVED.chain,
    ca: MESH.rootPem,
    requestCert: true,
    rejectUnauthorized: true,
    ...changes,
  };
}

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

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`without a certificate a server that wants one refuses, by its alert (${maxVersion})`, async (t) => {
    await using server = await serveTls(mutual({ maxVersion }), (socket) => socket.end(OK));
    const alert = maxVersion === 'TLSv1.3' ? 116 : 40;
    t.match(await probeOnce(TLS, server.address), {
      kind: 'refused',
      layer: 'tls',
      signature: 'certificate-required',
      alert,
    });
  });
}

t.test('a handshake alone is not success: the served certificate is kept, the refusal counts', async (t) => {
  await using server = await serveTls(mutual(), (socket) => socket.end(OK));
  t.match(await probeOnce(TLS, server.address), { kind: 'refused', certificate: { spiffeId: THEIR_ID, fault: null } });
});

t.test('a server that drops us for our certificate without an alert: refused, reason unspecified', async (t) => {
  await using server = await serveTls(mutual(), (socket) => socket.end(OK));
  t.match(await probeOnce(UNTRUSTED, server.address), {
    kind: 'refused',
    layer: 'tls',
    signature: 'certificate-refused',
    certificateRefusal: 'unspecified',
  });
});

t.test('a server that took our certificate and then closes has not refused it', async (t) => {
  await using server = await serveTls(mutual(), (socket) => socket.end());
  t.match(await probeOnce(MTLS_TCP, server.address), { kind: 'refused', layer: 'application', signature: 'closed' });
});

t.test('a server that takes any certificate is reached with an untrusted one', async (t) => {
  await using server = await serveTls(mutual({ rejectUnauthorized: false }), (socket) => socket.end(OK));
  t.match(await probeOnce(UNTRUSTED, server.address), { kind: 'reached', status: 200 });
});

t.test('the faults of a served certificate; the attempt goes on to the answer', async (t) => {
  const now = Date.now();
  const cases = {
    expired: issue(MESH, { uris: [THEIR_ID], notBeforeMs: now - 2 * HOUR_MS, notAfterMs: now - HOUR_MS }),
    'not-yet-valid': issue(MESH, { uris: [THEIR_ID], notBeforeMs: now + HOUR_MS, notAfterMs: now + 2 * HOUR_MS }),
    'untrusted-root': issue(FOREIGN, { uris: [THEIR_ID] }),
    'identity-mismatch': issue(MESH, { uris: ['spiffe://cluster.local/ns/shop/sa/other'] }),
    'no-spiffe-id': issue(MESH, { dnsNames: ['pay.shop.svc'] }),
  };
  for (const [fault, { key, chain }] of Object.entries(cases)) {
    await using server = await serveTls(mutual({ key, cert: chain }), (socket) => socket.end(OK));
    const outcome = await probeOnce(MTLS, server.address, { peerIdentities: [THEIR_ID] });
    const transport = fault === 'no-spiffe-id' ? 'tls' : 'mtls';
    t.match(outcome, { kind: 'reached', transport, certificate: { fault } }, fault);
  }
});

t.test('the application has TLS of its own: reached over tls, not mtls', async (t) => {
  const own = issue(FOREIGN, { dnsNames: ['pay.example'] });
  await using server = await serveTls({ key: own.key, cert: own.chain }, (socket) => socket.end(OK));
  for (const probe of [TLS, MTLS]) {
    const says = { kind: 'reached', transport: 'tls', certificate: { spiffeId: null, fault: 'no-spiffe-id' } };
    t.match(await probeOnce(probe, server.address), says, probe.kind);
  }
});

t.test('a port that speaks plaintext says so', async (t) => {
  for (const bytes of ['HTTP/1.1 400 Bad Request\r\n\r\n', '{"hello":1}\n', 'SSH-2.0-OpenSSH\r\n']) {
    await using server = await serveTcp(say(bytes));
    for (const probe of [TLS, MTLS]) {
      t.match(
        await probeOnce(probe, server.address),
        { kind: 'refused', layer: 'tls', signature: 'speaks-plaintext' },
        bytes,
      );
    }
  }
});

t.test('no filter chain: a reset after the ClientHello, no alert', async (t) => {
  await using server = await serveTcp(reset);
  t.match(await probeOnce(TLS, server.address), { kind: 'refused', layer: 'tls', signature: 'reset' });
});

t.test('a close and a silence in the handshake', async (t) => {
  await using closing = await serveTcp(close);
  t.match(await probeOnce(TLS, closing.address), { kind: 'refused', layer: 'tls', signature: 'closed' });
  await using hanging = await serveTcp(hang);
  t.match(await probeOnce(TLS, hanging.address), { kind: 'silent', layer: 'tls' });
});

t.test('nothing listens: refused at tcp, for TLS as well', async (t) => {
  const address = await refusedAddress();
  t.match(await probeOnce(MTLS, address), { kind: 'refused', layer: 'tcp', signature: 'connection-refused' });
});

t.test('alerts are read by number', async (t) => {
  const cases: readonly (readonly [alert: number, probe: Probe, says: object])[] = [
    [48, MTLS, { signature: 'certificate-refused', certificateRefusal: 'unknown-ca' }],
    [45, MTLS, { signature: 'certificate-refused', certificateRefusal: 'expired' }],
    [46, MTLS, { signature: 'certificate-refused', certificateRefusal: 'identity' }],
    [42, MTLS, { signature: 'certificate-refused', certificateRefusal: 'bad' }],
    [44, MTLS, { signature: 'certificate-refused', certificateRefusal: 'revoked' }],
    [40, TLS, { signature: 'certificate-required' }],
    [40, MTLS, { signature: 'tls-alert' }],
    [48, TLS, { signature: 'tls-alert' }],
    [70, MTLS, { signature: 'protocol-version' }],
    [80, MTLS, { signature: 'tls-alert' }],
  ];
  for (const [alert, probe, says] of cases) {
    // An alert record in the clear, as before the end of a handshake: fatal, and its number.
    await using server = await serveTcp(say(Buffer.from([21, 3, 3, 0, 2, 2, alert])));
    const outcome = await probeOnce(probe, server.address);
    t.match(outcome, { kind: 'refused', layer: 'tls', alert, ...says }, `${probe.kind} ${String(alert)}`);
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
