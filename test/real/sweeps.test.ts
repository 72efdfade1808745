/** A whole sweep comes to the same on both data planes: every cell's outcome and finding, every conflict, the verdict. */
import t from 'tap';
import type { Cell, Sweep } from '../../controller/judge/finding.ts';
import { sandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import { loadSnapshot } from '../../controller/snapshot/files.ts';
import { DEFAULT_SWEEP_OPTIONS, sweep } from '../../controller/sweep.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { realEnvoy } from '../support/envoy.ts';

const envoy = realEnvoy();
const options = { skip: 'missing' in envoy ? envoy.missing : false, timeout: 100_000 };

for (const scenario of ['healthy', 'shop']) {
  t.test(`the scenario ${scenario} comes to the same on real Envoy as on the Node proxies`, options, async (t) => {
    const node = await sweepOf(scenario, 'node');
    const real = await sweepOf(scenario, 'envoy');
    t.equal(node.verdict.coverage, 1);
    t.equal(real.verdict.coverage, 1);
    t.strictSame(linesOf(real), linesOf(node));
    t.strictSame(conflictsOf(real), conflictsOf(node));
    t.equal(real.verdict.value, node.verdict.value);
  });
}

async function sweepOf(name: string, dataPlane: 'node' | 'envoy'): Promise<Sweep> {
  const signal = AbortSignal.timeout(60_000);
  const scenario = await loadScenario(name);
  const binary = 'binary' in envoy ? { envoyBinary: envoy.binary } : {};
  await using sandbox = await startSandbox(scenario, { dataPlane, ...binary, signal });
  await using launcher = sandboxLauncher(sandbox);
  const deps = {
    snapshot: () => loadSnapshot(scenario.manifestPaths),
    launcher,
    clock: systemClock,
    progress: () => undefined,
  };
  return await sweep(deps, DEFAULT_SWEEP_OPTIONS, signal);
}

function linesOf({ cells }: Sweep): readonly string[] {
  return cells.map((cell) => `${cell.key}: ${shown(cell)}, ${cell.drift} ${cell.cause?.code ?? ''}`).sort();
}

function shown({ outcome }: Cell): string {
  switch (outcome.kind) {
    case 'reached':
      return `reached over ${outcome.transport} by ${String(outcome.witness?.caller)}, status ${String(outcome.status)}`;
    case 'refused':
      return `refused at ${outcome.layer}: ${outcome.signature} ${outcome.certificateRefusal ?? ''} ${String(outcome.status)}`;
    case 'silent':
      return `silent at ${outcome.layer}`;
    case 'untested':
      return `untested: ${outcome.why}`;
  }
}

function conflictsOf({ conflicts }: Sweep): readonly string[] {
  return conflicts
    .map(({ severity, cause, cells, isConfirmed }) => {
      const words = [severity, cause.code, cause.message, isConfirmed ? 'confirmed' : 'not confirmed'];
      return [...words, ...[...cells].sort()].join('\n');
    })
    .sort();
}
