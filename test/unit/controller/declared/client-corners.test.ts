import t from 'tap';
import { runScenarios } from './run-scenarios.ts';
import { dr, object, pa, service, SIDECAR, STRICT, workload } from './small-mesh.ts';

const NAKED = workload({});
const REGISTRY_ONLY = '{ outboundTrafficPolicy: { mode: REGISTRY_ONLY } }';
const MESH_STRICT = pa('istio-system/default', STRICT);

/** `t` again, under another name and with one port. */
const sibling = (name: string, port: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: foo }
spec: { selector: { app: t }, ports: [${port}] }
---`;

t.test('client proxies in the corners that random meshes found', (t) => {
  runScenarios(t, [
    {
      name: 'bytes that are no HTTP pass by the HTTP listener, without mTLS',
      mesh: { target: NAKED },
      rows: [['S tcp t:80', 'ALLOW_PLAINTEXT']],
    },
    {
      name: 'so STRICT refuses them',
      mesh: { objects: MESH_STRICT },
      rows: [['S tcp t:80', 'CLIENT_TLS_MISMATCH', 'PeerAuthentication istio-system/default']],
    },
    { name: 'PERMISSIVE lets them to the HTTP proxy', mesh: {}, rows: [['S tcp t:80', 'PROTO_MISMATCH']] },
    {
      name: 'and REGISTRY_ONLY stops them, though the service is known',
      mesh: { target: NAKED, objects: object('networking.istio.io/v1', 'Sidecar', 'bar/default', REGISTRY_ONLY) },
      rows: [['S tcp t:80', 'CLIENT_BLACKHOLE', 'Sidecar bar/default']],
    },
    {
      name: 'the name of a sniffed port is routed from the HTTP listener of its number',
      mesh: {
        target: workload({ labels: SIDECAR }) + workload({ name: 'w' }),
        objects: MESH_STRICT + sibling('sniffed', '{ name: x, port: 81, targetPort: 8080 }'),
        service: `
apiVersion: v1
kind: Service
metadata: { name: w, namespace: foo }
spec: { selector: { app: w }, ports: [{ name: http, port: 81, targetPort: 8080 }] }
---`,
      },
      rows: [
        ['S http w:81', 'ALLOW_PLAINTEXT', 'default', { request: { host: 'w.foo' } }],
        ['S http w:81', 'ALLOW_MTLS', 'PeerAuthentication istio-system/default', { request: { host: 'sniffed.foo' } }],
      ],
    },
    {
      name: 'an empty workloadSelector is one: the rule stays in its namespace',
      mesh: {
        objects:
          MESH_STRICT + dr('foo/t', '{ host: t, workloadSelector: {}, trafficPolicy: { tls: { mode: DISABLE } } }'),
      },
      rows: [
        ['S http t:80', 'ALLOW_MTLS'],
        ['F http t:80', 'CLIENT_TLS_MISMATCH'],
      ],
    },
    {
      name: 'a private rule for all workloads vanishes beside a rule for some',
      mesh: {
        objects:
          MESH_STRICT +
          dr(
            'bar/some',
            '{ host: t.foo.svc.cluster.local, workloadSelector: { matchLabels: { app: other } }, trafficPolicy: { connectionPool: {} } }',
          ) +
          dr(
            'bar/all',
            `{ host: t.foo.svc.cluster.local, exportTo: ['.'], trafficPolicy: { tls: { mode: DISABLE } } }`,
          ),
      },
      rows: [['S http t:80', 'ALLOW_MTLS']],
    },
    {
      name: 'a public one does not',
      mesh: {
        objects:
          MESH_STRICT +
          dr(
            'bar/some',
            '{ host: t.foo.svc.cluster.local, workloadSelector: { matchLabels: { app: other } }, trafficPolicy: { connectionPool: {} } }',
          ) +
          dr('bar/all', '{ host: t.foo.svc.cluster.local, trafficPolicy: { tls: { mode: DISABLE } } }'),
      },
      rows: [['S http t:80', 'CLIENT_TLS_MISMATCH']],
    },
    {
      name: 'ISTIO_MUTUAL above a port without TLS sends mTLS even to a port that is set to DISABLE',
      mesh: {
        objects:
          pa(
            'foo/t',
            '{ selector: { matchLabels: { app: t } }, mtls: { mode: STRICT }, portLevelMtls: { 8080: { mode: DISABLE } } }',
          ) +
          dr(
            'bar/t',
            '{ host: t.foo.svc.cluster.local, trafficPolicy: { tls: { mode: ISTIO_MUTUAL }, portLevelSettings: [{ port: { number: 80 }, connectionPool: {} }] } }',
          ),
      },
      rows: [['S http t:80', 'CLIENT_TLS_MISMATCH']],
    },
    {
      name: 'without pods a headless name leads nowhere, whatever the caller may see',
      mesh: {
        target: workload({ name: 'other' }),
        service: service('t', 'foo', 'clusterIP: None'),
        objects: object('networking.istio.io/v1', 'Sidecar', 'bar/default', REGISTRY_ONLY),
      },
      rows: [['S http t:80', 'NO_ENDPOINTS']],
    },
  ]);
  t.end();
});
