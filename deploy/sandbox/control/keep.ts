/** A sandbox that is kept up for others of this user: they find it by its scenario's name. */
import { MeshproofError } from '../../../proto/errors.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../sandbox.ts';
import type { Scenario } from '../scenario.ts';
import { keptSandboxes, type KeptSandbox } from './client.ts';
import { openControlSocket, type ControlOptions } from './server.ts';

export interface KeepOptions extends SandboxOptions, Pick<ControlOptions, 'page'> {}

/**
 * As `startSandbox`, with a control socket for as long as it stands. One a name: rejects with MPE_SANDBOX_RUNS where
 * another is kept up, because a name has to say which is meant. Two that start in the same moment may both stay; whoever
 * names them is then told of both.
 */
export async function keepSandbox(scenario: Scenario, { page, ...options }: KeepOptions): Promise<Sandbox> {
  refuseSecond(scenario, await keptSandboxes());
  await using started = new AsyncDisposableStack();
  const startedAtMs = Date.now();
  const sandbox = started.use(await startSandbox(scenario, options));
  const { path } = started.use(await openControlSocket(sandbox, { startedAtMs, ...(page && { page }) }));
  // A start takes a while.
  const kept = await keptSandboxes();
  refuseSecond(
    scenario,
    kept.slice(
      0,
      Math.max(
        0,
        kept.findIndex(({ socketPath }) => socketPath === path),
      ),
    ),
  );
  const all = started.move();
  return { ...sandbox, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function refuseSecond({ name }: Scenario, kept: readonly KeptSandbox[]): void {
  const other = kept.find(({ description }) => description.scenario === name)?.description;
  if (other === undefined) return;
  const where = `process ${String(other.pid)} keeps up sandbox ${name} since ${other.startedAt}`;
  throw new MeshproofError('MPE_SANDBOX_RUNS', `${where}, of ${other.folder}`);
}
