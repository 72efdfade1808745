import t from 'tap';
import { runScenarios } from './run-scenarios.ts';
import { ap, ask, IN_AMBIENT, object, pa, service, SIDECAR, smallMesh, STRICT, workload } from './small-mesh.ts';
import type { Row } from './small-mesh.ts';

const MESH_STRICT = pa('istio-system/default', STRICT);
const DENY_BAR = ap('foo/deny', '{ action: DENY, rules: [{ from: [{ source: { namespaces: [bar] } }] }] }');
const ALLOW_C = ap('foo/a', '{ rules: [{ from: [{ source: { principals: [cluster.local/ns/bar/sa/c] } }] }] }');
const get = (path: string, host = 't.foo'): Row[3] => ({ request: { method: 'GET', path, host } });

const token = (issuer: string): Row[3] => ({
  request: {
    token: Object.fromEntries([
      ['iss', issuer],
      ['sub', 'x'],
    ]),
  },
});

t.test('authorization', (t) => {
  runScenarios(t, [
    {
      name: '23: a DENY on a namespace does not stop plaintext callers from it',
      mesh: { objects: DENY_BAR },
      rows: [
        ['S http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/deny'],
        ['N http t:80', 'ALLOW_PLAINTEXT', 'default'],
      ],
    },
    {
      name: '23: under STRICT the plaintext caller does not get as far as the policy',
      mesh: {
        objects: MESH_STRICT + DENY_BAR,
      },
      rows: [['N http t:80', 'DENY_STRICT', 'PeerAuthentication istio-system/default']],
    },
    {
      name: '24: an ALLOW that excludes a namespace lets its plaintext callers in',
      mesh: { objects: ap('foo/allow', '{ rules: [{ from: [{ source: { notNamespaces: [bar] } }] }] }') },
      rows: [
        ['S http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/allow'],
        ['N http t:80', 'ALLOW_PLAINTEXT', 'AuthorizationPolicy foo/allow'],
        ['S2 http t:80', 'ALLOW_MTLS', 'AuthorizationPolicy foo/allow'],
      ],
    },
    {
      name: '25: a DENY on having no principal is a DENY on plaintext',
      mesh: { objects: ap('foo/deny', `{ action: DENY, rules: [{ from: [{ source: { notPrincipals: ['*'] } }] }] }`) },
      rows: [
        ['N http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/deny'],
        ['S http t:80', 'ALLOW_MTLS'],
        ['N tcp t:90', 'DENY_AUTHZ_TCP', 'AuthorizationPolicy foo/deny'],
      ],
    },
    {
      name: '26: an ALLOW on a principal denies everybody else',
      mesh: {
        objects: ALLOW_C,
      },
      rows: [
        ['S http t:80', 'ALLOW_MTLS', 'AuthorizationPolicy foo/a'],
        ['N http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/a'],
      ],
    },
    {
      name: "26: under STRICT the denial of plaintext is the transport's",
      mesh: {
        objects: MESH_STRICT + ALLOW_C,
      },
      rows: [['N http t:80', 'DENY_STRICT', 'PeerAuthentication istio-system/default']],
    },
    {
      name: '27: an ALLOW on paths allows nothing at a TCP port',
      mesh: { objects: ap('foo/a', `{ rules: [{ to: [{ operation: { paths: ['/x*'] } }] }] }`) },
      rows: [
        ['S http t:80', 'ALLOW_MTLS', 'AuthorizationPolicy foo/a', get('/x')],
        ['S http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/a', get('/y')],
        ['S tcp t:90', 'DENY_AUTHZ_TCP', 'AuthorizationPolicy foo/a'],
      ],
    },
    {
      name: '28: a DENY on a path denies every connection to a TCP port',
      mesh: { objects: ap('foo/d', `{ action: DENY, rules: [{ to: [{ operation: { paths: ['/admin'] } }] }] }`) },
      rows: [
        ['S http t:80', 'ALLOW_MTLS', 'default', get('/')],
        ['S http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/d', get('/admin')],
        ['S tcp t:90', 'DENY_AUTHZ_TCP', 'AuthorizationPolicy foo/d'],
        ['N tcp pod:5000', 'DENY_AUTHZ_TCP', 'AuthorizationPolicy foo/d'],
      ],
    },
    {
      name: '28: in ambient mode the same DENY does nothing',
      mesh: {
        target: workload({ labels: IN_AMBIENT }),
        objects: ap('foo/d', `{ action: DENY, rules: [{ to: [{ operation: { paths: ['/admin'] } }] }] }`),
      },
      rows: [
        ['A http t:80', 'ALLOW_HBONE', 'default', get('/admin')],
        ['N tcp t:90', 'ALLOW_PLAINTEXT', 'default'],
      ],
    },
    {
      name: '29: a policy without rules allows nobody',
      mesh: { objects: ap('foo/nobody', '{}') },
      rows: [['S http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/nobody']],
    },
    {
      name: '29: next to one with an empty rule it denies nobody, and a DENY of the root namespace still wins',
      mesh: { objects: ap('foo/nobody', '{}') + ap('foo/all', '{ rules: [{}] }') },
      rows: [['S http t:80', 'ALLOW_MTLS', 'AuthorizationPolicy foo/all']],
    },
    {
      name: '29: a DENY of the root namespace with a selector wins over both',
      mesh: {
        objects:
          ap('foo/all', '{ rules: [{}] }') +
          ap('istio-system/deny', '{ action: DENY, selector: { matchLabels: { app: t } }, rules: [{}] }'),
      },
      rows: [['S http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy istio-system/deny']],
    },
    {
      name: '30: ports are container ports',
      mesh: { objects: ap('foo/d', `{ action: DENY, rules: [{ to: [{ operation: { ports: ['8080'] } }] }] }`) },
      rows: [
        ['S http t:80', 'DENY_AUTHZ_HTTP'],
        ['S tcp t:90', 'ALLOW_MTLS'],
      ],
    },
    {
      name: '30: a service port matches nothing',
      mesh: { objects: ap('foo/d', `{ action: DENY, rules: [{ to: [{ operation: { ports: ['80'] } }] }] }`) },
      rows: [['S http t:80', 'ALLOW_MTLS']],
    },
    {
      name: '31: hosts are compared with their port, without regard to case',
      mesh: { objects: ap('foo/a', '{ rules: [{ to: [{ operation: { hosts: [t.foo.svc.cluster.local] } }] }] }') },
      rows: [
        ['S http t:80', 'DENY_AUTHZ_HTTP', undefined, get('/', 't.foo.svc.cluster.local:80')],
        ['S http t:80', 'ALLOW_MTLS', undefined, get('/', 'T.FOO.SVC.CLUSTER.LOCAL')],
      ],
    },
    {
      name: '32: dry-run policies decide nothing, and deny nobody by being there',
      mesh: {
        objects:
          ap('foo/d', '{ action: DENY, rules: [{}] }', `{ istio.io/dry-run: 'true' }`) +
          ap('foo/a', '{}', `{ istio.io/dry-run: 'true' }`),
      },
      rows: [['S http t:80', 'ALLOW_MTLS', 'default']],
    },
    {
      name: '33: an alias of the trust domain stands for it in policies, and strangers fail at TLS',
      mesh: {
        objects:
          ALLOW_C +
          `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "{ trustDomain: td2, trustDomainAliases: [td1] }" }
---`,
      },
      rows: [
        ['S http t:80', 'ALLOW_MTLS', 'AuthorizationPolicy foo/a'],
        ['N mtls t:80', 'DENY_TLS_BAD_TD', undefined, { tls: { certificate: 'wrong-trust-domain', alpn: ['istio'] } }],
      ],
    },
    {
      name: '34: no token is denied by policy, a bad one before it, a good one is let in',
      mesh: {
        objects:
          object(
            'security.istio.io/v1',
            'RequestAuthentication',
            'foo/jwt',
            '{ jwtRules: [{ issuer: me, jwks: "{}" }] }',
          ) + ap('foo/d', `{ action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ['*'] } }] }] }`),
      },
      rows: [
        ['S http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/d'],
        ['S http t:80', 'DENY_JWT', 'RequestAuthentication foo/jwt', { request: { token: 'invalid' } }],
        ['S http t:80', 'DENY_JWT', 'RequestAuthentication foo/jwt', token('you')],
        ['S http t:80', 'ALLOW_MTLS', 'default', token('me')],
      ],
    },
    {
      name: '34: a provider that nobody configured denies what it is asked about',
      mesh: {
        objects: ap(
          'foo/custom',
          `{ action: CUSTOM, provider: { name: nobody }, rules: [{ to: [{ operation: { paths: ['/x'] } }] }] }`,
        ),
      },
      rows: [
        ['S http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/custom', get('/x')],
        ['S http t:80', 'ALLOW_MTLS', 'default', get('/y')],
      ],
    },
  ]);
  t.end();
});

