/** `meshproof matrix`: one sweep, published and judged; the exit status is the verdict. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT } from '../../proto/errors.ts';
import type { VerdictValue } from '../judge/finding.ts';
import { FORMATS } from '../publish/formats.ts';
import type { Format } from '../publish/formats.ts';
import type { Locate } from '../publish/sarif-places.ts';
import type { OutputFlags } from './deliver.ts';
import { addExamples } from './examples.ts';
import { addJudgingOptions } from './judging-options.ts';
import { addMeasuringOptions } from './measuring-options.ts';
import type { MeasuringFlags } from './measuring-options.ts';
import type { Session } from './session.ts';

export interface MatrixFlags extends OutputFlags, MeasuringFlags {
  readonly frames?: boolean;
  readonly unjudged?: boolean;
  readonly output: Format;
}

export const EXIT_OF_VERDICT: Readonly<Record<VerdictValue, ExitStatus>> = {
  pass: EXIT.pass,
  fail: EXIT.violations,
  inconclusive: EXIT.inconclusive,
};

export function addMatrix(program: Command, session: Session): void {
  const command = program
    .command('matrix')
    .description(
      'Measures who reaches what, and judges every cell against what is declared. In a cluster it runs as a Job there, ' +
        'made from what "install" has put there; its result comes back.',
    )
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(FORMATS).default('table'))
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .addOption(new Option('--frames', 'tell the sweep in frames, for the laptop that follows the log').hideHelp())
    .addOption(new Option('--unjudged', 'leave the verdict to the one who asks').hideHelp())
    .action(async (flags: MatrixFlags) => {
      session.finish(await runMatrix(flags, session));
    });
  addMeasuringOptions(addJudgingOptions(command));
  addExamples(command, [
    ['matrix -n shop -n bank', 'two namespaces of a cluster'],
    ['matrix -A -o json --output-file sweep.json', 'all of it, for a pipeline'],
    ['matrix --sandbox shop', 'a mesh with the classic troubles, on this machine'],
    ['matrix --sandbox healthy --data-plane envoy', 'the same with real Envoy proxies (ENVOY_BIN)'],
    ['matrix --sandbox shop -o junit --output-file matrix.xml', 'for a pipeline'],
    ['matrix --sandbox shop -o html --output-file matrix.html', 'to look at in a browser, or to hand on'],
    ['matrix --sandbox shop -o sarif', 'findings with the manifest file and line that they are about'],
  ]);
}

async function runMatrix(flags: MatrixFlags, session: Session): Promise<ExitStatus> {
  const { measured, toldInFrames } = await import('./matrix-modes.ts');
  if (flags.frames === true) return toldInFrames(flags, session);
  const sweep = await measured(flags, session);
  const [{ PUBLISHERS }, { deliver }] = await Promise.all([import('../publish/publish.ts'), import('./deliver.ts')]);
  const locate = flags.output === 'sarif' ? await locateIn(flags.sandbox) : undefined;
  await deliver([PUBLISHERS[flags.output](sweep, session.terminal.page, locate, session.command)], flags, session);
  return EXIT_OF_VERDICT[sweep.verdict.value];
}

/** A cluster says of its objects that they are there, not which file they came from. */
async function locateIn(sandbox: string | undefined): Promise<Locate | undefined> {
  if (sandbox === undefined) return undefined;
  const { placesInSandbox } = await import('./sandbox-manifests.ts');
  return placesInSandbox(sandbox);
}
