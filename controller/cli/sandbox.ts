/** `meshproof sandbox`: the embedded mesh, to list, to play with, and to change while it runs. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { Option } from 'commander';
import { EXIT } from '../../proto/errors.ts';
import { addExamples } from './examples.ts';
import type { KeptFlags } from './sandbox-kept.ts';
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
  addChanges(sandbox, session);
  sandbox
    .command('list')
    .description('The scenarios that come with meshproof.')
    .action(async () => {
      const { listScenarios } = await import('./scenario-list.ts');
      await session.terminal.write(await listScenarios(session.terminal.page));
      session.finish(EXIT.pass);
    });
}

function addChanges(sandbox: Command, session: Session): void {
  const scenarioOption = (): Option =>
    new Option('--scenario <scenario>', 'name or folder of the one that is meant, where more than one runs');
  const set = sandbox
    .command('set')
    .description(
      'Changes what is in force in a sandbox that runs; what is declared stays. TARGET is a workload or a pod, with :PORT ' +
        'for mode and app (default: all its ports); the namespace can be left out where it is plain.',
    )
    .usage('[options] TARGET KEY=VALUE...')
    .argument('<words...>', 'TARGET KEY=VALUE..., and more of them')
    .addOption(scenarioOption())
    .addHelpText('after', `\n${KEYS_HELP}`)
    .action(async (words: readonly string[], flags: KeptFlags) => {
      const { setInKept } = await import('./sandbox-kept.ts');
      await setInKept(words, flags, session);
      session.finish(EXIT.pass);
    });
  addExamples(set, [
    ['sandbox set pay:8080 mode=PERMISSIVE', 'the port takes plaintext from now on'],
    ['sandbox set wallet/card certificate=valid', 'its expired certificate is renewed'],
    ['sandbox set pay authorization=off', 'nobody is refused by a rule there'],
    ['sandbox set checkout to=cart:80 tls=auto', 'what its sidecar does when it calls the service'],
    ['sandbox set cart:8080 app=none search:8080 mode=DISABLE', 'an app that is down, and a mode, at once'],
  ]);
  const reset = sandbox
    .command('reset')
    .description('Puts everything in a sandbox that runs back to what reality.yaml says.')
    .addOption(scenarioOption())
    .action(async (flags: KeptFlags) => {
      const { resetKept } = await import('./sandbox-kept.ts');
      await resetKept(flags, session);
      session.finish(EXIT.pass);
    });
  addExamples(reset, [['sandbox reset', 'after: sandbox set pay:8080 mode=PERMISSIVE']]);
  const status = sandbox
    .command('status')
    .description('Which sandboxes run, where, and what was changed in them.')
    .action(async () => {
      const { tellKept } = await import('./sandbox-kept.ts');
      session.finish(await tellKept(session));
    });
  addExamples(status, [['sandbox status', 'also tells the address of the page, where one is served']]);
}

const KEYS_HELP = `Keys, in the words of reality.yaml:
  mode=STRICT|PERMISSIVE|DISABLE                          what the sidecar takes on the port
  app=http|grpc|tcp|none                                  what answers behind the port; none: nothing
  certificate=valid|expired|not-yet-valid|foreign-root    what the sidecar holds
  identity=own|spiffe://...                               the name in its certificate
  authorization=on|off                                    the workload's rules
  to=SERVICE[:PORT] tls=auto|DISABLE|ISTIO_MUTUAL|SIMPLE  how it calls a service`;

async function keepUp(name: string, flags: UpFlags, session: Session): Promise<void> {
  const [{ loadScenario }, { keepSandbox }, { envoyBinary }, { describeSandbox }] = await Promise.all([
    import('../../deploy/sandbox/scenario.ts'),
    import('../../deploy/sandbox/control/keep.ts'),
    import('./sandbox-meant.ts'),
    import('./sandbox-words.ts'),
  ]);
  const { terminal, signal } = session;
  const scenario = await loadScenario(name);
  await using sandbox = await keepSandbox(scenario, { ...flags, ...envoyBinary(session), signal });
  await terminal.write(describeSandbox(sandbox, terminal.page));
  const ends = AbortSignal.any([signal, sandbox.failed]);
  if (!ends.aborted) await once(ends, 'abort');
  // Ending it is what ^C is for here; nothing was interrupted.
  sandbox.failed.throwIfAborted();
}
