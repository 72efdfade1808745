import t from 'tap';
import { buildMesh } from '../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../controller/declared/mesh.ts';
import { expectFlow } from '../../../controller/declared/expect.ts';
import type { Expectation, OutcomeCode } from '../../../controller/declared/expectation.ts';
import type { Conflict, Cell } from '../../../controller/judge/finding.ts';
import { judge } from '../../../controller/judge/judge.ts';
import type { MeasuredCell } from '../../../controller/judge/judge.ts';
import { flowOf } from '../../../controller/plan/flow.ts';
import { makePlan } from '../../../controller/plan/plan.ts';
import type { PlacedVantage, Plan } from '../../../controller/plan/plan.ts';
import { loadSnapshot } from '../../../controller/snapshot/files.ts';
import { loadScenario, scenarioNames } from '../../../deploy/sandbox/scenario.ts';
import type { IdentityFault, Outcome, Refused, Signature } from '../../../proto/outcome.ts';
import type { DataPlane, Route } from '../../../proto/vocabulary.ts';
import { targetKey } from '../../../proto/vocabulary.ts';
import { SHOP_CONFLICTS } from '../../support/shop-findings.ts';

type Placement = readonly [workload: string, serviceAccount: string, dataPlane: DataPlane];
const OURS: readonly Placement[] = [
  ['meshproof/prober', 'prober', 'naked'],
  ['meshproof/kubelet', 'kubelet', 'host'],
];
const VANTAGES: Readonly<Record<'healthy' | 'shop', readonly Placement[]>> = {
  healthy: [
    ['store/cache', 'store', 'sidecar'],
    ['bank/ledger', 'ledger', 'sidecar'],
    ['metrics/collector', 'collector', 'sidecar'],
    ['reports/cron', 'cron', 'sidecar'],
    ['old/terminal', 'terminal', 'naked'],
    ...OURS,
  ],
  shop: [
    ['legacy/batch', 'batch', 'naked'],
    ['web/front', 'front', 'sidecar'],
    ['checkout/checkout', 'checkout', 'sidecar'],
    ['shop/cart', 'shop', 'sidecar'],
    ['wallet/accounts', 'wallet', 'sidecar'],
    ['wallet/coupons-2', 'wallet', 'naked'],
    ['depot/stock', 'stock', 'sidecar'],
    ...OURS,
  ],
};

async function load(name: 'healthy' | 'shop'): Promise<{ readonly mesh: Mesh; readonly plan: Plan }> {
  const { manifestPaths } = await loadScenario(name);
  const mesh = buildMesh(await loadSnapshot(manifestPaths));
  const placed = VANTAGES[name].map(([workload, serviceAccount, dataPlane]): PlacedVantage => {
    const [namespace = ''] = workload.split('/');
    return { workload, vantage: { namespace, serviceAccount, dataPlane } };
  });
  return { mesh, plan: makePlan(mesh, placed) };
}

const facts = { address: 0, timings: { totalMs: 1 } };
const refusal = (layer: Refused['layer'], signature: Signature): Outcome => ({
  kind: 'refused',
  layer,
  signature,
  detail: '',
  ...facts,
});
const certificate = (fault: IdentityFault | null) => ({
  spiffeId: 'spiffe://cluster.local/ns/a/sa/b',
  notBeforeMs: 0,
  notAfterMs: 1,
  issuerFingerprint: '00',
  fault,
});

/** What the wire shows where it does just what is declared. */
function asDeclared(
  { vantage, target, probe }: Route,
  { outcome, expect }: Pick<Expectation, 'outcome' | 'expect'>,
): Outcome {
  const isProxied = vantage.dataPlane === 'sidecar' || (target.kind === 'service' && target.via !== undefined);
  const isTls = probe.kind === 'tls' || probe.kind === 'mtls' || probe.kind === 'mtls-untrusted';
  if (outcome === 'ALLOW_UNCAPTURED' && isTls) return refusal('tls', 'speaks-plaintext');
  if (outcome === 'ALLOW_OPAQUE_TLS') return refusal('tls', 'speaks-plaintext');
  if (expect === 'allow' || expect === 'mixed') {
    const transport = probe.kind === 'mtls' ? 'mtls' : isProxied ? 'unproved' : 'plaintext';
    return { kind: 'reached', transport, status: 200, ...facts, ...(isTls && { certificate: certificate(null) }) };
  }
  const [layer, signature] = (isProxied ? PROXIED[outcome] : undefined) ?? DIRECT[outcome] ?? ['dns', 'name-not-found'];
  return refusal(layer, signature);
}
type Seen = readonly [Refused['layer'], Signature];
const DIRECT: Partial<Record<OutcomeCode, Seen>> = {
  DENY_STRICT: ['application', 'reset'],
  DENY_NO_CHAIN_TLS: ['tls', 'reset'],
  DENY_TLS_NO_CERT: ['tls', 'certificate-required'],
  DENY_TLS_BAD_CA: ['tls', 'certificate-refused'],
  PROTO_MISMATCH: ['tls', 'speaks-plaintext'],
  DENY_AUTHZ_HTTP: ['application', 'rbac-denied'],
  DENY_AUTHZ_TCP: ['application', 'closed'],
};
const PROXIED: Partial<Record<OutcomeCode, Seen>> = { CLIENT_TLS_MISMATCH: ['application', 'upstream-reset'] };

