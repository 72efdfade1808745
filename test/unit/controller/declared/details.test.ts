import t from 'tap';
import { runScenarios } from './run-scenarios.ts';
import { ap, ask, dr, IN_AMBIENT, object, pa, SIDECAR, smallMesh, STRICT, workload } from './small-mesh.ts';

const sidecar = (place: string, spec: string): string => object('networking.istio.io/v1', 'Sidecar', place, spec);

t.test('clients that wait for the server to speak', (t) => {
  runScenarios(t, [
    {
      name: 'hang wherever somebody sniffs or wants HTTP, and get through a TCP port over mTLS',
      mesh: {},
      rows: [
        ['N tcp-silent t:90', 'HANG'],
        ['S tcp-silent t:90', 'ALLOW_MTLS'],
        ['S tcp-silent t:80', 'HANG'],
        ['S tcp-silent t:70', 'HANG'],
      ],
    },
    {
      name: 'reach a TCP port of mode DISABLE, and hang at an HTTP port',
      mesh: { objects: pa('foo/default', '{ mtls: { mode: DISABLE } }') },
      rows: [
        ['N tcp-silent t:90', 'ALLOW_PLAINTEXT'],
        ['N tcp-silent t:80', 'HANG'],
      ],
    },
  ]);
  t.end();
});

t.test('a caller that is told to accept another name refuses the server', (t) => {
  const names = (name: string): string =>
    dr(
      'bar/t',
      `{ host: t.foo.svc.cluster.local, trafficPolicy: { tls: { mode: ISTIO_MUTUAL, subjectAltNames: ['${name}'] } } }`,
    );
  const wrong = ask(smallMesh({ objects: names('spiffe://cluster.local/ns/foo/sa/other') }), 'S http t:80');
  t.match(wrong, {
    outcome: 'CLIENT_TLS_MISMATCH',
    decidedBy: { stage: 'client', kind: 'DestinationRule' },
    httpStatus: 503,
  });
  t.equal(
    ask(smallMesh({ objects: names('spiffe://cluster.local/ns/foo/sa/t') }), 'S http t:80').outcome,
    'ALLOW_MTLS',
  );
  t.end();
});

t.test('MUTUAL of a DestinationRule', (t) => {
  const rule = dr(
    'bar/t',
    '{ host: t.foo.svc.cluster.local, trafficPolicy: { tls: { mode: MUTUAL, clientCertificate: /etc/c.pem } } }',
  );
  const strict = ask(smallMesh({ objects: rule + pa('foo/default', STRICT) }), 'S http t:80');
  t.match(strict, { outcome: 'ALLOW_MTLS', warnings: [/own CA/] }, 'gets through where the certificate is right');
  t.equal(
    ask(smallMesh({ objects: rule }), 'S http t:80').outcome,
    'CLIENT_TLS_MISMATCH',
    'and not without an Istio name in the ALPN',
  );
  t.end();
});

t.test('a Sidecar with ingress says which ports are declared', (t) => {
  const objects = (protocol: string): string =>
    sidecar(
      'foo/t',
      `{ workloadSelector: { labels: { app: t } }, ingress: [{ port: { number: 8080, protocol: ${protocol}, name: x } }] }`,
    );
  t.equal(ask(smallMesh({ objects: objects('HTTP') }), 'N tcp t:80').outcome, 'PROTO_MISMATCH');
  t.equal(ask(smallMesh({ objects: objects('TCP') }), 'N tcp t:80').outcome, 'ALLOW_PLAINTEXT');
  t.equal(
    ask(smallMesh({ objects: objects('TCP') }), 'N tcp-silent t:90').outcome,
    'HANG',
    'a port that it leaves out is sniffed',
  );
  t.end();
});

t.test("a Sidecar for the caller itself comes before the one of its namespace, and that before the root's", (t) => {
  const blind = `{ egress: [{ hosts: ['./*'] }], outboundTrafficPolicy: { mode: REGISTRY_ONLY } }`;
  const seeing = `{ egress: [{ hosts: ['*/*'] }] }`;
  const own = `{ workloadSelector: { labels: { app: c } }, egress: [{ hosts: ['foo/*'] }] }`;
  const outcome = (objects: string): string => ask(smallMesh({ objects }), 'S http t:80').outcome;
  t.equal(outcome(sidecar('istio-system/default', blind)), 'CLIENT_BLACKHOLE');
  t.equal(outcome(sidecar('istio-system/default', blind) + sidecar('bar/default', seeing)), 'ALLOW_MTLS');
  t.equal(outcome(sidecar('bar/default', blind) + sidecar('bar/own', own)), 'ALLOW_MTLS');
  t.end();
});

t.test('a Service that is not exported to the caller is unknown to it', (t) => {
  const hidden = (to: string): string => `
apiVersion: v1
kind: Service
metadata: { name: t, namespace: foo, annotations: { networking.istio.io/exportTo: '${to}' } }
spec: { selector: { app: t }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---`;
  const identity = (to: string): string | null => ask(smallMesh({ service: hidden(to) }), 'S http t:80').identity;
  t.equal(identity('bar'), 'spiffe://cluster.local/ns/bar/sa/c');
  t.equal(identity('.'), null);
  t.equal(identity('~'), null);
  t.end();
});

