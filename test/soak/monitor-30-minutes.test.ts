import { join } from 'node:path';
import t from 'tap';
import { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import { watchedFiles } from '../../controller/snapshot/state-source.ts';
import { openStore } from '../../controller/store/open-store.ts';
import { DEFAULT_TIMEOUTS } from '../../controller/plan/options.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { startMonitor } from '../support/monitor-scene.ts';
import { NO_SOAK, footprint, growth, soakMinutes } from '../support/soak.ts';
import type { Footprint } from '../support/soak.ts';

/** Reality changes so often: there and back is a transition each. */
const CHANGES_EVERY_MS = 5000;
const CHANGED = { target: 'shop/search', port: 8080 };
const ROUTE = 'legacy/batch (naked) → shop/search:80';

/** On the mesh that has every trouble: what is refused, and by whom, is what a proxy may forget to close. */
t.test('half an hour of real time on a real mesh: nothing grows', { skip: NO_SOAK }, async (t) => {
  const minutes = soakMinutes(30);
  const scenario = await loadScenario('shop');
  const source = watchedFiles(scenario.manifestPaths, Date.now);
  const signal = new AbortController().signal;
  await using sandbox = await startSandbox(scenario, { dataPlane: 'node', signal });
  await using launcher = new SandboxLauncher(sandbox, {});
  await using store = await openStore(join(t.testdir(), 'monitor.db'));
  await using scene = await startMonitor({ source, launcher, store }, DEFAULT_TIMEOUTS);
  await scene.until('a first pass', () => scene.current().lastSweep, 30_000);
  const agents = launcher.processes.size;
  const rounds = Math.round((minutes * 60_000) / (2 * CHANGES_EVERY_MS));
  const prints: Footprint[] = [];
  let transitions = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const mode of ['PERMISSIVE', 'STRICT'] as const) {
      await sandbox.set([{ ...CHANGED, mode }]);
      await systemClock.sleep(CHANGES_EVERY_MS);
    }
    transitions += scene.transitions(ROUTE).length;
    scene.forget();
    if ((round + 1) % Math.max(1, Math.floor(rounds / 12)) === 0)
      prints.push(await footprint(launcher.processes.values()));
  }
  t.equal(transitions, 2 * rounds, 'each change was told, and nothing else');
  const { heapMib, handles, agentsMib } = growth(prints);
  t.ok(heapMib.late < heapMib.early * 1.05 + 2, `heap: ${JSON.stringify(heapMib)} MiB`);
  t.ok(handles.late <= handles.early + 3, `handles: ${JSON.stringify(handles)}`);
  t.ok(agentsMib.late < agentsMib.early * 1.05 + 2, `agents: ${JSON.stringify(agentsMib)} MiB`);
  t.equal(launcher.processes.size, agents, 'no agent was started again');
  t.same(scene.current().troubles, []);
});
