import t from 'tap';
import { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import { DEFAULT_TIMEOUTS } from '../../controller/plan/options.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { INTERVAL_MS, startMonitor } from '../support/monitor-scene.ts';
import { TO_OPEN, TO_STRICT, copyPair } from '../support/pair-copy.ts';

/** An attempt that saw it, and one that confirms it: each waits in a batch, and is judged at a beat. */
const CONFIRMED_WITHIN_MS = INTERVAL_MS + 2 * (250 + 500);

const set = (mode: 'STRICT' | 'PERMISSIVE') => [{ target: 'pair/server', port: 9090, mode }] as const;

t.test('reality that departs from what is declared is told with cause and object, and when it is back', async (t) => {
  const pair = await copyPair(t.testdir());
  const signal = new AbortController().signal;
  await using sandbox = await startSandbox(await loadScenario(pair.folder), { dataPlane: 'node', signal });
  await using launcher = new SandboxLauncher(sandbox, {});
  await using scene = await startMonitor({ source: pair.source, launcher }, DEFAULT_TIMEOUTS);
  await scene.until('a first pass', () => scene.current().lastSweep?.verdict.value === 'pass');
  t.same(scene.transitions(), [], 'that everything agrees at first is no news');

  await sandbox.set(set('PERMISSIVE'));
  const changedAtMs = Date.now();
  const exposed = await scene.until('exposed', () => scene.transitions(TO_STRICT)[0]);
  t.ok(Date.now() - changedAtMs < CONFIRMED_WITHIN_MS, `after ${String(Date.now() - changedAtMs)} ms`);
  t.match(exposed, {
    sequence: 1,
    to: 'exposed',
    access: { from: 'closed', to: 'open' },
    cause: { objects: [{ kind: 'PeerAuthentication', namespace: 'pair', name: 'server' }] },
    objects: [{ kind: 'PeerAuthentication', namespace: 'pair', name: 'server' }],
    message: /outside\/naked → pair\/server:90 .*PeerAuthentication pair\/server/,
  });
  await scene.until('a matrix that fails', () => scene.current().verdict.value === 'fail');
  t.match(scene.route(TO_STRICT), { cell: { drift: 'exposed' }, freshness: 'fresh', access: 'open' });
  t.match(scene.route(TO_OPEN), { cell: { drift: 'agrees' } });

  await sandbox.set(set('STRICT'));
  const restoredAtMs = Date.now();
  const back = await scene.until('agrees again', () => scene.transitions(TO_STRICT)[1]);
  t.ok(Date.now() - restoredAtMs < CONFIRMED_WITHIN_MS, `after ${String(Date.now() - restoredAtMs)} ms`);
  t.match(back, { sequence: 2, to: 'agrees', access: { from: 'open', to: 'closed' }, cause: null });
  await scene.until('a matrix that passes', () => scene.current().verdict.value === 'pass');
  const others = scene.transitions().filter(({ target }) => target.port !== 90 && target.port !== 9090);
  t.same(others, [], 'nothing else was told');
});