/** Certificates that are wrong in reality, which the manifests know nothing of. */
const FAULTS: Readonly<Record<string, IdentityFault>> = {
  'wallet/card': 'expired',
  'wallet/gift': 'untrusted-root',
  'wallet/points': 'identity-mismatch',
};

function measured(route: Route, expectation: Expectation): Outcome {
  const fault = FAULTS[`${route.target.namespace}/${route.target.name}`];
  const outcome = asDeclared(route, expectation);
  if (fault === undefined || expectation.outcome !== 'ALLOW_MTLS') return outcome;
  if (route.vantage.dataPlane === 'sidecar') return refusal('application', 'upstream-certificate');
  return { ...outcome, certificate: certificate(fault) } as Outcome;
}

function sweepOf(mesh: Mesh, plan: Plan): { readonly cells: readonly Cell[]; readonly conflicts: readonly Conflict[] } {
  const cells = plan.cells.map(({ table, key, route, source }): MeasuredCell => {
    const expectation = expectFlow(mesh, flowOf(route, source));
    const outcome = measured(route, expectation);
    const attempts = (expectation.endpoints ?? []).map((endpoint) => {
      return { startedAtMs: 0, address: '', pod: endpoint.pod, outcome: asDeclared(route, endpoint) };
    });
    return { table, key, source, ...route, expectation, outcome, attempts };
  });
  return judge({ mesh, cells, options: { minCoverage: 1, failOn: ['drift', 'critical', 'error'] } });
}

const GLYPHS: Partial<Record<OutcomeCode, string>> = {
  ALLOW_MTLS: 'm',
  ALLOW_PLAINTEXT: 'p',
  ALLOW_UNCAPTURED: 'p',
  DENY_STRICT: 'S',
  DENY_AUTHZ_HTTP: 'A',
  DENY_AUTHZ_TCP: 'A',
  CLIENT_TLS_MISMATCH: 'X',
  DENY_NO_CHAIN_TLS: 'N',
  DENY_TLS_NO_CERT: 'C',
  DENY_TLS_BAD_CA: 'U',
  PROTO_MISMATCH: 'P',
};
function glyph({ expect, outcome, transport }: Expectation): string {
  if (expect === 'mixed') return '±';
  return transport === 'tls' ? 'o' : (GLYPHS[outcome] ?? outcome);
}

/** Rows of `pod:port glyphs`: plaintext, TLS, TLS with an Istio ALPN, mutual TLS, mutual TLS of an unknown CA. */
function fingerprints(mesh: Mesh, plan: Plan): readonly string[] {
  const cells = plan.cells.filter(({ table }) => table === 'transport');
  return [...Map.groupBy(cells, ({ route }) => targetKey(route.target))]
    .map(([target, row]) => {
      const glyphs = row.map(({ route, source }) => glyph(expectFlow(mesh, flowOf(route, source))));
      return `${target.replace('pod:', '')} ${glyphs.join(' ')}`;
    })
    .sort();
}

/** Rows of `source glyph…`, columns in the order of the targets. */
function drawn(mesh: Mesh, plan: Plan, targets: readonly string[]): readonly string[] {
  const rows = new Map<string, string[]>();
  for (const { table, route, source } of plan.cells) {
    const column = targets.indexOf(targetKey(route.target));
    if (table !== 'reachability' || column < 0) continue;
    const row = rows.get(source) ?? targets.map(() => '?');
    row[column] = glyph(expectFlow(mesh, flowOf(route, source)));
    rows.set(source, row);
  }
  return [...rows].map(([source, row]) => `${source} ${row.join(' ')}`).sort();
}

t.test('every scenario has manifests that load, and a reality that is whole', async (t) => {
  const names = await scenarioNames();
  t.ok(names.includes('healthy') && names.includes('shop'));
  for (const name of names) {
    const { manifestPaths } = await loadScenario(name);
    const snapshot = await loadSnapshot(manifestPaths);
    t.ok(snapshot.objects.length > 0, name);
    t.same(snapshot.warnings, [], name);
  }
});

t.test('the declared matrix of healthy is the one that its README draws', async (t) => {
  const { mesh, plan } = await load('healthy');
  const targets = [
    'store/web:80',
    'store/cache:6379',
    'bank/ledger:80',
    'bank/ledger:9000',
    'bank/ledger:5432',
    'metrics/collector:9090',
    'old/terminal:80',
  ];
  t.same(drawn(mesh, plan, targets), [
    'bank/ledger m m m m m p p',
    'metrics/collector m m A A A p p',
    'old/terminal p p S S S p p',
    'reports/cron m m m A m p p',
    'store/cache m m m m m p p',
  ]);
});