t.test('the configuration of a control plane with a revision is found', (t) => {
  const objects = `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio-canary, namespace: istio-system, labels: { istio.io/rev: canary } }
data: { mesh: "trustDomain: td9" }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: foo, labels: { istio.io/rev: other } }
spec: { mtls: { mode: STRICT } }
---`;
  const mesh = smallMesh({ objects });
  t.equal(mesh.trustDomain, 'td9');
  t.equal(ask(mesh, 'N http t:80').outcome, 'ALLOW_PLAINTEXT', 'a policy for another revision is not read');
  t.end();
});

t.test('tokens', (t) => {
  const rules = '{ jwtRules: [{ issuer: me, audiences: [shop] }] }';
  const objects =
    object('security.istio.io/v1', 'RequestAuthentication', 'foo/jwt', rules) +
    ap(
      'foo/a',
      `{ rules: [{ from: [{ source: { requestPrincipals: ['me/*'] } }], when: [{ key: 'request.auth.claims[scope]', values: [read] }] }] }`,
    );
  const mesh = smallMesh({ objects });
  const status = (claims: readonly (readonly [string, unknown])[]): string => {
    const { outcome, httpStatus } = ask(mesh, 'S http t:80', { request: { token: Object.fromEntries(claims) } });
    return `${outcome} ${String(httpStatus ?? '')}`.trim();
  };
  const good = [
    ['iss', 'me'],
    ['sub', 'x'],
    ['aud', 'shop'],
    ['scope', 'read write'],
  ] as const;
  t.equal(status(good), 'ALLOW_MTLS');
  t.equal(status([...good, ['aud', 'other']]), 'DENY_JWT 403');
  t.equal(status([...good, ['scope', 'write']]), 'DENY_AUTHZ_HTTP 403');
  t.equal(status([...good, ['iss', 'you']]), 'DENY_JWT 401');
  t.equal(ask(mesh, 'S tcp t:90').outcome, 'DENY_AUTHZ_TCP', 'a TCP connection has no token to be allowed by');
  t.end();
});

t.test('ambient: modes of ports', (t) => {
  const target = workload({ labels: IN_AMBIENT });
  const own = (spec: string): string => pa('foo/t', `{ selector: { matchLabels: { app: t } }, ${spec} }`);
  const at = (objects: string): string => ask(smallMesh({ target, objects }), 'N http t:80').outcome;
  const mesh = pa('istio-system/default', STRICT);
  t.equal(at(own('mtls: { mode: STRICT }, portLevelMtls: { 8080: { mode: DISABLE } }')), 'ALLOW_PLAINTEXT');
  t.equal(at(own('mtls: { mode: PERMISSIVE }, portLevelMtls: { 8080: { mode: STRICT } }')), 'DENY_STRICT');
  t.equal(
    at(mesh + own('mtls: { mode: PERMISSIVE }, portLevelMtls: { 8080: { mode: STRICT } }')),
    'ALLOW_PLAINTEXT',
    'the rule of the port is lost',
  );
  t.equal(
    at(mesh + pa('foo/default', '{}') + own('mtls: { mode: PERMISSIVE }, portLevelMtls: { 8080: { mode: STRICT } }')),
    'DENY_STRICT',
  );
  t.equal(at(pa('foo/default', '{ mtls: { mode: DISABLE } }')), 'ALLOW_PLAINTEXT');
  t.equal(
    ask(smallMesh({ target, objects: pa('foo/default', '{ mtls: { mode: DISABLE } }') }), 'A http t:80').outcome,
    'ALLOW_HBONE',
  );
  t.end();
});

t.test('ambient: callers', (t) => {
  t.equal(
    ask(smallMesh({ target: workload({}) }), 'A http t:80').outcome,
    'ALLOW_UNCAPTURED',
    'to a naked pod in plaintext',
  );
  t.equal(
    ask(smallMesh({ target: workload({ labels: SIDECAR }) }), 'A http t:80').outcome,
    'ALLOW_PLAINTEXT',
    'to a sidecar in plaintext',
  );
  t.equal(
    ask(smallMesh({ target: workload({ labels: IN_AMBIENT }) }), 'S http t:80').outcome,
    'ALLOW_HBONE',
    'a sidecar tunnels to ambient pods',
  );
  t.equal(ask(smallMesh(), 'N hbone pod:8080').outcome, 'APP_DOWN', 'a sidecar without tunnel listens to none');
  t.end();
});

t.test('raw TLS at a naked pod is between caller and application', (t) => {
  const mesh = smallMesh({ target: workload({}) });
  t.match(ask(mesh, 'N mtls t:80', { tls: { as: 'bar/n', alpn: ['istio'] } }), {
    outcome: 'ALLOW_UNCAPTURED',
    transport: 'tls',
    identity: null,
  });
  t.end();
});
