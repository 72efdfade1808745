import t from 'tap';
import { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import type { Propagation } from '../../controller/monitor/events.ts';
import { DEFAULT_TIMEOUTS } from '../../controller/plan/options.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { startMonitor } from '../support/monitor-scene.ts';
import type { MonitorScene } from '../support/monitor-scene.ts';
import { TO_OPEN, TO_STRICT, copyPair } from '../support/pair-copy.ts';

const SETTLE_MS = 4000;

const propagations = ({ events }: MonitorScene): readonly Propagation[] =>
  events.flatMap(({ event }) => (event.kind === 'propagation' ? [event] : []));

t.test('a policy that is deleted and made again is followed, measured, and no drift meanwhile', async (t) => {
  const pair = await copyPair(t.testdir());
  const signal = new AbortController().signal;
  await using sandbox = await startSandbox(await loadScenario(pair.folder), { dataPlane: 'node', signal });
  await using launcher = new SandboxLauncher(sandbox, {});
  await using scene = await startMonitor(
    { source: pair.source, launcher },
    { ...DEFAULT_TIMEOUTS, settleMs: SETTLE_MS },
  );
  await scene.until('a first pass', () => scene.current().lastSweep?.verdict.value === 'pass');

  let policy = '';
  await pair.rewrite((text) => {
    const at = text.indexOf('---\napiVersion: security.istio.io/v1');
    policy = text.slice(at);
    return text.slice(0, at);
  });
  await scene.until('what is declared now', () => scene.route(TO_STRICT).cell.expectation.expect === 'allow');
  // As it is with a real mesh: the proxies have it a while later.
  await scene.until('a look in between', () => scene.route(TO_STRICT).seen === 'blocked');
  t.match(scene.route(TO_STRICT), { suppression: 'fresh-policy', cell: { drift: 'agrees' } });
  const setAtMs = Date.now();
  await sandbox.set([{ target: 'pair/server', port: 9090, mode: 'PERMISSIVE' }]);

  const opened = await scene.until('opened', () => scene.transitions(TO_STRICT)[0]);
  t.match(opened, {
    to: 'opened',
    drift: { from: 'agrees', to: 'agrees' },
    access: { from: 'closed', to: 'open' },
    objects: [{ kind: 'PeerAuthentication', namespace: 'pair', name: 'server', change: 'deleted' }],
    message: /since PeerAuthentication pair\/server was deleted/,
  });
  const deleted = await scene.until('propagation', () => propagations(scene)[0]);
  t.match(deleted, { objects: [{ kind: 'PeerAuthentication', change: 'deleted' }], missing: [] });
  t.ok(deleted.routes.some((key) => key.startsWith(TO_STRICT)));
  t.notOk(
    deleted.routes.some((key) => key.startsWith(TO_OPEN)),
    'nothing else is expected there now',
  );
  t.ok(deleted.firstMs <= deleted.lastMs);
  const tookMs = Date.now() - setAtMs;
  t.ok(deleted.lastMs < 2 * tookMs + SETTLE_MS && deleted.lastMs > 0, `${String(deleted.lastMs)} ms`);

  await pair.add('policy.yaml', policy);
  await sandbox.set([{ target: 'pair/server', port: 9090, mode: 'STRICT' }]);
  const closed = await scene.until('closed', () => scene.transitions(TO_STRICT)[1]);
  t.match(closed, {
    sequence: 2,
    to: 'closed',
    objects: [{ kind: 'PeerAuthentication', name: 'server', change: 'added' }],
  });
  const added = await scene.until('the other propagation', () => propagations(scene)[1]);
  t.match(added, { objects: [{ change: 'added' }], missing: [] });
  t.ok(added.lastMs < 2500, `reality followed at once: ${String(added.lastMs)} ms`);
  const drifts = scene.transitions().map(({ drift }) => drift.to);
  t.same(new Set(drifts), new Set(['agrees']), 'nothing was ever said to be exposed or blocked');
});
