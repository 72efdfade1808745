import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import type { Conflict } from '../../../../controller/judge/finding.ts';
import {
  ofCurrent,
  ofSweep,
  publishOpenReports,
  publishPolicyReports,
  reportsOf,
} from '../../../../controller/publish/open-reports.ts';
import type { Report } from '../../../../controller/publish/open-reports.ts';
import { NOON_MS, currentOf, driftingCell, routeNow } from '../../../support/monitored.ts';
import * as made from '../../../support/sweeps.ts';

const ajv = new Ajv2020({ allErrors: true });
const [isReport, isPolicyReport] = ['openreports.io-v1alpha1', 'wgpolicyk8s.io-v1alpha2'].map((name) => {
  const file = new URL(`../../../fixtures/open-reports/${name}.json`, import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
});

const agreeing = made.cell({ source: 'shop/web', to: 'shop/pay:8080' });
const exposed = driftingCell({ source: 'legacy/batch', to: 'shop/pay:8080' }, 'exposed');
const blocked = driftingCell({ source: 'shop/web', to: 'shop/cart:8080' }, 'blocked');
const unknown = driftingCell({ source: 'shop/lost', to: 'shop/cart:8080' }, 'unknown');
const ofPod = made.cell({ source: 'shop/web', to: 'pod:bank/ledger-1:9000', table: 'transport' });
const conflict: Conflict = {
  severity: 'critical',
  cause: made.cause('MP1005', 'STRICT has no effect'),
  cells: [exposed.key],
  isConfirmed: true,
};
const nowhere: Conflict = {
  severity: 'warning',
  cause: {
    ...made.cause('MP1008', 'nobody is injected'),
    objects: [{ kind: 'Namespace', namespace: '', name: 'shop' }],
  },
  cells: [],
  isConfirmed: false,
};
const sweep = made.sweep([agreeing, exposed, blocked, unknown, ofPod], [conflict, nowhere]);
const reports = reportsOf(ofSweep(sweep), { api: 'openreports' });

function itemsOf(text: string): readonly Report[] {
  return (JSON.parse(text) as { readonly items: readonly Report[] }).items;
}

t.test('a report a namespace of targets, and one of the cluster for what has no namespace', (t) => {
  t.same(
    reports.map(({ kind, metadata, scope }) => [kind, metadata.namespace, metadata.name, scope?.name]),
    [
      ['Report', 'bank', 'meshproof', 'bank'],
      ['Report', 'shop', 'meshproof', 'shop'],
      ['ClusterReport', undefined, 'meshproof', undefined],
    ],
  );
  t.end();
});

t.test('all of it is what the CRDs take, in both APIs', (t) => {
  for (const [text, validate, kinds] of [
    [publishOpenReports(sweep), isReport, ['Report', 'Report', 'ClusterReport']],
    [publishPolicyReports(sweep), isPolicyReport, ['PolicyReport', 'PolicyReport', 'ClusterPolicyReport']],
  ] as const) {
    const list = JSON.parse(text) as { readonly apiVersion: string; readonly kind: string };
    t.same([list.apiVersion, list.kind], ['v1', 'List']);
    t.same(
      itemsOf(text).map(({ kind }) => kind),
      kinds,
    );
    for (const item of itemsOf(text)) t.ok(validate?.(item), JSON.stringify(validate?.errors));
  }
  t.notOk(isReport?.({ ...reports[0], more: 1 }), 'the schema does refuse something');
  t.end();
});

t.test('what each cell comes to', (t) => {
  const shop = reports[1]?.results ?? [];
  t.same(
    shop.map(({ policy, rule, category, result, severity, scored }) =>
      [policy, rule, category, result, severity, scored].join(' '),
    ),
    [
      'reachability http exposed fail critical true',
      'conflict MP1005 conflict fail critical true',
      'reachability http blocked fail high true',
      'reachability http unknown error  false',
      'reachability http agrees pass  true',
    ],
  );
  t.same(reports[1]?.summary, { pass: 1, fail: 3, warn: 0, error: 1, skip: 0 });
  t.match(shop[0], {
    source: 'meshproof',
    // 1 700 000 000 000 ms: when the attempt began.
    timestamp: { seconds: 1_700_000_000, nanos: 0 },
    resources: [{ apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'pay' }],
    message: 'legacy/batch → shop/pay:8080 answered in plaintext although STRICT is declared.',
    properties: {
      cause: 'MP1005',
      fix: 'Correct PeerAuthentication shop/pay.',
      declared: 'deny (DENY_STRICT)',
      measured: 'answered in plaintext, status 200',
      objects: 'PeerAuthentication shop/pay (spec.mtls.mode)',
    },
  });
  t.match(shop[1], { resources: [{ kind: 'PeerAuthentication', namespace: 'shop', fieldPath: 'spec.mtls.mode' }] });
  t.match(reports[0]?.results, [{ resources: [{ kind: 'Pod', namespace: 'bank', name: 'ledger-1' }] }]);
  t.match(reports[2], { summary: { warn: 1 }, results: [{ result: 'warn', severity: 'medium', scored: false }] });
  t.end();
});

t.test('a conflict that the wire does not confirm warns, and is not scored', (t) => {
  for (const severity of ['critical', 'error'] as const) {
    const [report] = reportsOf(ofSweep(made.sweep([agreeing], [{ ...conflict, severity, isConfirmed: false }])), {
      api: 'openreports',
    });
    const found = report?.results.find(({ policy }) => policy === 'conflict');
    t.match(found, { result: 'warn', scored: false, properties: { confirmed: 'false' } }, severity);
    t.match(report?.summary, { fail: 0, warn: 1 }, severity);
  }
  t.end();
});

t.test('the id of a result stays the same when the result changes, and no two results share one', (t) => {
  const healed = { ...exposed, drift: 'agrees', cause: null } as const;
  const [after] = reportsOf(ofSweep(made.sweep([healed])), { api: 'openreports' });
  const before = reports[1]?.results[0];
  t.equal(after?.results[0]?.properties['resultID'], before?.properties['resultID']);
  t.match(before?.properties['resultID'], /^[0-9a-f]{16}$/);
  const ids = reports.flatMap(({ results }) => results.map(({ properties }) => properties['resultID']));
  t.equal(new Set(ids).size, 7);
  t.end();
});

t.test('results are bounded, worst first; the summary counts all, and what is left out is said', (t) => {
  const many = Array.from({ length: 5000 }, (_, at) => made.cell({ source: `shop/caller-${String(at)}` }));
  const [report] = reportsOf(ofSweep(made.sweep([...many, exposed])), { api: 'openreports' });
  t.equal(report?.results.length, 500);
  t.equal(report?.results[0]?.category, 'exposed');
  t.same(report?.summary, { pass: 5000, fail: 1, warn: 0, error: 0, skip: 0 });
  t.equal(report?.metadata.annotations['meshproof.io/results-left-out'], '4501');
  t.same(report?.configuration, { limits: { maxResults: 500 } });
  const [small] = reportsOf(ofSweep(made.sweep([...many, exposed])), { api: 'wgpolicyk8s', maxResults: 2 });
  t.match(small, { results: [{ category: 'exposed' }, { category: 'agrees' }], configuration: undefined });
  t.end();
});

t.test('a report at its limit fits into etcd, however long the sentences are', (t) => {
  const long = made.cause('MP1005', 'ä'.repeat(20_000));
  const cells = Array.from({ length: 600 }, (_, at) => ({
    ...driftingCell({ source: `shop/caller-${String(at)}`, to: 'shop/pay:8080' }, 'exposed'),
    cause: {
      ...long,
      fix: 'ö'.repeat(20_000),
      objects: Array.from({ length: 500 }, () => long.objects[0]).flatMap((o) => o ?? []),
    },
  }));
  const [report] = reportsOf(ofSweep(made.sweep(cells)), { api: 'openreports' });
  t.ok(isReport?.(report));
  // etcd takes 1.5 MiB a request.
  const sizeBytes = Buffer.byteLength(JSON.stringify(report));
  t.equal(Number(report?.metadata.annotations['meshproof.io/results-left-out']), 600 - (report?.results.length ?? 0));
  t.equal(report?.summary.fail, 600);
  t.ok(sizeBytes < 1.5 * 1024 * 1024 && sizeBytes > 1024 * 1024 - 8192, String(sizeBytes));
  t.end();
});

t.test('of a monitor: when it began to be so, and what is suppressed is skipped', (t) => {
  const current = currentOf([exposed, agreeing, blocked]);
  const routes = [
    routeNow(exposed, { sinceMs: NOON_MS - 1500 }),
    routeNow(agreeing, { suppression: 'rollout' }),
    routeNow(blocked, { suppression: 'rollout' }),
  ];
  const [report] = reportsOf(ofCurrent({ ...current, revision: 17, routes }), { api: 'openreports' });
  t.match(report?.metadata.annotations, {
    'meshproof.io/measured': '17',
    'meshproof.io/measured-at': '2026-01-02T12:00:00.000Z',
  });
  t.same(report?.summary, { pass: 1, fail: 1, warn: 0, error: 0, skip: 1 });
  t.match(report?.results[0]?.timestamp, { seconds: NOON_MS / 1000 - 2, nanos: 500_000_000 });
  t.match(
    report?.results.find(({ result }) => result === 'skip'),
    { category: 'blocked', properties: { suppressed: 'rollout' }, severity: undefined },
  );
  t.end();
});
