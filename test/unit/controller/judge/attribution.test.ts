import t from 'tap';
import type { K8sObject } from '../../../../controller/declared/objects.ts';
import type { Cell, Conflict } from '../../../../controller/judge/finding.ts';
import { judge } from '../../../../controller/judge/judge.ts';
import type { JudgeOptions } from '../../../../controller/judge/judge.ts';
import type { PlacedVantage } from '../../../../controller/plan/plan.ts';
import {
  ANSWER,
  measured,
  meshOf,
  object,
  peerAuthentication,
  placed,
  pod,
  PROBER,
  refusal,
  service,
  SILENCE,
} from './live-mesh.ts';
import type { Seen } from './live-mesh.ts';

const WEB = placed('web/front');
const BATCH = placed('legacy/batch', 'naked');
const CALLERS = [
  pod('web/front'),
  pod('legacy/batch', { isMeshed: false }),
  pod('meshproof/prober', { isMeshed: false }),
];

function judged(
  objects: readonly K8sObject[],
  vantages: readonly PlacedVantage[],
  seen: Seen,
  options: Partial<JudgeOptions> = {},
): { readonly cells: readonly Cell[]; readonly conflicts: readonly Conflict[] } {
  const mesh = meshOf(...CALLERS, ...objects);
  const cells = measured(mesh, vantages, seen);
  return judge({ mesh, cells, options: { minCoverage: 1, failOn: [], ...options }, isFinal: true });
}

const drawn = (cells: readonly Cell[]): readonly string[] =>
  cells.map(({ source, target, drift, cause }) => `${source} → ${target.name} ${drift} ${cause?.code ?? ''}`.trim());

t.test('an endpoint that is published although it is not ready', (t) => {
  const slice = object('EndpointSlice', 'shop/db-1', undefined, { labels: { 'kubernetes.io/service-name': 'db' } });
  const published = {
    ...slice,
    ports: [{ name: 'http', port: 8080 }],
    endpoints: [{ addresses: ['10.0.0.2'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'db' } }],
  };
  const refused: Seen = () => refusal('application', 'upstream-refused', 503);
  for (const [isReady, code] of [
    [false, 'MP1014'],
    [true, 'MP1304'],
  ] as const) {
    const { cells } = judged([pod('shop/db', { isReady }), service('shop/db'), published], [WEB], refused);
    t.same(drawn(cells), [`web/front → db blocked ${code}`]);
  }
  t.end();
});

t.test('a DestinationRule that somebody generates is mended where it comes from', (t) => {
  const rule = (ownerReferences: readonly { readonly kind: string; readonly name: string }[]): readonly K8sObject[] => [
    pod('shop/pay'),
    service('shop/pay'),
    peerAuthentication('shop/default', 'STRICT'),
    object(
      'DestinationRule',
      'shop/pay',
      { host: 'pay.shop.svc.cluster.local', trafficPolicy: { tls: { mode: 'DISABLE' } } },
      { ownerReferences },
    ),
  ];
  const reset: Seen = (route) =>
    route.startsWith('web/front') ? refusal('application', 'upstream-reset', 503) : undefined;
  const own = judged(rule([]), [WEB, PROBER], reset);
  const generated = judged(rule([{ kind: 'Canary', name: 'pay' }]), [WEB, PROBER], reset);
  t.same(
    [own, generated].map(({ conflicts }) => conflicts.map(({ cause }) => cause.code)),
    [['MP1002'], ['MP1016']],
  );
  t.match(generated.conflicts[0]?.cause, {
    message: /DestinationRule shop\/pay is generated from Canary shop\/pay\.$/,
    fix: /resource that it is generated from/,
  });
  t.end();
});

t.test('a pod that is older than the labels that ask for its sidecar', (t) => {
  const open: Seen = () => ANSWER;
  const namespace = object('Namespace', '/shop', {}, { labels: { 'istio-injection': 'enabled' } });
  const metadata = { creationTimestamp: '2026-03-01T10:00:00Z' };
  const objects = (isLabelled: boolean): readonly K8sObject[] => [
    ...(isLabelled ? [namespace] : []),
    pod('shop/pay', { isMeshed: false, metadata: { ...metadata, labels: { app: 'pay' } } }),
    service('shop/pay'),
    peerAuthentication('shop/default', 'STRICT'),
  ];
  const [labelled, plain] = [true, false].map((isLabelled) => judged(objects(isLabelled), [BATCH], open).conflicts[0]);
  t.match(labelled?.cause, {
    code: 'MP1008',
    message:
      'legacy/batch → shop/pay:80 is open to plaintext although PeerAuthentication shop/default (spec.mtls.mode) says STRICT: ' +
      'its labels ask for a sidecar, and shop/pay runs since 2026-03-01T10:00:00Z without one.',
    fix: "Restart the pods of shop/pay; if they still come without a sidecar, look at the injector's webhook.",
  });
  t.match(plain?.cause, { code: 'MP1008', message: /: the pod has no sidecar\.$/ });
  t.end();
});

