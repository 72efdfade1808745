/** `meshproof sandbox`: the embedded mesh, to list and to play with. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { Option } from 'commander';
import { EXIT } from '../../proto/errors.ts';
import { addExamples } from './examples.ts';
import type { Session } from './session.ts';

interface UpFlags {
  readonly dataPlane: 'node' | 'envoy';
}

export function addSandbox(program: Command, session: Session): void {
  const sandbox = program.command('sandbox').description('The embedded mesh: workloads, proxies and a CA on loopback.');
  const up = sandbox
    .command('up')
    .description('Starts a scenario and keeps it running until ^C.')
    .argument('<scenario>', 'a name (see: sandbox list) or a folder with manifests/ and reality.yaml')
    .addOption(new Option('--data-plane <kind>', 'kind of the proxies').choices(['node', 'envoy']).default('node'))
    .action(async (scenario: string, flags: UpFlags) => {
      await keepUp(scenario, flags, session);
      session.finish(EXIT.pass);
    });
  addExamples(up, [
    ['sandbox up shop', 'addresses and curl lines to try'],
    ['sandbox up ./my-scenario --data-plane envoy', 'your own, with real Envoy proxies (ENVOY_BIN)'],
  ]);
  sandbox
    .command('list')
    .description('The scenarios that come with meshproof.')
    .action(async () => {
      const { listScenarios } = await import('./scenario-list.ts');
      await session.terminal.write(await listScenarios(session.terminal.page));
      session.finish(EXIT.pass);
    });
}

async function keepUp(name: string, flags: UpFlags, session: Session): Promise<void> {
  const [{ loadScenario }, { startSandbox }, { envoyBinary }, { describeSandbox }] = await Promise.all([
    import('../../deploy/sandbox/scenario.ts'),
    import('../../deploy/sandbox/sandbox.ts'),
    import('./sandbox-sweep.ts'),
    import('./sandbox-words.ts'),
  ]);
  const { terminal, signal } = session;
  const scenario = await loadScenario(name);
  await using sandbox = await startSandbox(scenario, { ...flags, ...envoyBinary(session), signal });
  await terminal.write(describeSandbox(sandbox, terminal.page));
  const ends = AbortSignal.any([signal, sandbox.failed]);
  if (!ends.aborted) await once(ends, 'abort');
  // Ending it is what ^C is for here; nothing was interrupted.
  sandbox.failed.throwIfAborted();
}
