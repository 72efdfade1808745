/** `sandbox set`, `reset` and `status`: sandboxes that another process keeps up. */
import { resolve } from 'node:path';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { ExitStatus } from '../../proto/errors.ts';
import type { KeptSandbox } from '../../deploy/sandbox/control/client.ts';
import type { Changed, Description } from '../../deploy/sandbox/control/protocol.ts';
import { nearest } from '../gate/nearest.ts';
import { changeLines, statusText } from './sandbox-words.ts';
import type { Session } from './session.ts';

export interface KeptFlags {
  /** Name or folder. */
  readonly scenario?: string;
}

export async function setInKept(words: readonly string[], flags: KeptFlags, session: Session): Promise<void> {
  const [kept, { parseChanges }, { askToSet }, { joinSandbox }] = await Promise.all([
    chosen(flags),
    import('./sandbox-changes.ts'),
    import('../../deploy/sandbox/control/client.ts'),
    import('../../deploy/sandbox/control/join.ts'),
  ]);
  // Its reality.yaml as it was when it started; the file may have been edited since.
  await using sandbox = await joinSandbox(kept);
  await tell(await askToSet(kept.socketPath, parseChanges(words, sandbox.scenario.reality)), session);
}

export async function resetKept(flags: KeptFlags, session: Session): Promise<void> {
  const { askToReset } = await import('../../deploy/sandbox/control/client.ts');
  await tell(await askToReset((await chosen(flags)).socketPath), session);
}

/** What runs; `unreachable` where nothing does. */
export async function tellKept(session: Session): Promise<ExitStatus> {
  const { keptSandboxes } = await import('../../deploy/sandbox/control/client.ts');
  const kept = await keptSandboxes();
  if (kept.length === 0) throw noneRuns();
  const { terminal } = session;
  await terminal.write(
    statusText(
      kept.map(({ description }) => description),
      terminal.page,
    ),
  );
  return EXIT.pass;
}

async function tell({ made, changed }: Changed, { terminal }: Session): Promise<void> {
  const lines = made.length === 0 ? ['Nothing to change: so it was.'] : changeLines(made);
  const rest = changed.length === 0 ? 'In force is what reality.yaml says.' : '';
  await terminal.write(`${[...lines, ...(rest === '' ? [] : [rest])].join('\n')}\n`);
}

async function chosen({ scenario }: KeptFlags): Promise<KeptSandbox> {
  const { keptSandboxes } = await import('../../deploy/sandbox/control/client.ts');
  const kept = await keptSandboxes();
  if (kept.length === 0) throw noneRuns();
  const meant =
    scenario === undefined
      ? kept
      : kept.filter(({ description: { scenario: name, folder } }) => name === scenario || folder === resolve(scenario));
  const [one, ...others] = meant;
  if (one !== undefined && others.length === 0) return one;
  const running = kept.map(({ description }) => description);
  if (one === undefined) throw notThatOne(scenario ?? '', running);
  throw new MeshproofError('MPE_USAGE', `which sandbox? ${listed(running)} run`, {
    hint: 'Name one with --scenario.',
  });
}

function noneRuns(): MeshproofError {
  return new MeshproofError('MPE_SANDBOX_NOT_RUNNING', 'no sandbox is kept up by this user on this machine', {
    hint: 'Start one: meshproof sandbox up shop, or meshproof serve --sandbox shop.',
  });
}

function notThatOne(name: string, running: readonly Description[]): MeshproofError {
  const close = nearest(
    name,
    running.map(({ scenario }) => scenario),
  );
  return new MeshproofError('MPE_SANDBOX_NOT_RUNNING', `no sandbox ${name} runs; ${listed(running)}`, {
    hint: close === undefined ? `Start it: meshproof sandbox up ${name}.` : `Did you mean ${close}?`,
  });
}

function listed(running: readonly Description[]): string {
  return running.map(({ scenario, pid }) => `${scenario} (process ${String(pid)})`).join(', ');
}
