/** One sweep over the embedded mesh, from a scenario's name to a judged sweep; nothing is left running behind it. */
import type { Sweep } from '../judge/finding.ts';
import type { SweepOptions } from '../sweep.ts';
import { SILENT, showProgress } from './progress.ts';
import type { MeantSandbox } from './sandbox-meant.ts';
import type { Session } from './session.ts';

export interface SandboxSweepOptions extends Pick<SweepOptions, 'minCoverage' | 'failOn' | 'trusted'>, MeantSandbox {}

export async function sweepSandbox(
  options: SandboxSweepOptions,
  session: Session,
  signal: AbortSignal,
): Promise<Sweep> {
  const [{ openSandbox }, { sandboxLauncher }, { loadSnapshot }, { DEFAULT_SWEEP_OPTIONS, sweep }, { systemClock }] =
    await Promise.all([
      import('./sandbox-meant.ts'),
      import('../fleet/sandbox-launcher.ts'),
      import('../snapshot/files.ts'),
      import('../sweep.ts'),
      import('../../proto/system-clock.ts'),
    ]);
  const { scenario, dataPlane, joins, ...chosen } = options;
  const { isQuiet, isVerbose } = session.flags();
  const progress = isQuiet ? SILENT : showProgress(session.terminal);
  const debug = (message: string): void => {
    if (isVerbose) session.terminal.note(`${message}\n`);
  };
  try {
    const meant = { scenario, dataPlane, ...(joins !== undefined && { joins }) };
    await using sandbox = await openSandbox(meant, progress.show, session, signal);
    await using launcher = sandboxLauncher(sandbox, { debug });
    const deps = {
      snapshot: () => loadSnapshot(sandbox.scenario.manifestPaths),
      launcher,
      clock: systemClock,
      progress: progress.show,
      debug,
    };
    const { name } = sandbox.scenario;
    const measured = await sweep(
      deps,
      { ...DEFAULT_SWEEP_OPTIONS, ...chosen },
      AbortSignal.any([signal, sandbox.failed]),
    );
    return { ...measured, scope: { kind: 'sandbox', scenario: name } };
  } finally {
    progress.end();
  }
}
