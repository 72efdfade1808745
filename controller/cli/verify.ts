/** `meshproof verify`: is everything as it was, but for what was meant to change? The exit status is the answer. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { MeshproofError } from '../../proto/errors.ts';
import type { Locate } from '../publish/sarif-places.ts';
import { COMPARISON_FORMATS } from '../publish/formats.ts';
import type { ComparisonFormat } from '../publish/formats.ts';
import type { OutputFlags } from './deliver.ts';
import { parseDuration } from './duration.ts';
import { addExamples } from './examples.ts';
import { addJudgingOptions } from './judging-options.ts';
import { EXIT_OF_VERDICT } from './matrix.ts';
import { addMeasuringOptions } from './measuring-options.ts';
import type { MeasuringFlags } from './measuring-options.ts';
import type { Session } from './session.ts';

export interface VerifyFlags extends OutputFlags, MeasuringFlags {
  readonly baseline?: string;
  readonly baselineFile?: string;
  readonly preview?: string;
  readonly expectChange: readonly string[];
  readonly strict?: boolean;
  readonly full?: boolean;
  /** Milliseconds. */
  readonly settle?: number;
  readonly watch?: boolean;
  readonly output: ComparisonFormat;
}

/** Only what was measured counts as a gate; whoever can do with less has to say so. */
const MIN_COVERAGE = 1;

const STATUSES = `
Exit status: 0 as before, but for what was meant; 79 something else changed, or what was meant did not; 75 too little could be
measured to say; 64 usage; 65 unreadable input; 69 unreachable; 77 not permitted.

What fails is measured again before it is told, and counts if two sweeps say it. All of it is measured each time: what a change
touches cannot be told from declared objects alone, for it is the wire that is to be proved.`;

export function addVerify(program: Command, session: Session): void {
  const command = program
    .command('verify')
    .description('Measures again, and holds it against a baseline: only what nobody meant to change fails.')
    .option('--baseline <name>', 'what was measured before: see "baseline save"')
    .option('--baseline-file <path>', 'the same out of a file: of "baseline save --file", or "matrix -o json"')
    .option(
      '--preview <path>',
      'did what "preview --from-sweep … -o json" foretold come true? Needs no baseline besides',
    )
    .addOption(
      new Option(
        '--expect-change <file>',
        'changes that are meant, which have to happen (repeatable); see docs/verify.md',
      )
        .argParser((path: string, before: readonly string[]) => [...before, path])
        .default([] satisfies readonly string[], 'none'),
    )
    .option('--strict', 'what was wrong before fails as well')
    .option('--full', 'measure everything; so it does in any case (see below)')
    .addOption(
      new Option(
        '--settle <duration>',
        'how long the mesh gets before what fails is measured again (default: 0 in the sandbox, 10s in a cluster)',
      ).argParser(parseDuration),
    )
    .option('--watch', 'during a rollout: sweep after sweep until ^C or --timeout; tells outages by the millisecond')
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(COMPARISON_FORMATS).default('table'))
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .addHelpText('after', STATUSES)
    .action(async (flags: VerifyFlags) => {
      session.finish(await runVerify(flags, session));
    });
  addMeasuringOptions(addJudgingOptions(command, MIN_COVERAGE));
  addExamples(command, [
    ['verify --baseline before', 'after a change: is everything else as before?'],
    ['verify --baseline before --expect-change meant.yaml', 'with what is meant to change'],
    ['verify --baseline before --watch --timeout 10m', 'while a rollout is under way: who is down, and for how long?'],
    ['verify --baseline-file before.json.gz -o junit --output-file verify.xml', 'in a pipeline'],
    ['verify --preview preview.json -n shop', 'did the prediction come true?'],
  ]);
}

async function runVerify(flags: VerifyFlags, session: Session): Promise<ExitStatus> {
  checkUse(flags);
  const { verified } = await import('./verify-run.ts');
  const { report, sandbox } = await verified(flags, session);
  const [{ COMPARISON_PUBLISHERS }, { deliver }] = await Promise.all([
    import('../publish/verification.ts'),
    import('./deliver.ts'),
  ]);
  const locate = flags.output === 'sarif' ? await locateIn(sandbox) : undefined;
  await deliver(
    [COMPARISON_PUBLISHERS[flags.output](report, session.terminal.page, locate, session.command)],
    flags,
    session,
  );
  return EXIT_OF_VERDICT[report.verification.verdict];
}

function checkUse({ baseline, baselineFile, preview, watch, settle }: VerifyFlags): void {
  if (baseline !== undefined && baselineFile !== undefined) {
    throw new MeshproofError('MPE_USAGE', 'one baseline, please', { hint: 'Give --baseline or --baseline-file.' });
  }
  if (baseline === undefined && baselineFile === undefined && preview === undefined) {
    throw new MeshproofError('MPE_USAGE', 'held against what?', {
      hint: 'Give --baseline NAME (keep one with "baseline save NAME"), --baseline-file PATH or --preview PATH.',
    });
  }
  if (watch === true && settle !== undefined) {
    throw new MeshproofError('MPE_USAGE', '--settle says nothing beside --watch, which measures all the time');
  }
}

async function locateIn(sandbox: string | undefined): Promise<Locate | undefined> {
  if (sandbox === undefined) return undefined;
  const { placesInSandbox } = await import('./sandbox-manifests.ts');
  return placesInSandbox(sandbox);
}