t.test('raw TLS', (t) => {
  const raw = (alpn: readonly string[], certificate: 'valid' | 'none' | 'untrusted-ca' = 'valid'): Row[3] => ({
    tls: { alpn, certificate, as: 'bar/n' },
    request: {},
  });
  runScenarios(t, [
    {
      name: '35: PERMISSIVE wants an Istio name in the ALPN at an HTTP port',
      mesh: {},
      rows: [
        ['N mtls t:80', 'DENY_NO_CHAIN_TLS', 'default', raw([])],
        ['N mtls t:80', 'ALLOW_MTLS', 'default', raw(['istio-http/1.1'])],
        ['N mtls t:80', 'ALLOW_MTLS', 'default', raw(['istio'])],
        ['N mtls t:70', 'ALLOW_MTLS', 'default', raw(['istio'])],
        ['N mtls t:70', 'ALLOW_OPAQUE_TLS', 'default', raw([])],
      ],
    },
    {
      name: '35: at a sniffed port the first offered name says whether policies see HTTP',
      mesh: { objects: ap('foo/a', `{ rules: [{ to: [{ operation: { paths: ['/'] } }] }] }`) },
      rows: [
        ['N mtls t:70', 'DENY_AUTHZ_TCP', 'AuthorizationPolicy foo/a', raw(['istio', 'istio-http/1.1'])],
        ['N mtls t:70', 'ALLOW_MTLS', 'AuthorizationPolicy foo/a', raw(['istio-http/1.1', 'istio'])],
      ],
    },
    {
      name: '36: STRICT takes any ALPN and refuses certificates each in its own way',
      mesh: { objects: MESH_STRICT },
      rows: [
        ['N tls t:80', 'DENY_TLS_NO_CERT', 'PeerAuthentication istio-system/default'],
        ['N mtls t:80', 'DENY_TLS_BAD_CA', 'PeerAuthentication istio-system/default', raw([], 'untrusted-ca')],
        ['N mtls t:80', 'ALLOW_MTLS', 'PeerAuthentication istio-system/default', raw([])],
      ],
    },
    {
      name: '36: DISABLE takes TLS for bytes that are no HTTP',
      mesh: { objects: pa('foo/default', '{ mtls: { mode: DISABLE } }') },
      rows: [['N mtls t:80', 'PROTO_MISMATCH', 'PeerAuthentication foo/default', raw(['istio'])]],
    },
  ]);
  t.end();
});

