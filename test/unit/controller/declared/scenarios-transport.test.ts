import t from 'tap';
import { runScenarios } from './run-scenarios.ts';
import { ap, dr, object, pa, service, SIDECAR, STRICT, workload } from './small-mesh.ts';

const MESH_STRICT = pa('istio-system/default', STRICT);
const OLD = '2026-01-01T00:00:00Z';
const NEW = '2026-02-01T00:00:00Z';
const selected = (rest: string): string => `{ selector: { matchLabels: { app: t } }, ${rest} }`;

t.test('peer authentication', (t) => {
  runScenarios(t, [
    {
      name: '1: without policies plaintext and mTLS are both let in',
      mesh: {},
      rows: [
        ['N http t:80', 'ALLOW_PLAINTEXT', 'default'],
        ['S http t:80', 'ALLOW_MTLS', 'default'],
      ],
    },
    {
      name: '2: STRICT for the mesh refuses plaintext and leaves mTLS alone',
      mesh: { objects: MESH_STRICT },
      rows: [
        ['N http t:80', 'DENY_STRICT', 'PeerAuthentication istio-system/default'],
        ['N tcp-silent t:80', 'HANG'],
        ['S http t:80', 'ALLOW_MTLS', 'PeerAuthentication istio-system/default'],
        ['N mtls t:80', 'ALLOW_MTLS', undefined, { tls: { as: 'bar/n' }, request: {} }],
      ],
    },
    {
      name: '3: a namespace that says PERMISSIVE overrides the mesh',
      mesh: { objects: MESH_STRICT + pa('foo/default', '{ mtls: { mode: PERMISSIVE } }') },
      rows: [['N http t:80', 'ALLOW_PLAINTEXT', 'PeerAuthentication foo/default']],
    },
    {
      name: '3: a namespace that says UNSET leaves it to the mesh',
      mesh: { objects: MESH_STRICT + pa('foo/default', '{ mtls: { mode: UNSET } }') },
      rows: [['N http t:80', 'DENY_STRICT', 'PeerAuthentication istio-system/default']],
    },
    {
      name: '4: of two policies of one namespace the older one counts',
      mesh: { objects: pa('foo/b', '{ mtls: { mode: PERMISSIVE } }', OLD) + pa('foo/a', STRICT, NEW) },
      rows: [['N http t:80', 'ALLOW_PLAINTEXT', 'PeerAuthentication foo/b']],
    },
    {
      name: '4: of two policies of one age the first name counts',
      mesh: { objects: pa('foo/b', '{ mtls: { mode: PERMISSIVE } }', OLD) + pa('foo/a', STRICT, OLD) },
      rows: [['N http t:80', 'DENY_STRICT', 'PeerAuthentication foo/a']],
    },
    {
      name: '5: a selector in the root namespace selects nobody',
      mesh: { objects: pa('istio-system/x', selected('mtls: { mode: STRICT }')) },
      rows: [['N http t:80', 'ALLOW_PLAINTEXT', 'default']],
    },
    {
      name: '6: a port of mode DISABLE takes plaintext, and sidecars send it',
      mesh: { objects: pa('foo/t', selected('mtls: { mode: STRICT }, portLevelMtls: { 8080: { mode: DISABLE } }')) },
      rows: [
        ['N http t:80', 'ALLOW_PLAINTEXT', 'PeerAuthentication foo/t'],
        ['S http t:80', 'ALLOW_PLAINTEXT', 'PeerAuthentication foo/t'],
        ['N mtls pod:8080', 'PROTO_MISMATCH', undefined, { tls: { as: 'bar/n', alpn: ['istio'] }, request: {} }],
      ],
    },
    {
      name: '6: keyed by the service port the exception is none',
      mesh: { objects: pa('foo/t', selected('mtls: { mode: STRICT }, portLevelMtls: { 80: { mode: DISABLE } }')) },
      rows: [['N http t:80', 'DENY_STRICT', 'PeerAuthentication foo/t']],
    },
    {
      name: '7: sidecars do not see the DISABLE of one port behind a headless service',
      mesh: {
        objects: pa('foo/t', selected('mtls: { mode: STRICT }, portLevelMtls: { 8080: { mode: DISABLE } }')),
        service: service().replace('port: 80,', 'port: 8080,').replace('selector:', 'clusterIP: None\n  selector:'),
      },
      rows: [
        ['S http t:8080', 'CLIENT_TLS_MISMATCH', 'PeerAuthentication foo/t'],
        ['N http t:8080', 'ALLOW_PLAINTEXT', 'PeerAuthentication foo/t'],
      ],
    },
    {
      name: '8: DISABLE of the namespace makes sidecars send plaintext into a STRICT workload',
      mesh: {
        objects: pa('foo/default', '{ mtls: { mode: DISABLE } }') + pa('foo/t', selected('mtls: { mode: STRICT }')),
      },
      rows: [
        ['S http t:80', 'CLIENT_TLS_MISMATCH', 'PeerAuthentication foo/t'],
        ['N mtls t:80', 'ALLOW_MTLS', undefined, { tls: { as: 'bar/n' }, request: {} }],
        ['N http t:80', 'DENY_STRICT', 'PeerAuthentication foo/t'],
      ],
    },
    {
      name: '9: a workload policy without mode still sets its ports, and its younger twin sets nothing',
      mesh: {
        objects:
          pa('foo/t', selected('portLevelMtls: { 9090: { mode: STRICT } }'), OLD) +
          pa('foo/u', selected('portLevelMtls: { 8080: { mode: STRICT } }'), NEW),
      },
      rows: [
        ['N tcp t:90', 'DENY_STRICT', 'PeerAuthentication foo/t'],
        ['N http t:80', 'ALLOW_PLAINTEXT', 'default'],
      ],
    },
    {
      name: '10: ports of no Service have the modes of the workload policy, too',
      mesh: { objects: pa('foo/t', selected('mtls: { mode: STRICT }, portLevelMtls: { 5000: { mode: PERMISSIVE } }')) },
      rows: [
        ['N http pod:5000', 'ALLOW_PLAINTEXT', 'PeerAuthentication foo/t'],
        ['N http pod:5001', 'DENY_STRICT', 'PeerAuthentication foo/t'],
      ],
    },
    {
      name: '11: an excluded port is open to plaintext and closed to sidecars',
      mesh: {
        objects: MESH_STRICT + ap('foo/deny-all', '{}'),
        target: workload({ labels: SIDECAR, annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '8080' } }),
      },
      rows: [
        ['N http pod:8080', 'ALLOW_UNCAPTURED', 'Pod foo/t'],
        ['S http t:80', 'CLIENT_TLS_MISMATCH', 'Pod foo/t'],
      ],
    },
    {
      name: '12: an include list is the whole truth, and the exclude list is not asked',
      mesh: {
        objects: MESH_STRICT,
        target: workload({
          labels: SIDECAR,
          annotations: {
            'traffic.sidecar.istio.io/includeInboundPorts': '9090',
            'traffic.sidecar.istio.io/excludeInboundPorts': '9090',
          },
        }),
      },
      rows: [
        ['N http pod:8080', 'ALLOW_UNCAPTURED', 'Pod foo/t'],
        ['N tcp pod:9090', 'DENY_STRICT', 'PeerAuthentication istio-system/default'],
      ],
    },
    {
      name: '13: a sidecar labelled as having none gets plaintext from its callers',
      mesh: {
        objects: MESH_STRICT,
        target: workload({ labels: { ...SIDECAR, 'security.istio.io/tlsMode': 'disabled' } }),
      },
      rows: [
        ['S http t:80', 'CLIENT_TLS_MISMATCH', 'PeerAuthentication istio-system/default'],
        ['N mtls t:80', 'ALLOW_MTLS', undefined, { tls: { as: 'bar/n' }, request: {} }],
      ],
    },
    {
      name: '13: a naked pod labelled as having one gets mTLS that it does not understand',
      mesh: { target: workload({ labels: { 'security.istio.io/tlsMode': 'istio' } }) },
      rows: [
        ['S http t:80', 'CLIENT_TLS_MISMATCH'],
        ['N http t:80', 'ALLOW_UNCAPTURED', 'default'],
      ],
    },
  ]);
  t.end();
});

