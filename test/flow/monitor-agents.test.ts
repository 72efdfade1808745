import t from 'tap';
import { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import { DEFAULT_TIMEOUTS } from '../../controller/plan/options.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { INTERVAL_MS, startMonitor } from '../support/monitor-scene.ts';
import { TO_STRICT, copyPair } from '../support/pair-copy.ts';

/** Two intervals and an attempt, the interval that may have just begun, and a beat. */
const KNOWN_WITHIN_MS = 3 * INTERVAL_MS + DEFAULT_TIMEOUTS.timeoutMs + 1000;

t.test('agents that stand still or are killed leave nothing that looks like health, and come back', async (t) => {
  const pair = await copyPair(t.testdir());
  const signal = new AbortController().signal;
  await using sandbox = await startSandbox(await loadScenario(pair.folder), { dataPlane: 'node', signal });
  await using launcher = new SandboxLauncher(sandbox, {});
  await using scene = await startMonitor({ source: pair.source, launcher }, DEFAULT_TIMEOUTS);
  await scene.until('a first pass', () => scene.current().lastSweep?.verdict.value === 'pass');

  const [id, pid] = [...launcher.processes].find(([name]) => name.startsWith('outside.naked')) ?? [];
  if (id === undefined || pid === undefined) throw new Error('no agent');
  process.kill(pid, 'SIGSTOP');
  await scene.until('unknown', () => scene.transitions(TO_STRICT)[0]?.to === 'unknown', KNOWN_WITHIN_MS);
  t.match(scene.route(TO_STRICT), { freshness: 'stale', cell: { drift: 'unknown' } });
  t.equal(scene.current().verdict.value, 'inconclusive');
  process.kill(pid, 'SIGCONT');
  await scene.until('known again', () => scene.transitions(TO_STRICT)[1]?.to === 'agrees');

  process.kill(pid, 'SIGKILL');
  await scene.until('another agent', () =>
    scene
      .current()
      .agents.some((agent) => agent.id !== id && agent.vantage === 'outside/naked (naked)' && agent.state === 'up'),
  );
  const sinceMs = Date.now();
  await scene.until('measured by it', () => (scene.route(TO_STRICT).measuredAtMs ?? 0) > sinceMs);
  await scene.until('a matrix that passes', () => scene.current().verdict.value === 'pass');
  t.same(
    scene.transitions().filter(({ to }) => to !== 'unknown' && to !== 'agrees'),
    [],
    'nothing was said to be blocked or exposed',
  );
});
