import t from 'tap';
import { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import { loadSnapshot } from '../../controller/snapshot/files.ts';
import { DEFAULT_SWEEP_OPTIONS, sweep } from '../../controller/sweep.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { isAlive } from '../support/processes.ts';
import { PAIR } from '../support/sandbox-sweep.ts';

t.test('one launcher serves one sweep after another; no id and no listener is left over from the last', async (t) => {
  const { signal } = new AbortController();
  const scenario = await loadScenario(PAIR);
  await using sandbox = await startSandbox(scenario, { dataPlane: 'node', signal });
  const launcher = new SandboxLauncher(sandbox, {});
  let listeners = 0;
  const counted = Object.assign(Object.create(launcher) as SandboxLauncher, {
    onLost: (listener: Parameters<SandboxLauncher['onLost']>[0]) => {
      listeners += 1;
      const stop = launcher.onLost(listener);
      return () => {
        listeners -= 1;
        stop();
      };
    },
  });
  const deps = {
    snapshot: () => loadSnapshot(scenario.manifestPaths),
    launcher: counted,
    clock: systemClock,
    progress: () => undefined,
  };
  for (let round = 1; round <= 3; round += 1) {
    const { verdict } = await sweep(deps, DEFAULT_SWEEP_OPTIONS, signal);
    t.match(verdict, { value: 'pass', coverage: 1 });
    t.equal(launcher.processes.size, 4 * round, 'every agent has an id of its own');
    t.equal(listeners, 0);
  }
  const pids = [...launcher.processes.values()];
  await launcher[Symbol.asyncDispose]();
  t.notOk(pids.some(isAlive));
});
