/** `meshproof baseline`: keep what is measured now, to compare with later. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { BaselineSummary } from '../baselines/baseline-store.ts';
import type { Baseline } from '../gate/baseline.ts';
import type { PlaceFlags } from './baseline-place.ts';
import { addClusterOptions } from './cluster-options.ts';
import type { OutputFlags } from './deliver.ts';
import { addExamples } from './examples.ts';
import { addJudgingOptions } from './judging-options.ts';
import { addMeasuringOptions } from './measuring-options.ts';
import type { MeasuringFlags } from './measuring-options.ts';
import type { Session } from './session.ts';

interface SaveFlags extends MeasuringFlags {
  readonly fromSweep?: string;
  readonly file?: string;
  readonly force?: boolean;
}

interface ListFlags extends PlaceFlags, OutputFlags {
  readonly output: 'table' | 'json';
}

interface ShowFlags extends ListFlags {
  readonly file?: string;
}

export function addBaseline(program: Command, session: Session): void {
  const command = program.command('baseline').description('Keeps what is measured now, to compare with later.');
  addSave(command, session);
  const place = (one: Command): Command =>
    addClusterOptions(one.option('--sandbox <scenario>', 'of the embedded mesh of this scenario'));
  const output = new Option('-o, --output <format>', 'form of the output').choices(['table', 'json']).default('table');
  const listing = command
    .command('list')
    .description('The baselines that are kept.')
    .addOption(output)
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .action(async (flags: ListFlags) => {
      await runList(flags, session);
    });
  const showing = command
    .command('show')
    .description('What a baseline holds: what was measured, and what was wrong then.')
    .argument('[name]')
    .option('--file <path>', 'of this file, in the place of a name')
    .addOption(output)
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .action(async (name: string | undefined, flags: ShowFlags) => {
      await runShow(name, flags, session);
    });
  const deleting = command
    .command('delete')
    .description('Forgets a baseline.')
    .argument('<name>')
    .action(async (name: string, flags: PlaceFlags) => {
      const { openBaselines } = await import('./baseline-place.ts');
      await (await openBaselines(flags, session)).delete(name, session.signal);
      session.finish(EXIT.pass);
    });
  [listing, showing, deleting].forEach(place);
}

function addSave(command: Command, session: Session): void {
  const saving = command
    .command('save')
    .description(
      'Measures, and keeps the result under a name: as a ConfigMap beside the installation of the cluster, in files of ' +
        'your own for a sandbox, or in a file of your choice. What is wrong now is kept as well, and is no news later.',
    )
    .argument('<name>', 'lower-case letters, digits and dashes')
    .option('--from-sweep <file>', 'of this sweep (matrix -o json), instead of a sweep now')
    .option('--file <path>', 'into this file (.gz: compressed), for example as the artifact of a pipeline')
    .option('--force', 'replace what is there of that name')
    .action(async (name: string, flags: SaveFlags) => {
      session.finish(await runSave(name, flags, session));
    });
  addMeasuringOptions(addJudgingOptions(saving));
  addExamples(saving, [
    ['baseline save before -n shop', 'in a cluster, before a change'],
    ['baseline save before --sandbox shop', 'of the embedded mesh'],
    ['baseline save before -n shop --file before.json.gz', 'for a pipeline that keeps it as an artifact'],
    ['verify --baseline before', 'after the change: what is not as before?'],
  ]);
}

async function runSave(name: string, flags: SaveFlags, session: Session): Promise<ExitStatus> {
  const { checkName, alreadyThere } = await import('../baselines/baseline-store.ts');
  checkName(name);
  const { file, force: mayReplace = false } = flags;
  const { exists, saveBaselineFile } = await import('../baselines/baseline-files.ts');
  const { openBaselines } = await import('./baseline-place.ts');
  const store = file === undefined ? await openBaselines(flags, session) : undefined;
  // Before the measuring, which takes its time.
  const isThere = file === undefined ? await store?.has(name, session.signal) : await exists(file);
  if (isThere === true && !mayReplace) throw alreadyThere(name, store?.place ?? `the files`);
  const { baseline, doubt } = await sweepToKeep(name, flags, session);
  const trouble = doubt === '' ? thinness(baseline, flags.minCoverage) : doubt;
  if (trouble !== '') {
    session.terminal.note(`meshproof: not saved: ${trouble}\n`);
    return EXIT.inconclusive;
  }
  const kept =
    store === undefined
      ? await saveBaselineFile(file ?? '', baseline)
      : await store.save(baseline, mayReplace, session.signal);
  await session.terminal.write(`${keptWords(kept, file)}\n`);
  return EXIT.pass;
}

async function sweepToKeep(
  name: string,
  flags: SaveFlags,
  session: Session,
): Promise<{ readonly baseline: Baseline; readonly doubt: string }> {
  const { takeSweep } = await import('./baseline-sweep.ts');
  if (flags.fromSweep === undefined) return takeSweep(name, flags, session);
  const [{ sweepFor }, { baselineOf }, { scenarioMeant }] = await Promise.all([
    import('./measured-sweep.ts'),
    import('../gate/baseline.ts'),
    import('./sandbox-manifests.ts'),
  ]);
  const sweep = await sweepFor(flags, undefined, session);
  const { sandbox } = flags;
  const scope =
    sandbox === undefined ? undefined : ({ kind: 'sandbox', scenario: (await scenarioMeant(sandbox)).name } as const);
  return { baseline: baselineOf(sweep, name, scope), doubt: '' };
}

/** What is not known cannot be compared with. */
function thinness({ cells }: Baseline, minCoverage: number): string {
  if (cells.length === 0) return 'no cell was planned';
  const unknown = cells.filter(({ drift }) => drift === 'unknown').length;
  if ((cells.length - unknown) / cells.length >= minCoverage) return '';
  return `${String(unknown)} of ${String(cells.length)} cells are unknown (--min-coverage ${String(minCoverage)})`;
}