t.test('the client side', (t) => {
  const strict = MESH_STRICT;
  const tls = (mode: string): string => `trafficPolicy: { tls: { mode: ${mode} } }`;
  runScenarios(t, [
    {
      name: "14: a wildcard rule of the caller's own namespace beats the exact rule of the service's",
      mesh: {
        objects:
          strict +
          dr('bar/all', `{ host: '*.svc.cluster.local', ${tls('DISABLE')} }`) +
          dr('foo/t', `{ host: t, ${tls('ISTIO_MUTUAL')} }`),
      },
      rows: [
        ['S http t:80', 'CLIENT_TLS_MISMATCH', 'PeerAuthentication istio-system/default'],
        ['S2 http t:80', 'ALLOW_MTLS'],
      ],
    },
    {
      name: '15: a rule that is not exported is nothing to other namespaces',
      mesh: { objects: strict + dr('foo/t', `{ host: t, exportTo: ['.'], ${tls('DISABLE')} }`) },
      rows: [
        ['S http t:80', 'ALLOW_MTLS'],
        ['F http t:80', 'CLIENT_TLS_MISMATCH'],
      ],
    },
    {
      name: '16: a short host is of the namespace of the rule, and a name with a dot is taken as it is',
      mesh: {
        objects:
          strict +
          dr('baz/t', `{ host: t, ${tls('DISABLE')} }`) +
          dr('foo/dotted', `{ host: t.foo, ${tls('DISABLE')} }`),
      },
      rows: [['S http t:80', 'ALLOW_MTLS']],
    },
    {
      name: '17: settings of a port take the place of the whole policy, TLS included',
      mesh: {
        target: workload({}),
        objects: dr(
          'foo/t',
          `{ host: t, trafficPolicy: { tls: { mode: ISTIO_MUTUAL }, portLevelSettings: [{ port: { number: 80 }, connectionPool: {} }] } }`,
        ),
      },
      rows: [
        ['S http t:80', 'ALLOW_PLAINTEXT'],
        ['S tcp t:90', 'CLIENT_TLS_MISMATCH', 'DestinationRule foo/t'],
      ],
    },
    {
      name: '17: a top-level DISABLE without TLS at the port is plaintext all the same',
      mesh: {
        objects:
          strict +
          dr(
            'foo/t',
            `{ host: t, trafficPolicy: { tls: { mode: DISABLE }, portLevelSettings: [{ port: { number: 80 }, connectionPool: {} }] } }`,
          ),
      },
      rows: [['S http t:80', 'CLIENT_TLS_MISMATCH']],
    },
    {
      name: '18: of two rules of one host the first that has a traffic policy gives it',
      mesh: {
        objects:
          dr('foo/older', `{ host: t, subsets: [{ name: v1, labels: { app: t } }] }`, OLD) +
          dr('foo/newer', `{ host: t, ${tls('DISABLE')} }`, NEW),
      },
      rows: [['S http t:80', 'ALLOW_PLAINTEXT']],
    },
    {
      name: '19: SIMPLE fails at an HTTP port and gets through to the application elsewhere',
      mesh: { objects: dr('foo/t', `{ host: t, trafficPolicy: { tls: { mode: SIMPLE, insecureSkipVerify: true } } }`) },
      rows: [
        ['S http t:80', 'CLIENT_TLS_MISMATCH', 'DestinationRule foo/t'],
        ['S http t:70', 'ALLOW_OPAQUE_TLS', 'DestinationRule foo/t'],
        ['S tcp t:90', 'ALLOW_OPAQUE_TLS', 'DestinationRule foo/t'],
      ],
    },
    {
      name: '20: a call to the pod address is plaintext, and policies on identities see nobody',
      mesh: {},
      rows: [['S http pod:8080', 'ALLOW_PLAINTEXT', 'default']],
    },
    {
      name: '20: a call to the pod address fails under STRICT',
      mesh: { objects: strict },
      rows: [['S http pod:8080', 'CLIENT_TLS_MISMATCH', 'PeerAuthentication istio-system/default']],
    },
    {
      name: '20: a call to the pod address has no identity to be allowed by',
      mesh: {
        objects: ap('foo/a', '{ rules: [{ from: [{ source: { principals: [cluster.local/ns/bar/sa/c] } }] }] }'),
      },
      rows: [['S http pod:8080', 'DENY_AUTHZ_HTTP', 'AuthorizationPolicy foo/a']],
    },
    {
      name: '21: what a Sidecar does not import is passed on in plaintext',
      mesh: { objects: object('networking.istio.io/v1', 'Sidecar', 'bar/default', `{ egress: [{ hosts: ['./*'] }] }`) },
      rows: [['S http t:80', 'ALLOW_PLAINTEXT']],
    },
    {
      name: '21: under STRICT that is refused',
      mesh: {
        objects:
          strict + object('networking.istio.io/v1', 'Sidecar', 'bar/default', `{ egress: [{ hosts: ['./*'] }] }`),
      },
      rows: [['S http t:80', 'CLIENT_TLS_MISMATCH', 'PeerAuthentication istio-system/default']],
    },
    {
      name: '21: with REGISTRY_ONLY the proxy itself refuses',
      mesh: {
        objects: object(
          'networking.istio.io/v1',
          'Sidecar',
          'bar/default',
          `{ egress: [{ hosts: ['./*'] }], outboundTrafficPolicy: { mode: REGISTRY_ONLY } }`,
        ),
      },
      rows: [['S http t:80', 'CLIENT_BLACKHOLE', 'Sidecar bar/default']],
    },
    {
      name: '22: unknown hosts are let pass by ALLOW_ANY',
      mesh: {},
      rows: [['S http x:443', 'ALLOW_UNCAPTURED', 'default', { target: 'host:example.com' }]],
    },
  ]);
  t.end();
});

t.test('REGISTRY_ONLY answers 502 where it has an HTTP listener, and closes where it has none', async (t) => {
  const { ask, smallMesh } = await import('./small-mesh.ts');
  const sidecar = (hosts: string): string =>
    object(
      'networking.istio.io/v1',
      'Sidecar',
      'bar/default',
      `{ egress: [{ hosts: [${hosts}] }], outboundTrafficPolicy: { mode: REGISTRY_ONLY } }`,
    );
  const known = smallMesh({ objects: sidecar("'./*'") + service('n', 'bar') });
  t.equal(ask(known, 'S http t:80').httpStatus, 502);
  t.equal(ask(known, 'S tcp t:90').httpStatus, undefined);
  const unknown = smallMesh({ objects: sidecar("'./*'") });
  t.equal(ask(unknown, 'S http t:80').httpStatus, undefined);
  t.equal(ask(unknown, 'S http t:80').outcome, 'CLIENT_BLACKHOLE');
});
