import t from 'tap';
import { ask, decider, dr, meshOf, object, pa, SIDECAR, STRICT, workload } from './small-mesh.ts';
import type { Flow } from '../../../../controller/declared/expectation.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';

const EDGE = `${workload({ namespace: 'edge', name: 'gate', labels: { istio: 'ingressgateway' }, annotations: { 'inject.istio.io/templates': 'gateway' } })}
apiVersion: v1
kind: Service
metadata: { name: gate, namespace: edge }
spec: { selector: { app: gate }, ports: [{ name: http, port: 80, targetPort: 8080 }, { name: https, port: 443, targetPort: 9090 }] }
---
apiVersion: v1
kind: Service
metadata: { name: t, namespace: foo }
spec: { selector: { app: t }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---`;
const istio = (kind: string, place: string, spec: string): string =>
  object('networking.istio.io/v1', kind, place, spec);
const GATEWAY = istio(
  'Gateway',
  'edge/g',
  '{ selector: { istio: ingressgateway }, servers: [{ port: { number: 80, protocol: HTTP }, hosts: [t.example] }, { port: { number: 443, protocol: HTTPS }, tls: { mode: SIMPLE, credentialName: c }, hosts: [t.example] }] }',
);
const route = (http: string): string =>
  istio('VirtualService', 'edge/v', `{ hosts: [t.example], gateways: [g], http: [${http}] }`);
const TO_T = '{ route: [{ destination: { host: t.foo.svc.cluster.local } }] }';
const TARGET = workload({ labels: SIDECAR });
const NAKED = workload({ namespace: 'bar', name: 'n' });

function mesh(objects: string, target = TARGET): Mesh {
  return meshOf([EDGE, NAKED, target, objects].join('\n---\n'));
}

const VIA: Partial<Flow> = { via: 'edge/gate', request: { host: 't.example', path: '/' } };

t.test('a flow through a gateway is judged hop by hop', (t) => {
  const open = ask(mesh(GATEWAY + route(TO_T)), 'N http t:80', VIA);
  t.equal(open.outcome, 'ALLOW_MTLS');
  t.equal(open.identity, 'spiffe://cluster.local/ns/edge/sa/gate', 'the gateway is who calls');
  const cases: readonly (readonly [why: string, objects: string, outcome: string, by: string])[] = [
    ['no route for the host', GATEWAY, 'NO_ROUTE', 'Gateway edge/g'],
    ['no server', route(TO_T), 'APP_DOWN', 'default'],
    [
      'STRICT behind the gateway is no trouble',
      GATEWAY + route(TO_T) + pa('foo/default', STRICT),
      'ALLOW_MTLS',
      'PeerAuthentication foo/default',
    ],
    [
      "unless the gateway's own rule takes mTLS away",
      GATEWAY +
        route(TO_T) +
        pa('foo/default', STRICT) +
        dr('edge/t', '{ host: t.foo.svc.cluster.local, trafficPolicy: { tls: { mode: DISABLE } } }'),
      'CLIENT_TLS_MISMATCH',
      'PeerAuthentication foo/default',
    ],
    [
      'a policy at the gateway',
      GATEWAY + route(TO_T) + object('security.istio.io/v1', 'AuthorizationPolicy', 'edge/deny', '{}'),
      'DENY_AUTHZ_HTTP',
      'AuthorizationPolicy edge/deny',
    ],
    [
      'PeerAuthentication at the gateway is nothing to it',
      GATEWAY + route(TO_T) + pa('edge/default', STRICT),
      'ALLOW_MTLS',
      'default',
    ],
    [
      'a NetworkPolicy between gateway and target',
      GATEWAY + route(TO_T) + object('networking.k8s.io/v1', 'NetworkPolicy', 'foo/closed', '{ podSelector: {} }'),
      'DENY_NETPOL',
      'NetworkPolicy foo/closed',
    ],
    [
      'a destination that is none',
      GATEWAY + route('{ route: [{ destination: { host: nobody } }] }'),
      'NO_ENDPOINTS',
      'VirtualService edge/v',
    ],
    [
      'a subset that is none',
      GATEWAY + route('{ route: [{ destination: { host: t.foo.svc.cluster.local, subset: v2 } }] }'),
      'NO_ENDPOINTS',
      'VirtualService edge/v',
    ],
    [
      'a redirect is an answer',
      GATEWAY + route('{ redirect: { uri: /x } }'),
      'ALLOW_PLAINTEXT',
      'VirtualService edge/v',
    ],
    [
      'the first route that matches',
      GATEWAY + route(`{ match: [{ uri: { prefix: /api } }], redirect: { uri: /x } }, ${TO_T}`),
      'ALLOW_MTLS',
      'default',
    ],
  ];
  for (const [why, objects, outcome, by] of cases) {
    const found = ask(mesh(objects), 'N http t:80', VIA);
    t.equal(found.outcome, outcome, why);
    t.equal(decider(found.decidedBy), by, `${why}: ${by}`);
  }
  t.end();
});

