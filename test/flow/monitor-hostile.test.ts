import t from 'tap';
import type { RouteNow } from '../../controller/monitor/current.ts';
import { confirmationNumber } from '../../controller/monitor/rounds.ts';
import type { Report } from '../../proto/outcome.ts';
import { FakeAgent } from '../support/fake-agent.ts';
import { startMonitor } from '../support/monitor-scene.ts';
import { ANSWER, BATCH_TO_PAY, HeldSource, RESET, pulsingShop } from '../support/pulsing-shop.ts';
import type { Seen } from '../support/pulsing-shop.ts';

const EXPIRED = {
  spiffeId: 'spiffe://cluster.local/ns/shop/sa/pay',
  notBeforeMs: 0,
  notAfterMs: 9e15,
  issuerFingerprint: 'ab',
  fault: 'expired',
} as const;

const CRON = { namespace: 'legacy', serviceAccount: 'cron', dataPlane: 'naked' } as const;

const lie = (route: number, slot: number, attempt = 0): Report => {
  return { route, slot, attempt, startedAtMs: Date.now(), outcome: ANSWER };
};

t.test('an agent that reports what it was not asked for disturbs nothing', async (t) => {
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  await scene.until('a first pass', () => scene.current().lastSweep?.verdict.value === 'pass');
  const numbers = launcher.agents.get('legacy/batch (naked)')?.plan.map(({ route }) => route) ?? [];
  const own = launcher.agents.get('legacy/cron (naked)')?.plan.map(({ route }) => route) ?? [];
  const { endpoint } = launcher;
  if (endpoint === undefined) throw new Error('nothing was launched');

  // With a good token, and another agent measures for its vantage already.
  await using second = new FakeAgent(endpoint, { id: 'second', vantage: CRON });
  await second.message('welcome');
  const farAhead = 2 ** 40;
  const lies = [
    ...numbers.flatMap((route) => [lie(route, 1), lie(route, farAhead), lie(confirmationNumber(route), farAhead)]),
    ...own.flatMap((route) => [lie(route, farAhead), lie(confirmationNumber(route), farAhead), lie(route, 1, 50)]),
    ...[0, 9999, 2 ** 31 - 1, 2 ** 32 - 1].map((route) => lie(route, 1)),
  ];
  for (const sequence of [1, 2, 2, 1, 7]) second.report(sequence, lies);
  await second.message('ack');
  await scene.until('they came in', () => scene.monitor.ingested().unasked >= 3 * (3 * numbers.length + 4));
  t.match(scene.monitor.ingested(), { repeated: 2 * lies.length, late: Number });
  t.equal(scene.monitor.ingested().late, 3 * own.length * 3, 'what it says of its own vantage counts for nothing');

  const sinceMs = Date.now();
  await scene.until('a look since', () =>
    scene.current().routes.every(({ measuredAtMs }) => (measuredAtMs ?? 0) > sinceMs + 500),
  );
  t.same(scene.transitions(), []);
  t.match(scene.route(BATCH_TO_PAY), { freshness: 'fresh', cell: { drift: 'agrees' } });
  t.equal(scene.current().verdict.value, 'pass');
  t.same(scene.current().troubles, []);
});

t.test('an agent of a vantage that is not planned is told to go', async (t) => {
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  await scene.until('a first pass', () => scene.current().lastSweep);
  const { endpoint } = launcher;
  if (endpoint === undefined) throw new Error('nothing was launched');
  await using stranger = new FakeAgent(endpoint, { id: 'stranger', vantage: { ...CRON, serviceAccount: 'nobody' } });
  stranger.report(1, [lie(1, 1)]);
  await stranger.message('drain');
  await scene.until('it is not among the agents', () => scene.current().agents.length === 2);
  t.same(scene.transitions(), []);
});

t.test('times that no calendar holds, and times that are far from now, are survived', async (t) => {
  const seen: Seen = new Map();
  let offMs = 0;
  const beganMs = Date.now();
  await using launcher = pulsingShop(seen, () => Date.now() + offMs);
  await using scene = await startMonitor({ source: new HeldSource(), launcher });
  const { outcome: before } = (await scene.until('it is measured', () => whereRefused(scene.route(BATCH_TO_PAY)))).cell;
  t.equal(before.kind, 'refused');

  seen.set('legacy/batch (naked) → shop/pay:80', { ...ANSWER, certificate: EXPIRED });
  const timeless = await scene.until('a timeless certificate', () => whereUntested(scene.route(BATCH_TO_PAY)));
  t.match(timeless.cell.outcome, { detail: 'the agent reported a certificate with a time that is none' });
  seen.set('legacy/batch (naked) → shop/pay:80', RESET);
  await scene.until('it is measured again', () => whereRefused(scene.route(BATCH_TO_PAY)));
  offMs = 9e15;
  await scene.until('a timeless attempt', () => whereUntested(scene.route(BATCH_TO_PAY)));
  for (const ms of [250e12 - beganMs, -beganMs]) {
    offMs = 0;
    seen.set('legacy/batch (naked) → shop/pay:80', RESET);
    await scene.until('it is closed', () => scene.route(BATCH_TO_PAY).seen === 'agrees');
    scene.forget();
    offMs = ms;
    seen.set('legacy/batch (naked) → shop/pay:80', ANSWER);
    const { atMs } = await scene.until('a transition', () => scene.transitions(BATCH_TO_PAY).at(-1));
    t.ok(atMs >= beganMs && atMs <= Date.now(), `it was at ${String(atMs)}`);
  }
  t.same(scene.current().troubles, []);
});

function whereRefused(route: RouteNow): RouteNow | undefined {
  return route.cell.outcome.kind === 'refused' ? route : undefined;
}

function whereUntested(route: RouteNow): RouteNow | undefined {
  return route.cell.outcome.kind === 'untested' ? route : undefined;
}
