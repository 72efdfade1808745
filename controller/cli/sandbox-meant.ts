/** The sandbox that `--sandbox NAME` means: the one that is kept up of this scenario, or else one of its own. */
import { MeshproofError } from '../../proto/errors.ts';
import type { KeptSandbox } from '../../deploy/sandbox/control/client.ts';
import type { Difference } from '../../deploy/sandbox/difference.ts';
import type { DataPlaneKind, Sandbox } from '../../deploy/sandbox/sandbox.ts';
import type { Scenario } from '../../deploy/sandbox/scenario.ts';
import type { ProgressEvent } from './progress.ts';
import type { Session } from './session.ts';

export interface MeantSandbox {
  /** Name of a scenario, or a folder; also the name of a sandbox that is kept up of a folder elsewhere. */
  readonly scenario: string;
  /** `envoy` wants real ones: a sandbox of Node proxies that is kept up is not measured in their place. */
  readonly dataPlane: DataPlaneKind;
  /** Whether one that is kept up may be used. @default true */
  readonly joins?: boolean;
}

/**
 * Disposal ends it where it was started here, and only then. Says on stderr whose it is. Rejects as `loadScenario`,
 * `startSandbox` and `joinSandbox` do.
 */
export async function openSandbox(
  { scenario: name, dataPlane, joins = true }: MeantSandbox,
  show: (event: ProgressEvent) => void,
  session: Session,
  signal: AbortSignal,
): Promise<Sandbox> {
  const [{ loadScenario }, { startSandbox }, { findKept, joinSandbox }] = await Promise.all([
    import('../../deploy/sandbox/scenario.ts'),
    import('../../deploy/sandbox/sandbox.ts'),
    import('../../deploy/sandbox/control/join.ts'),
  ]);
  let scenario: Scenario | undefined;
  let unknown: unknown;
  try {
    scenario = await loadScenario(name);
  } catch (error) {
    if (!(error instanceof MeshproofError) || error.code !== 'MPE_UNKNOWN_SCENARIO') throw error;
    unknown = error;
  }
  const kept = joins ? await findKept(scenario ?? { name }) : undefined;
  if (kept !== undefined && (dataPlane === 'node' || kept.description.dataPlane === 'envoy')) {
    note(keptWords(kept), session);
    return joinSandbox(kept);
  }
  if (kept !== undefined) {
    note(`Sandbox ${kept.description.scenario} runs with Node proxies; this measures one of its own.`, session);
  }
  if (scenario === undefined) throw unknown;
  show({ kind: 'sandbox', name: scenario.name });
  return startSandbox(scenario, { dataPlane, ...envoyBinary(session), signal });
}

function keptWords({ description: { scenario, startedAt, pid, changed } }: KeptSandbox): string {
  const since = `Measuring the sandbox ${scenario} that runs since ${startedAt} (process ${String(pid)})`;
  return changed.length === 0 ? `${since}.` : `${since}, with ${changed.map(wordsOf).join(', ')}.`;
}

function wordsOf({ target, key, is }: Difference): string {
  return `${target} ${key}=${is}`;
}

function note(text: string, { flags, terminal }: Session): void {
  if (!flags().isQuiet) terminal.note(`${text}\n`);
}

/** For the options of a sandbox: the binary that ENVOY_BIN names, if any. */
export function envoyBinary(session: Session): { readonly envoyBinary?: string } {
  const path = session.env['ENVOY_BIN'];
  return path === undefined || path === '' ? {} : { envoyBinary: path };
}
