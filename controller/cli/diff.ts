/** `meshproof diff`: two sweeps or baselines held against each other; nothing is measured. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import type { Baseline } from '../gate/baseline.ts';
import { COMPARISON_FORMATS } from '../publish/formats.ts';
import type { ComparisonFormat } from '../publish/formats.ts';
import type { PlaceFlags } from './baseline-place.ts';
import { addClusterOptions } from './cluster-options.ts';
import type { OutputFlags } from './deliver.ts';
import { addExamples } from './examples.ts';
import { EXIT_OF_VERDICT } from './matrix.ts';
import type { Session } from './session.ts';

interface DiffFlags extends PlaceFlags, OutputFlags {
  readonly output: ComparisonFormat;
}

const STATUSES = `
Exit status: 0 nothing differs; 79 something does; 75 nothing does, but of some routes only one of the two knows; 64 usage;
65 unreadable input.`;

export function addDiff(program: Command, session: Session): void {
  const command = program
    .command('diff')
    .description('What two sweeps or baselines show otherwise.')
    .argument('<before>', 'a file (matrix -o json, or baseline save --file), or the name of a baseline')
    .argument('<after>', 'the same')
    .option('--sandbox <scenario>', 'names are baselines of the embedded mesh of this scenario')
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(COMPARISON_FORMATS).default('table'))
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .addHelpText('after', STATUSES)
    .action(async (before: string, after: string, flags: DiffFlags) => {
      session.finish(await runDiff(before, after, flags, session));
    });
  addClusterOptions(command);
  addExamples(command, [
    ['diff monday.json tuesday.json', 'two sweeps that were kept (matrix -o json)'],
    ['diff before after --sandbox shop', 'two baselines'],
    ['diff before sweep.json -o markdown', 'a baseline of the cluster and a sweep, for a pull request'],
  ]);
}

async function runDiff(before: string, after: string, flags: DiffFlags, session: Session): Promise<ExitStatus> {
  const [{ diff: compared }, { COMPARISON_PUBLISHERS }, { deliver }] = await Promise.all([
    import('../gate/diff.ts'),
    import('../publish/verification.ts'),
    import('./deliver.ts'),
  ]);
  const [one, other] = await Promise.all([found(before, flags, session), found(after, flags, session)]);
  const verification = compared(one, other);
  const { sweepId, startedAt, finishedAt } = other;
  const report = {
    kind: 'diff',
    verification,
    sweeps: [{ sweepId, startedAt, finishedAt }],
    flaps: [],
  } as const;
  const locate = flags.output === 'sarif' && flags.sandbox !== undefined ? await placesOf(flags.sandbox) : undefined;
  await deliver(
    [COMPARISON_PUBLISHERS[flags.output](report, session.terminal.page, locate, session.command)],
    flags,
    session,
  );
  return EXIT_OF_VERDICT[verification.verdict];
}

async function placesOf(sandbox: string) {
  const { placesInSandbox } = await import('./sandbox-manifests.ts');
  return placesInSandbox(sandbox);
}

/** What looks like a path is one; a bare word is a file where there is one of that name, and otherwise a baseline. */
async function found(text: string, flags: DiffFlags, session: Session): Promise<Baseline> {
  const [{ exists }, { isBaselineName }] = await Promise.all([
    import('../baselines/baseline-files.ts'),
    import('../baselines/baseline-store.ts'),
  ]);
  if (!isBaselineName(text) || (await exists(text))) {
    const { baselineFromFile } = await import('./baseline-file.ts');
    return { ...(await baselineFromFile(text)), name: text };
  }
  const { openBaselines } = await import('./baseline-place.ts');
  return (await openBaselines(flags, session)).load(text, session.signal);
}
