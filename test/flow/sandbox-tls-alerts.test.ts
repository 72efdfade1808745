/** What the Node sidecars' TLS tells a client about its certificate: the alerts of Envoy, by number. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import t from 'tap';
import { createRoot, expired, notYetValid, validFor } from '../../deploy/sandbox/ca/mesh-root.ts';
import { terminateTls, tlsServer } from '../../deploy/sandbox/node/terminate-tls.ts';

const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;
const CLIENT = 'spiffe://cluster.local/ns/web/sa/front';
const root = createRoot('Mesh', NOW_MS);
const other = createRoot('Mesh', NOW_MS);
const inForce = validFor(HOUR_MS, NOW_MS);
const server = tlsServer(
  { ...root.issue(['spiffe://cluster.local/ns/shop/sa/pay'], inForce), root: root.rootPem },
  'cluster.local',
);

/** Echoes after the handshake. */
const echo = createServer({ allowHalfOpen: true }, (raw) => {
  raw.on('error', () => undefined);
  void terminateTls(raw, server, []).then((terminated) => terminated?.socket.pipe(terminated.socket));
});
echo.listen(0, '127.0.0.1');
await once(echo, 'listening');
t.teardown(() => echo.close());

function attempt(options: ConnectionOptions): Promise<string> {
  const { port } = echo.address() as AddressInfo;
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    let shown = 'closed';
    socket.on('secureConnect', () => socket.write('ping'));
    socket.on('data', (bytes: Buffer) => {
      shown = bytes.toString();
      socket.destroy();
    });
    socket.on('error', (error: Error) => {
      shown = /alert number \d+/.exec(error.message)?.[0] ?? error.message;
    });
    socket.on('close', () => {
      resolve(shown);
    });
  });
}

const CERTIFICATES = {
  valid: root.issue([CLIENT], inForce),
  'from another root of the same name': other.issue([CLIENT], inForce),
  expired: root.issue([CLIENT], expired(NOW_MS)),
  'not yet valid': root.issue([CLIENT], notYetValid(NOW_MS)),
  'of another trust domain': root.issue(['spiffe://other.example/ns/web/sa/front'], inForce),
  'of a trust domain that begins alike': root.issue(['spiffe://cluster.local.example/ns/web/sa/front'], inForce),
  'without a SPIFFE id': root.issue(['front.web.svc'], inForce),
};

const ALERTS: Readonly<Record<keyof typeof CERTIFICATES, string>> = {
  valid: 'ping',
  'from another root of the same name': 'alert number 48',
  expired: 'alert number 45',
  'not yet valid': 'alert number 42',
  'of another trust domain': 'alert number 46',
  'of a trust domain that begins alike': 'alert number 46',
  'without a SPIFFE id': 'alert number 46',
};

const VERSIONS: readonly ConnectionOptions[] = [
  { maxVersion: 'TLSv1.2' },
  { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' },
  { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384' },
  { minVersion: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256' },
];

for (const [name, { key, chain }] of Object.entries(CERTIFICATES)) {
  const shown = ALERTS[name as keyof typeof CERTIFICATES];
  t.test(`a client certificate ${name}: ${shown}`, async (t) => {
    for (const version of VERSIONS) {
      t.equal(await attempt({ ...version, key, cert: chain }), shown, version.ciphers ?? 'TLS 1.2');
    }
  });
}

t.test('no client certificate is alert 116, and 40 in TLS 1.2', async (t) => {
  t.equal(await attempt({ minVersion: 'TLSv1.3' }), 'alert number 116');
  t.equal(await attempt({ maxVersion: 'TLSv1.2' }), 'alert number 40');
});

t.test('a client that asks for another key exchange first is served all the same', async (t) => {
  const { key, chain } = CERTIFICATES.valid;
  t.equal(await attempt({ key, cert: chain, minVersion: 'TLSv1.3', ecdhCurve: 'brainpoolP256r1tls13:P-256' }), 'ping');
});

t.test('versions before 1.2 are refused by alert 70', async (t) => {
  const { key, chain } = CERTIFICATES.valid;
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  t.equal(await attempt({ key, cert: chain, ...old }), 'alert number 70');
});