function keptWords({ name, cells, violations, sizeBytes }: BaselineSummary, file: string | undefined): string {
  const size = `${String(cells)} cells, ${String(Math.ceil(sizeBytes / 1024))} KiB`;
  const wrong = violations === 0 ? '' : `; ${String(violations)} findings of now are no news later`;
  return `Saved ${file ?? name}: ${size}${wrong}.`;
}

async function runList(flags: ListFlags, session: Session): Promise<void> {
  const [{ openBaselines }, { baselineListTable, baselineListJson }, { deliver }] = await Promise.all([
    import('./baseline-place.ts'),
    import('../publish/baseline.ts'),
    import('./deliver.ts'),
  ]);
  const store = await openBaselines(flags, session);
  const kept = await store.list(session.signal);
  const text =
    flags.output === 'json' ? baselineListJson(kept) : baselineListTable(kept, store.place, session.terminal.page);
  await deliver([text], flags, session);
  session.finish(EXIT.pass);
}

async function runShow(name: string | undefined, flags: ShowFlags, session: Session): Promise<void> {
  if ((name === undefined) === (flags.file === undefined)) {
    throw new MeshproofError('MPE_USAGE', 'which baseline?', { hint: 'Give its name, or a file with --file.' });
  }
  const [{ openBaselines }, { baselineFromFile }, { baselineJsonText, baselineTable }, { deliver }] = await Promise.all(
    [
      import('./baseline-place.ts'),
      import('./baseline-file.ts'),
      import('../publish/baseline.ts'),
      import('./deliver.ts'),
    ],
  );
  const baseline =
    flags.file === undefined
      ? await (await openBaselines(flags, session)).load(name ?? '', session.signal)
      : await baselineFromFile(flags.file);
  const text = flags.output === 'json' ? baselineJsonText(baseline) : baselineTable(baseline, session.terminal.page);
  await deliver([text], flags, session);
  session.finish(EXIT.pass);
}
