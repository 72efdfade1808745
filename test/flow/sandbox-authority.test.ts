/** The certificate service of a sandbox, asked by the agent's own client, and the status ports of its sidecars. */
import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { call, get, podAddress, start, told } from './sandbox-scenario.ts';
import { signedByMesh } from './sandbox-identity.ts';

const REALITY = {
  trustDomain: 'mesh.example',
  workloads: {
    'shop/pay': {
      dataPlane: 'sidecar',
      ports: {
        8080: { app: 'http', mode: 'STRICT' },
        9000: { app: 'grpc', mode: 'STRICT' },
        8081: { app: 'none', mode: 'STRICT' },
      },
      authorization: [{ name: 'nobody', action: 'DENY' }],
      probers: {
        '/app-health/app/readyz': { kind: 'httpGet', port: 8080, path: '/ready' },
        '/app-health/app/livez': { kind: 'grpc', port: 9000 },
        '/app-health/app/startupz': { kind: 'tcpSocket', port: 8080 },
        '/app-health/dead/readyz': { kind: 'httpGet', port: 8081 },
        '/app-health/dead/livez': { kind: 'tcpSocket', port: 8081 },
        '/app-health/dead/startupz': { kind: 'grpc', port: 8081 },
        '/app-health/odd/livez': { kind: 'grpc', port: 8080 },
      },
    },
  },
};

t.test('the identity of a certificate comes from the token', async (t) => {
  await using sandbox = await start(REALITY);
  const { chain } = await signedByMesh(sandbox, 'shop', 'pay');
  const leaf = new X509Certificate(chain);
  const root = new X509Certificate(sandbox.certificateAuthority.rootPem);
  t.equal(leaf.subjectAltName, 'URI:spiffe://mesh.example/ns/shop/sa/pay');
  t.equal(leaf.subject, undefined, 'an empty subject');
  t.ok(leaf.verify(root.publicKey));
  const lifetimeMs = leaf.validToDate.getTime() - Date.now();
  t.ok(lifetimeMs > 23 * 3_600_000 && lifetimeMs <= 24 * 3_600_000, 'a day');
});

t.test('a token that was not issued here is not accepted', async (t) => {
  await using sandbox = await start(REALITY);
  await using other = await start(REALITY);
  const foreign = other.certificateAuthority.issueToken('shop', 'pay');
  await t.rejects(signedByMesh(sandbox, 'shop', 'pay', foreign), {
    message: /UNAUTHENTICATED.*request authenticate failure/,
  });
  await t.rejects(signedByMesh(sandbox, 'shop', 'pay', 'x'), { message: /UNAUTHENTICATED/ });
});

const PROBED: readonly (readonly [path: string, shown: string])[] = [
  ['/app-health/app/readyz', '200 '],
  ['/app-health/app/livez', '200 '],
  ['/app-health/app/startupz', '200 '],
  ['/app-health/dead/readyz', '500 '],
  ['/app-health/dead/livez', '500 '],
  ['/app-health/dead/startupz', '500 '],
  ['/app-health/odd/livez', '500 '],
  ['/app-health/app/none', '400 app prober config does not exists for /app-health/app/none'],
  ['/healthz/ready', '200 '],
  ['/else', '404 404 page not found\n'],
];

t.test('the status port asks the app itself, whatever mode and authorization say', async (t) => {
  await using sandbox = await start(REALITY);
  const address = podAddress(sandbox, 'shop/pay', 15020);
  for (const [path, shown] of PROBED) t.equal(told(await call(address, get(path, 'x'))), shown, path);
  t.equal(told(await call(podAddress(sandbox, 'shop/pay', 15021), get('/healthz/ready', 'x'))), '200 ');
});