t.test('a gateway that is called itself is judged for its listener', (t) => {
  const at = (port: number, request: NonNullable<Flow['request']>, probe: Flow['probe'] = 'http'): string =>
    ask(mesh(GATEWAY + route(TO_T) + pa('foo/default', STRICT)), 'N http t:80', {
      target: 'edge/gate',
      port,
      probe,
      request,
    }).outcome;
  t.equal(at(80, { host: 't.example' }), 'ALLOW_PLAINTEXT');
  t.equal(at(80, { host: 'other.example' }), 'NO_ROUTE');
  t.equal(at(443, { host: 't.example' }), 'NO_ROUTE', 'plaintext to a server that wants TLS');
  t.equal(at(443, { host: 't.example' }, 'tls'), 'ALLOW_OPAQUE_TLS');
  t.end();
});

t.test('plain routes to services of the mesh are offered to who wants to try them', (t) => {
  t.strictSame(mesh(GATEWAY + route(TO_T)).gatewayRoutes, [
    { gateway: 'edge/gate', port: 80, host: 't.example', backend: { service: 'foo/t', port: 80 } },
  ]);
  t.strictSame(mesh(GATEWAY).gatewayRoutes, []);
  t.end();
});

t.test('Gateway and HTTPRoute of the Gateway API', (t) => {
  const api = (kind: string, place: string, spec: string): string =>
    object('gateway.networking.k8s.io/v1', kind, place, spec);
  const gate = EDGE.replace('"istio":"ingressgateway"', '"gateway.networking.k8s.io/gateway-name":"g"');
  const objects =
    api('Gateway', 'edge/g', '{ gatewayClassName: istio, listeners: [{ name: http, port: 80, protocol: HTTP }] }') +
    api(
      'HTTPRoute',
      'edge/r',
      '{ parentRefs: [{ name: g }], hostnames: [t.example], rules: [{ matches: [{ path: { value: / } }], backendRefs: [{ name: t, namespace: foo, port: 80 }] }] }',
    );
  const found = ask(meshOf([gate, NAKED, TARGET, objects].join('\n---\n')), 'N http t:80', VIA);
  t.equal(found.outcome, 'ALLOW_MTLS');
  t.end();
});

t.test('VirtualServices for sidecars send calls elsewhere, answer them, or leave them without a route', (t) => {
  const caller = workload({ namespace: 'bar', name: 'c', labels: SIDECAR });
  const other = `${workload({ name: 'u' })}
apiVersion: v1
kind: Service
metadata: { name: u, namespace: foo }
spec: { selector: { app: u }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---`;
  const through = (spec: string, more: Partial<Flow> = {}): string => {
    const objects = istio('VirtualService', 'foo/v', spec);
    return ask(meshOf([EDGE, TARGET, caller, other, objects].join('\n---\n')), 'S http t:80', more).outcome;
  };
  const to = (host: string, match = ''): string => `{ ${match} route: [{ destination: { host: ${host} } }] }`;
  t.equal(through(`{ hosts: [t], http: [${to('t')}] }`), 'ALLOW_MTLS');
  t.equal(through(`{ hosts: [t], http: [${to('u')}] }`), 'ALLOW_PLAINTEXT', 'another service, without sidecar');
  t.equal(through(`{ hosts: [t], http: [${to('t', 'match: [{ uri: { exact: /x } }],')}] }`), 'NO_ROUTE');
  t.equal(
    through(`{ hosts: [t], http: [${to('t', 'match: [{ uri: { exact: /x } }],')}] }`, { request: { path: '/x?y=1' } }),
    'ALLOW_MTLS',
  );
  t.equal(through(`{ hosts: [t], exportTo: ['.'], http: [${to('u')}] }`), 'ALLOW_MTLS', 'not exported to the caller');
  t.equal(through(`{ hosts: [t], gateways: [g], http: [${to('u')}] }`), 'ALLOW_MTLS', 'for a gateway only');
  t.equal(
    through('{ hosts: [t], http: [{ fault: { abort: { httpStatus: 500 } }, route: [{ destination: { host: t } }] }] }'),
    'ALLOW_PLAINTEXT',
    "answered by the caller's proxy",
  );
  t.end();
});