t.test('an object outside the model excuses drift, unless somebody vouches for it', (t) => {
  const filter = object('EnvoyFilter', 'shop/odd', {});
  const objects = [pod('shop/pay'), service('shop/pay'), filter];
  const cases: readonly (readonly [trusted: readonly string[], drawn: string])[] = [
    [[], 'legacy/batch → pay unknown MP1504'],
    [['EnvoyFilter/shop/od'], 'legacy/batch → pay unknown MP1504'],
    [['EnvoyFilter/bank/odd', 'EnvoyFilter/shop/odd'], 'legacy/batch → pay blocked MP1307'],
  ];
  for (const [trusted, expected] of cases) {
    t.same(drawn(judged(objects, [BATCH], () => SILENCE, { trusted }).cells), [expected], trusted.join());
  }
  t.end();
});

/** Shuts everybody out of `shop/pay`, below the mesh. */
const CLOSED = object('NetworkPolicy', 'shop/none', { podSelector: {} });
const READINESS = { readinessProbe: { httpGet: { path: '/', port: 8080 } } };

interface Control {
  readonly what: string;
  readonly vantage: PlacedVantage;
  readonly container: Record<string, unknown>;
  readonly isReady?: boolean;
  readonly sessionsAreControl: boolean;
  readonly outcome: ReturnType<Seen>;
  readonly drawn: string;
}

const CONTROLS: readonly Control[] = [
  {
    what: 'a report over the measured network, and a kubelet that is answered at that port, are control enough',
    vantage: BATCH,
    container: READINESS,
    sessionsAreControl: true,
    outcome: SILENCE,
    drawn: 'legacy/batch → pay agrees MP1307',
  },
  {
    what: 'a report over another network says nothing of this one',
    vantage: BATCH,
    container: READINESS,
    sessionsAreControl: false,
    outcome: SILENCE,
    drawn: 'legacy/batch → pay unknown MP1506',
  },
  {
    what: 'a pod that is not ready',
    vantage: BATCH,
    container: READINESS,
    isReady: false,
    sessionsAreControl: true,
    outcome: SILENCE,
    drawn: 'legacy/batch → pay unknown MP1506',
  },
  {
    what: 'a pod that nobody asks whether it is ready',
    vantage: BATCH,
    container: {},
    sessionsAreControl: true,
    outcome: SILENCE,
    drawn: 'legacy/batch → pay unknown MP1506',
  },
  {
    what: 'a connection that the sidecar accepts proves no application',
    vantage: BATCH,
    container: { readinessProbe: { tcpSocket: { port: 8080 } } },
    sessionsAreControl: true,
    outcome: SILENCE,
    drawn: 'legacy/batch → pay unknown MP1506',
  },
  {
    what: 'a meshed vantage whose sidecar says nothing',
    vantage: WEB,
    container: READINESS,
    sessionsAreControl: true,
    outcome: { ...SILENCE, layer: 'application' },
    drawn: 'web/front → pay unknown MP1506',
  },
  {
    what: 'a meshed vantage whose sidecar says that it cannot get there',
    vantage: WEB,
    container: READINESS,
    sessionsAreControl: true,
    outcome: refusal('application', 'upstream-timeout', 503),
    drawn: 'web/front → pay agrees MP1307',
  },
];

t.test('what makes a refusal mean something where nothing at all is reached', (t) => {
  for (const { what, vantage, container, isReady = true, sessionsAreControl, outcome, drawn: expected } of CONTROLS) {
    const objects = [pod('shop/pay', { container, isReady }), service('shop/pay'), CLOSED];
    t.same(drawn(judged(objects, [vantage], () => outcome, { sessionsAreControl }).cells), [expected], what);
  }
  t.end();
});

t.test('a health check that a NetworkPolicy keeps from the prober says nothing of the kubelet', (t) => {
  const { cells } = judged([pod('shop/pay', { container: READINESS }), CLOSED], [PROBER], () => SILENCE, {
    sessionsAreControl: true,
  });
  const check = cells.find(({ probe }) => probe.kind === 'health');
  t.match(check, {
    drift: 'agrees',
    cause: {
      code: 'MP1307',
      message:
        "meshproof/prober → pod:shop/pay:8080 is refused: NetworkPolicy shop/none denies it, which keeps meshproof/prober out and never the kubelet of the pod's own node.",
    },
  });
  t.end();
});
