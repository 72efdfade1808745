/** Whatever a cluster is called and whatever went wrong in it: labels stay few, short, and free of what must not be in them. */
import fc from 'fast-check';
import t from 'tap';
import type { Cell, Drift } from '../../../../../controller/judge/finding.ts';
import type { Current, RouteNow, Suppression } from '../../../../../controller/monitor/current.ts';
import { controllerMetrics } from '../../../../../controller/publish/metrics/controller-metrics.ts';
import { CONTROLLER_METRICS } from '../../../../../controller/publish/metrics/definitions.ts';
import type { Target } from '../../../../../proto/vocabulary.ts';
import { readExposition } from '../../../../support/exposition.ts';
import { currentOf, FakeMonitored, NOON_MS, routeNow, transition } from '../../../../support/monitored.ts';
import { allowed, cause, cell, refusedByStrict } from '../../../../support/sweeps.ts';

/** In every text that no label may hold. */
const FORBIDDEN = 'FORBIDDEN';
const forbidden = fc.string({ maxLength: 20 }).map((text) => `${FORBIDDEN} ${text}`);
/** Names as a sandbox file, or an attacker, might have them: quotes, ends of lines, no end at all. */
const name = fc.oneof(
  fc.constantFrom('shop', 'bank', 'a"b', 'a\\', 'a\nb 1', '{}', '', '__proto__', 'ü', 'x'.repeat(5_000)),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const target: fc.Arbitrary<Target> = fc.oneof(
  fc.record({ kind: fc.constant('service' as const), namespace: name, name, port: fc.nat(65_535) }),
  fc.record({ kind: fc.constant('pod' as const), namespace: name, name: forbidden, port: fc.nat(65_535) }),
  fc.record({
    kind: fc.constant('service' as const),
    namespace: name,
    name,
    port: fc.nat(65_535),
    via: fc.record({ namespace: name, name, port: fc.nat(65_535), host: forbidden }),
  }),
);
const drift = fc.constantFrom<Drift>('agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown');

const route: fc.Arbitrary<RouteNow> = fc
  .record({
    source: fc.tuple(name, name).map((parts) => parts.join('/')),
    namespace: name,
    target,
    drift,
    isDenied: fc.boolean(),
    text: forbidden,
    notAfterMs: fc.oneof(fc.integer(), fc.constantFrom(NaN, Infinity, -Infinity)),
    isFlapping: fc.boolean(),
    suppression: fc.constantFrom<Suppression | null>(null, 'terminating', 'not-ready', 'rollout', 'fresh-policy'),
    measuredAtMs: fc.oneof(fc.constant(NOON_MS), fc.integer(), fc.constant(null)),
  })
  .map(({ source, namespace, text, notAfterMs, isDenied, isFlapping, suppression, measuredAtMs, ...given }) => {
    const certificate = { spiffeId: text, notBeforeMs: 0, notAfterMs, issuerFingerprint: text, fault: null };
    const outcome = {
      kind: 'refused',
      address: 0,
      timings: { totalMs: 1 },
      layer: 'tls',
      signature: 'tls-alert',
      detail: text,
      certificate,
    } as const;
    const one: Cell = {
      ...cell({ source, outcome, expectation: isDenied ? refusedByStrict : allowed }),
      vantage: { namespace, serviceAccount: text, dataPlane: 'naked' },
      probe: { kind: 'http', method: text, path: text },
      attempts: [{ startedAtMs: 0, address: text, pod: text, outcome }],
      cause: cause('MP1005', text, text),
      key: text,
      ...given,
    };
    return routeNow(one, { isFlapping, suppression, measuredAtMs });
  });

const current: fc.Arbitrary<Current> = fc
  .record({ routes: fc.array(route, { maxLength: 40 }), text: forbidden, droppedOutcomes: fc.nat() })
  .map(({ routes, text, droppedOutcomes }) =>
    currentOf(
      [],
      {
        routes,
        agents: [{ id: text, vantage: text, state: 'lost', why: text, loopLagMs: null, droppedOutcomes }],
        troubles: [{ kind: 'cluster', message: text, sinceMs: 0 }],
        optedOut: [text],
      },
      [{ severity: 'critical', cause: cause('MP1005', text, text), cells: [text], isConfirmed: false }],
    ),
  );

const LIMITS = { drifting: 5, namespaces: 12, certificates: 4, routes: 7 };
const SERIES: Readonly<Record<string, number>> = {
  meshproof_route_drift: LIMITS.drifting,
  meshproof_namespace_routes: LIMITS.namespaces,
  meshproof_served_certificate_expiry_timestamp_seconds: LIMITS.certificates,
  meshproof_route: LIMITS.routes,
  meshproof_routes: 36,
  meshproof_conflicts: 1,
  meshproof_agents: 4,
  meshproof_suppressed_routes: 4,
  meshproof_transitions_total: 7 * 8,
};
const SIZES = ['_bucket', '_sum', '_count'];

async function textOf(monitored: FakeMonitored): Promise<string> {
  using metrics = controllerMetrics(monitored, {}, { showsEveryRoute: true, limits: LIMITS });
  const first = monitored.current().routes[0];
  if (first !== undefined) monitored.tell({ id: 1, event: transition(first.cell, { message: FORBIDDEN }) });
  return await metrics.text();
}

t.test('labels are those of the table, short, few, and hold nothing that must not be in them', async (t) => {
  const property = fc.asyncProperty(current, async (generated) => {
    const text = await textOf(new FakeMonitored(generated));
    if (text.includes(FORBIDDEN)) throw new Error('it holds what no label may hold');
    const series = new Map<string, number>();
    for (const sample of readExposition(text)) {
      const ending = SIZES.find((size) => sample.name.endsWith(size)) ?? '';
      const family = sample.name.slice(0, sample.name.length - ending.length);
      const definition = Object.entries(CONTROLLER_METRICS).find(([name]) => name === family)?.[1];
      if (definition === undefined) throw new Error(`${sample.name} is not in the table`);
      const labels = Object.keys(sample.labels).filter((label) => label !== 'le' || definition.type !== 'histogram');
      if (labels.join() !== Object.keys(definition.labels).join()) throw new Error(`${family}: ${labels.join()}`);
      if (Object.values(sample.labels).some((value) => value.length > 253)) throw new Error(`${family}: too long`);
      series.set(family, (series.get(family) ?? 0) + 1);
    }
    for (const [family, most] of Object.entries(SERIES)) {
      if ((series.get(family) ?? 0) > most) throw new Error(`${family}: ${String(series.get(family))} series`);
    }
  });
  await fc.assert(property, { numRuns: 50 });
  t.pass('50 clusters');
});

t.test('however namespaces are folded, their sums stay', async (t) => {
  const property = fc.asyncProperty(current, async (generated) => {
    const samples = readExposition(await textOf(new FakeMonitored(generated)));
    const sum = samples
      .filter(({ name }) => name === 'meshproof_namespace_routes')
      .reduce((all, { value }) => all + value, 0);
    if (sum !== generated.routes.length) throw new Error(`${String(sum)} of ${String(generated.routes.length)} routes`);
  });
  await fc.assert(property, { numRuns: 30 });
  t.pass('30 clusters');
});