t.test('37: health checks under STRICT and deny-all', (t) => {
  const probes = `      - name: side
        ports: [{ containerPort: 8081, name: web }]
        livenessProbe: { httpGet: { path: /live, port: 8081 } }
        readinessProbe: { tcpSocket: { port: 8081 } }
        startupProbe: { grpc: { port: 8081 } }
      - name: shell
        livenessProbe: { exec: { command: [sh] } }
        readinessProbe: { httpGet: { path: /, port: missing } }
`;
  const target = (annotations: Readonly<Record<string, string>>): string =>
    workload({ labels: SIDECAR, annotations }).replace(/containers: \[(.*)\]\n/, `containers:\n      - $1\n${probes}`);
  const checks = (rows: readonly (readonly [string, string])[]): readonly Row[] =>
    rows.map(([health, outcome]) => ['K health pod:8081', outcome, undefined, { health }]);
  const objects = MESH_STRICT + ap('foo/deny-all', '{}');
  runScenarios(t, [
    {
      name: 'rewritten, every check gets its answer past the proxy, but for a port name that is nowhere',
      mesh: { objects, target: target({}) },
      rows: [
        ...checks([
          ['side/liveness', 'ALLOW_UNCAPTURED'],
          ['side/readiness', 'ALLOW_UNCAPTURED'],
          ['side/startup', 'ALLOW_UNCAPTURED'],
          ['shell/liveness', 'ALLOW_UNCAPTURED'],
          ['shell/readiness', 'HEALTH_FAILED'],
        ]),
        ['N http pod:15020', 'ALLOW_UNCAPTURED', 'default', get('/app-health/side/livez')],
      ],
    },
    {
      name: 'not rewritten, only checks that prove nothing (or never leave the container) pass',
      mesh: { objects, target: target({ 'sidecar.istio.io/rewriteAppHTTPProbers': 'false' }) },
      rows: checks([
        ['side/liveness', 'DENY_STRICT'],
        ['side/readiness', 'ALLOW_PLAINTEXT'],
        ['side/startup', 'DENY_STRICT'],
        ['shell/liveness', 'ALLOW_UNCAPTURED'],
      ]),
    },
  ]);
  t.end();
});

