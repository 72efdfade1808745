/** A conflict is told when it begins and when it is over, once each, however often the controller is started meanwhile. */
import t from 'tap';
import { openStore } from '../../controller/store/open-store.ts';
import type { Store } from '../../controller/store/store.ts';
import { peerAuthentication } from '../unit/controller/judge/live-mesh.ts';
import { startMonitor } from '../support/monitor-scene.ts';
import type { MonitorScene } from '../support/monitor-scene.ts';
import { HeldSource, SHOP, pulsingShop } from '../support/pulsing-shop.ts';

/** `legacy/open` has no sidecar that could obey it, and answers in plaintext. */
const CONTRADICTED = peerAuthentication('legacy/default', 'STRICT');

async function told(store: Store): Promise<readonly string[]> {
  const stored = await store.events({ kind: 'conflict', limit: 100 });
  return stored.flatMap(({ event }) =>
    event.kind === 'conflict' ? [`${event.isOver ? 'over' : 'began'} ${event.conflict.cause.code}`] : [],
  );
}

async function whileRunning(
  store: Store,
  source: HeldSource,
  look: (scene: MonitorScene) => Promise<unknown>,
): Promise<void> {
  await using launcher = pulsingShop();
  await using scene = await startMonitor({ source, launcher, store });
  await look(scene);
}

const withAll = ({ current, until }: MonitorScene): Promise<unknown> =>
  until('the whole matrix', () => current().lastSweep?.verdict.coverage === 1);

t.test('one that stands over restarts', async (t) => {
  await using store = await openStore(':memory:');
  const contradicted = new HeldSource([...SHOP, CONTRADICTED]);
  await whileRunning(store, contradicted, ({ current, until }) =>
    until('it is confirmed', () => current().conflicts.some(({ isConfirmed }) => isConfirmed)),
  );
  t.same(await told(store), ['began MP1008']);
  await whileRunning(store, contradicted, withAll);
  t.same(await told(store), ['began MP1008'], 'is not told anew');

  contradicted.fault = new Error('the API server is away');
  await whileRunning(store, contradicted, ({ current, until }) => until('trouble', () => current().troubles[0]));
  t.same(await told(store), ['began MP1008'], 'is not over for not being known of');

  await whileRunning(store, new HeldSource(), withAll);
  t.same(await told(store), ['began MP1008', 'over MP1008'], 'is over where it ended meanwhile');
  await whileRunning(store, contradicted, async ({ current, until }) => {
    contradicted.fault = undefined;
    await until('it is confirmed', () => current().conflicts.some(({ isConfirmed }) => isConfirmed));
  });
  t.same(await told(store), ['began MP1008', 'over MP1008', 'began MP1008'], 'and begins anew after that');
});