t.test('the declared matrix of shop is the one that its README draws', async (t) => {
  const { mesh, plan } = await load('shop');
  const targets = [
    'legacy/reports:80',
    'web/front:80',
    'shop/pay:8080',
    'shop/cart:80',
    'shop/search:80',
    'wallet/accounts:80',
    'wallet/card:80',
    'wallet/coupons:80',
    'wallet/gift:80',
    'wallet/points:80',
    'depot/stock:80',
  ];
  t.same(drawn(mesh, plan, targets), [
    'checkout/checkout X m m X m m m ± m m m',
    'depot/stock p m A m m m m ± m m m',
    'legacy/batch p S S S S p p p p p p',
    'shop/cart p m m m m m m ± m m m',
    'wallet/accounts p m m m m m m ± m m m',
    'wallet/coupons-2 p S S S S p p p p p p',
    'web/front p m m m m m m ± m m m',
  ]);
  const viaGateway = 'web/front:80 via edge/gateway:8080 (shop.example)';
  t.same(drawn(mesh, plan, [viaGateway]), ['meshproof/prober X']);
});

t.test('the transport tables are those of the modes that are declared', async (t) => {
  const healthy = await load('healthy');
  t.same(fingerprints(healthy.mesh, healthy.plan), [
    'bank/ledger:5432 S C C A U',
    'bank/ledger:8080 S C C A U',
    'bank/ledger:9000 S C C A U',
    'metrics/collector:9090 p P P P P',
    'old/terminal:8080 p o o o o',
    'store/cache:6379 p o C m U',
    'store/web:8080 p N C m U',
  ]);
  const shop = await load('shop');
  t.same(fingerprints(shop.mesh, shop.plan), [
    'depot/stock:8080 p N C m U',
    'legacy/batch:8080 p o o o o',
    'shop/cart:8080 S C C m U',
    'shop/cart:9090 p o o o o',
    'shop/pay:8080 S C C A U',
    'shop/search:8080 S C C m U',
    'wallet/accounts:8080 p N C m U',
    'wallet/card:8080 p N C m U',
    'wallet/coupons-1:8080 p N C m U',
    'wallet/coupons-2:8080 p o o o o',
    'wallet/gift:8080 p N C m U',
    'wallet/points:8080 p N C m U',
    'web/front:8080 S C C m U',
  ]);
});

t.test('healthy has no finding, and its refusals are declared', async (t) => {
  const { mesh, plan } = await load('healthy');
  const { cells, conflicts } = sweepOf(mesh, plan);
  t.same(
    cells
      .filter(({ drift }) => drift !== 'agrees')
      .map(({ key, drift, cause }) => `${key} ${drift} ${String(cause?.code)}`),
    [],
  );
  t.same(conflicts, []);
  t.same(
    new Set(cells.flatMap(({ cause, table }) => (cause !== null && table === 'reachability' ? [cause.code] : []))),
    new Set(['MP1001', 'MP1201', 'MP1203']),
  );
});

t.test('shop has every finding of its README once, and nothing else', async (t) => {
  const { mesh, plan } = await load('shop');
  const { cells, conflicts } = sweepOf(mesh, plan);
  const drifts = cells
    .filter(({ drift }) => drift !== 'agrees')
    .map(({ drift, target, cause }) => `${drift} ${target.namespace}/${target.name} ${String(cause?.code)}`);
  t.same([...new Set(drifts)].sort(), [
    'blocked wallet/card MP1102',
    'blocked wallet/gift MP1103',
    'blocked wallet/points MP1104',
  ]);
  t.same(
    conflicts.map(
      ({ severity, cause, isConfirmed }) => `${severity} ${cause.code}${isConfirmed ? '' : ' unconfirmed'}`,
    ),
    SHOP_CONFLICTS,
  );
});

t.test('shop answers the classic question: it is STRICT that refuses legacy/batch', async (t) => {
  const { mesh, plan } = await load('shop');
  const { cells } = sweepOf(mesh, plan);
  const asked = cells.find(({ source, target }) => source === 'legacy/batch' && targetKey(target) === 'shop/pay:8080');
  t.equal(asked?.drift, 'agrees');
  t.equal(asked?.cause?.code, 'MP1001');
  t.match(
    asked?.cause?.message,
    'PeerAuthentication shop/default (spec.mtls.mode) says STRICT, and legacy/batch has no sidecar',
  );
  const denied = cells.find(({ source, target }) => source === 'depot/stock' && targetKey(target) === 'shop/pay:8080');
  t.equal(denied?.cause?.code, 'MP1201');
});