t.test('ambient', (t) => {
  const target = workload({ labels: IN_AMBIENT });
  const nodes = `
apiVersion: v1
kind: Pod
metadata: { name: agent, namespace: foo, labels: { app: agent } }
spec: { hostNetwork: true, nodeName: one, containers: [{ name: x }] }
---
apiVersion: v1
kind: Pod
metadata: { name: far, namespace: foo, labels: { app: far } }
spec: { hostNetwork: true, nodeName: two, containers: [{ name: x }] }
---`;
  const placed = workload({ labels: IN_AMBIENT, spec: '      nodeName: one' });
  const selected = (ports: string): string =>
    pa('foo/t', `{ selector: { matchLabels: { app: t } }, portLevelMtls: ${ports} }`);
  runScenarios(t, [
    {
      name: '38: STRICT refuses plaintext, takes HBONE, and is nothing to the own node',
      mesh: { target: placed, objects: MESH_STRICT + nodes },
      rows: [
        ['N http t:80', 'DENY_STRICT', 'PeerAuthentication istio-system/default'],
        ['A http t:80', 'ALLOW_HBONE', 'PeerAuthentication istio-system/default'],
        ['K http pod:8080', 'ALLOW_UNCAPTURED', 'default'],
        ['foo/agent http pod:8080', 'ALLOW_UNCAPTURED', 'default'],
        ['foo/far http pod:8080', 'DENY_STRICT', 'PeerAuthentication istio-system/default'],
      ],
    },
    {
      name: '38: a tunnel of the wrong service account is refused by policy',
      mesh: {
        target,
        objects: ap('foo/a', '{ rules: [{ from: [{ source: { principals: [cluster.local/ns/bar/sa/a] } }] }] }'),
      },
      rows: [
        ['N hbone pod:8080', 'DENY_AUTHZ_HBONE', 'AuthorizationPolicy foo/a', { tls: { as: 'bar/n' } }],
        ['N hbone pod:8080', 'ALLOW_HBONE', 'AuthorizationPolicy foo/a', { tls: { as: 'bar/a' } }],
      ],
    },
    {
      name: '38: an exception of DISABLE under an inherited STRICT is not heeded',
      mesh: { target, objects: MESH_STRICT + selected('{ 8080: { mode: DISABLE } }') },
      rows: [['N http t:80', 'DENY_STRICT', 'PeerAuthentication istio-system/default']],
    },
    {
      name: '38: an exception of PERMISSIVE is',
      mesh: { target, objects: MESH_STRICT + selected('{ 8080: { mode: PERMISSIVE } }') },
      rows: [['N http t:80', 'ALLOW_PLAINTEXT', 'PeerAuthentication foo/t']],
    },
    {
      name: '38: to a sidecar without tunnel an ambient caller speaks plaintext',
      mesh: { objects: MESH_STRICT },
      rows: [['A http t:80', 'DENY_STRICT', 'PeerAuthentication istio-system/default']],
    },
    {
      name: '39: a waypoint denies what comes through it, and naked and sidecar callers pass it by',
      mesh: {
        target,
        service: service('t', 'foo').replace(
          'namespace: foo }',
          'namespace: foo, labels: { istio.io/use-waypoint: way } }',
        ),
        objects:
          object(
            'gateway.networking.k8s.io/v1',
            'Gateway',
            'foo/way',
            '{ gatewayClassName: istio-waypoint, listeners: [] }',
          ) +
          ap(
            'foo/admin',
            `{ action: DENY, targetRefs: [{ kind: Service, name: t }], rules: [{ to: [{ operation: { paths: ['/admin'] } }] }] }`,
          ),
      },
      rows: [
        ['A http t:80', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/admin', get('/admin')],
        ['A http t:80', 'ALLOW_HBONE', 'default', get('/')],
        ['N http t:80', 'ALLOW_PLAINTEXT', 'default', get('/admin')],
        ['S http t:80', 'ALLOW_HBONE', 'default', get('/admin')],
      ],
    },
    {
      name: '39: who admits the waypoint alone shuts out who passes it by',
      mesh: {
        target,
        service: service('t', 'foo').replace(
          'namespace: foo }',
          'namespace: foo, labels: { istio.io/use-waypoint: way } }',
        ),
        objects:
          object(
            'gateway.networking.k8s.io/v1',
            'Gateway',
            'foo/way',
            '{ gatewayClassName: istio-waypoint, listeners: [] }',
          ) +
          ap(
            'foo/way-only',
            '{ selector: { matchLabels: { app: t } }, rules: [{ from: [{ source: { principals: [cluster.local/ns/foo/sa/way] } }] }] }',
          ),
      },
      rows: [
        ['A http t:80', 'ALLOW_HBONE', 'AuthorizationPolicy foo/way-only'],
        ['N http t:80', 'DENY_AUTHZ_TCP', 'AuthorizationPolicy foo/way-only'],
      ],
    },
  ]);
  const twins =
    pa('foo/b', '{ mtls: { mode: PERMISSIVE } }', '2026-01-01T00:00:00Z') + pa('foo/a', STRICT, '2026-01-01T00:00:00Z');
  t.match(
    ask(smallMesh({ target, objects: twins }), 'N http t:80').warnings,
    [/of the same age.*ambiguous/],
    '4: of two policies of one age ztunnel may heed either',
  );
  t.end();
});

t.test('network policy', (t) => {
  const np = (place: string, spec: string): string => object('networking.k8s.io/v1', 'NetworkPolicy', place, spec);
  const fromBar = np(
    'foo/ingress',
    '{ podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: bar } } }], ports: [{ port: 8080 }] }] }',
  );
  runScenarios(t, [
    {
      name: '40: sidecars keep the port of the application on the wire',
      mesh: { objects: fromBar },
      rows: [
        ['N http t:80', 'ALLOW_PLAINTEXT'],
        ['S http t:80', 'ALLOW_MTLS'],
        ['S2 http t:80', 'DENY_NETPOL', 'NetworkPolicy foo/ingress'],
        ['S tcp t:90', 'DENY_NETPOL', 'NetworkPolicy foo/ingress'],
      ],
    },
    {
      name: '40: HBONE has a port of its own, which the policy must let in',
      mesh: { target: workload({ labels: IN_AMBIENT }), objects: fromBar },
      rows: [
        ['N http t:80', 'ALLOW_PLAINTEXT'],
        ['A http t:80', 'DENY_NETPOL', 'NetworkPolicy foo/ingress'],
      ],
    },
    {
      name: '40: egress of the caller counts as much as ingress of the target',
      mesh: { objects: np('bar/closed', '{ podSelector: {}, policyTypes: [Egress] }') },
      rows: [['N http t:80', 'DENY_NETPOL', 'NetworkPolicy bar/closed']],
    },
    {
      name: '40: deny-all holds for everybody but the kubelet',
      mesh: { objects: np('foo/closed', '{ podSelector: {} }') },
      rows: [
        ['N http t:80', 'DENY_NETPOL', 'NetworkPolicy foo/closed'],
        ['S http t:80', 'DENY_NETPOL', 'NetworkPolicy foo/closed'],
        ['K http pod:8080', 'ALLOW_PLAINTEXT', 'default'],
      ],
    },
    {
      name: '40: a port name is looked up in the container ports of the target',
      mesh: {
        target: workload({ labels: SIDECAR }).replace('{ containerPort: 8080 }', '{ containerPort: 8080, name: web }'),
        objects: np('foo/named', '{ podSelector: {}, ingress: [{ ports: [{ port: web }] }] }'),
      },
      rows: [
        ['N http t:80', 'ALLOW_PLAINTEXT'],
        ['N tcp t:90', 'DENY_NETPOL', 'NetworkPolicy foo/named'],
      ],
    },
  ]);
  t.end();
});
