import t from 'tap';
import { vantageKey } from '../../proto/vocabulary.ts';
import { startMonitor } from '../support/monitor-scene.ts';
import {
  ANSWER,
  BATCH_TO_PAY,
  CRON_TO_PAY,
  HeldSource,
  RESET,
  SHOP,
  STRICT,
  pulsingShop,
} from '../support/pulsing-shop.ts';
import type { Seen } from '../support/pulsing-shop.ts';
import { peerAuthentication, placed, service, pod } from '../unit/controller/judge/live-mesh.ts';

const BATCH = 'legacy/batch (naked)';
const CRON = 'legacy/cron (naked)';

/** They wait, most of the time. */
t.jobs = 6;
const AT_ONCE = { buffered: true };

t.test('what is new is added, what is gone is taken away, and nothing else is disturbed', AT_ONCE, async (t) => {
  const source = new HeldSource();
  // As declared: a doubt would be looked into beside the plan, and counted here.
  const seen: Seen = new Map([BATCH, CRON].map((vantage) => [`${vantage} → shop/cart:80`, RESET]));
  await using launcher = pulsingShop(seen);
  await using scene = await startMonitor({ source, launcher });
  await scene.until('a first pass', () => scene.current().lastSweep);
  const batch = launcher.agents.get(BATCH);
  if (batch === undefined) throw new Error('no agent');
  t.same([...batch.told.values()], [1, 1], 'each route was told once');
  const numbers = batch.plan.map(({ route }) => route);

  source.declare(
    ...SHOP,
    pod('shop/cart', { container: { readinessProbe: { httpGet: { path: '/', port: 8080 } } } }),
    service('shop/cart'),
  );
  await scene.until('the new route', () => batch.plan.length === 3);
  t.same([...batch.told.values()], [1, 1, 1], 'the others were let be');
  t.same(batch.plan.map(({ route }) => route).slice(0, 2), numbers);
  await scene.until('it is measured', () => scene.route('legacy/batch (naked) → shop/cart:80').freshness === 'fresh');
  t.equal(scene.current().routes.length, 6);

  source.declare(...SHOP);
  await scene.until('it is gone', () => batch.plan.length === 2);
  t.same(
    batch.plan.map(({ route }) => route),
    numbers,
  );
  t.same([...batch.told.values()], [1, 1, 1]);
  t.equal(batch.removed.length, 1);
  t.same(scene.transitions(), [], 'a route that is gone is not unknown');
});

t.test('what is declared and cannot be taken as it is written is counted', AT_ONCE, async (t) => {
  const source = new HeldSource([...SHOP, peerAuthentication('legacy/default', 'STRIKT')]);
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source, launcher });
  await scene.until('it is planned', () => scene.current().routes.length > 0);
  t.same(scene.monitor.rejectedObjects(), { PeerAuthentication: 1 });
});

t.test('a policy that changes assigns nothing, and is looked for at once', AT_ONCE, async (t) => {
  const source = new HeldSource();
  const seen: Seen = new Map();
  await using launcher = pulsingShop(seen);
  await using scene = await startMonitor({ source, launcher }, { settleMs: 3000 });
  await scene.until('a first pass', () => scene.current().lastSweep);
  const batch = launcher.agents.get(BATCH);
  const told = new Map(batch?.told);
  source.declare(...SHOP.filter((one) => one !== STRICT));
  seen.set(`${BATCH} → shop/pay:80`, ANSWER).set(`${CRON} → shop/pay:80`, ANSWER);
  await scene.until('both are open', () => scene.transitions().filter(({ to }) => to === 'opened').length === 2);
  for (const [number, times] of told) t.equal(batch?.told.get(number), times, `route ${String(number)}`);
  const propagation = await scene.until('propagation', () =>
    scene.events.find(({ event }) => event.kind === 'propagation'),
  );
  t.match(propagation.event, { missing: [], objects: [{ name: 'default', change: 'deleted' }] });
});

t.test('where nothing is to be dialled any more, nobody goes on dialling', AT_ONCE, async (t) => {
  const source = new HeldSource();
  const unplaced = new Set<string>();
  await using launcher = pulsingShop(new Map(), Date.now, unplaced);
  await using scene = await startMonitor({ source, launcher });
  await scene.until('a first pass', () => scene.current().lastSweep);
  const batch = launcher.agents.get(BATCH);
  unplaced.add('legacy/open:80');
  source.declare(...SHOP);
  await scene.until('it is taken away', () => batch?.plan.length === 1);
  const lost = await scene.until('it is not known any more', () =>
    scene.transitions('legacy/batch (naked) → legacy/open').find(({ to }) => to === 'unknown'),
  );
  t.match(lost.message, /nothing is there to be dialled/);
  unplaced.clear();
  source.declare(...SHOP);
  await scene.until('and back', () => scene.route('legacy/batch (naked) → legacy/open').cell.drift === 'agrees');
});

t.test('vantages come and go, and their agents with them', AT_ONCE, async (t) => {
  const source = new HeldSource();
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source, launcher });
  await scene.until('a first pass', () => scene.current().lastSweep);
  const cron = launcher.agents.get(CRON);
  launcher.places = [placed('legacy/batch', 'naked')];
  source.declare(...SHOP);
  await scene.until('one vantage', () => scene.current().agents.length === 1 && scene.current().routes.length === 2);
  t.equal(
    scene.current().agents[0]?.vantage,
    vantageKey({ namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' }),
  );
  await scene.until('the other was told to go', () => cron?.isDrained === true);
  launcher.places = [placed('legacy/batch', 'naked'), placed('legacy/cron', 'naked')];
  source.declare(...SHOP);
  await scene.until('both', () => scene.route(CRON_TO_PAY).freshness === 'fresh');
  t.equal(launcher.launches.get(CRON), 2);
  t.equal(launcher.launches.get(BATCH), 1);
  t.same(scene.transitions(BATCH_TO_PAY), []);
});

t.test('targets that can take no more are attempted more rarely, and are no less known for it', AT_ONCE, async (t) => {
  const source = new HeldSource();
  await using launcher = pulsingShop();
  // Of two attempts a second on a target one is for the plan.
  await using scene = await startMonitor({ source, launcher }, { attemptsPerSecond: 2 });
  await scene.until('a first pass', () => scene.current().lastSweep);
  const batch = launcher.agents.get(BATCH);
  const attempts = batch?.plan.reduce((sum, { attempts: some }) => sum + some, 0) ?? 0;
  const intervalMs = scene.current().intervalMs;
  t.equal(intervalMs, attempts * 1000, 'two vantages, each with half of them');
  t.same(new Set(batch?.plan.map((task) => task.intervalMs)), new Set([intervalMs]));
  launcher.places = [placed('legacy/batch', 'naked')];
  source.declare(...SHOP);
  await scene.until('the agent is told so', () => batch?.plan.every((task) => task.intervalMs === intervalMs / 2));
  t.equal(scene.route(BATCH_TO_PAY).intervalMs, intervalMs / 2);
});
