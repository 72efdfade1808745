/** One sweep over the embedded mesh, from a scenario's name to a judged sweep; nothing is left running behind it. */
import type { Sweep } from '../judge/finding.ts';
import type { SweepOptions } from '../sweep.ts';
import { SILENT, showProgress } from './progress.ts';
import type { Session } from './session.ts';

export interface SandboxSweepOptions extends Pick<SweepOptions, 'minCoverage' | 'failOn' | 'trusted'> {
  /** Name of a scenario, or a folder. */
  readonly scenario: string;
  readonly dataPlane: 'node' | 'envoy';
}

export async function sweepSandbox(
  options: SandboxSweepOptions,
  session: Session,
  signal: AbortSignal,
): Promise<Sweep> {
  const [
    { loadScenario },
    { startSandbox },
    { sandboxLauncher },
    { loadSnapshot },
    { DEFAULT_SWEEP_OPTIONS, sweep },
    { systemClock },
  ] = await Promise.all([
    import('../../deploy/sandbox/scenario.ts'),
    import('../../deploy/sandbox/sandbox.ts'),
    import('../fleet/sandbox-launcher.ts'),
    import('../snapshot/files.ts'),
    import('../sweep.ts'),
    import('../../proto/system-clock.ts'),
  ]);
  const { scenario: name, dataPlane, ...chosen } = options;
  const scenario = await loadScenario(name);
  const { isQuiet, isVerbose } = session.flags();
  const progress = isQuiet ? SILENT : showProgress(session.terminal);
  const debug = (message: string): void => {
    if (isVerbose) session.terminal.note(`${message}\n`);
  };
  try {
    progress.show({ kind: 'sandbox', name: scenario.name });
    await using sandbox = await startSandbox(scenario, { dataPlane, ...envoyBinary(session), signal });
    await using launcher = sandboxLauncher(sandbox, { debug });
    const deps = {
      snapshot: () => loadSnapshot(scenario.manifestPaths),
      launcher,
      clock: systemClock,
      progress: progress.show,
      debug,
    };
    return await sweep(deps, { ...DEFAULT_SWEEP_OPTIONS, ...chosen }, AbortSignal.any([signal, sandbox.failed]));
  } finally {
    progress.end();
  }
}

export function envoyBinary(session: Session): { readonly envoyBinary?: string } {
  const path = session.env['ENVOY_BIN'];
  return path === undefined || path === '' ? {} : { envoyBinary: path };
}
