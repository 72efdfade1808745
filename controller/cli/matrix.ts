/** `meshproof matrix`: one sweep, published and judged; the exit status is the verdict. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { VerdictValue } from '../judge/finding.ts';
import type { Format } from '../publish/publish.ts';
import type { OutputFlags } from './deliver.ts';
import { parseDuration } from './duration.ts';
import { addExamples } from './examples.ts';
import type { Session } from './session.ts';

const FORMATS: readonly Format[] = ['table', 'json', 'ndjson', 'junit', 'markdown'];
const FAILURES = ['drift', 'critical', 'error', 'warning'] as const;
type FailOn = (typeof FAILURES)[number];

interface MatrixFlags extends OutputFlags {
  readonly sandbox?: string;
  readonly dataPlane: 'node' | 'envoy';
  readonly output: Format;
  readonly minCoverage: number;
  readonly failOn: readonly FailOn[];
  /** Milliseconds. */
  readonly timeout: number;
}

export const EXIT_OF_VERDICT: Readonly<Record<VerdictValue, ExitStatus>> = {
  pass: EXIT.pass,
  fail: EXIT.violations,
  inconclusive: EXIT.inconclusive,
};

export const DEFAULT_MIN_COVERAGE = 0.95;
export const DEFAULT_FAIL_ON: readonly FailOn[] = ['drift', 'critical', 'error'];

export function addMatrix(program: Command, session: Session): void {
  const command = program
    .command('matrix')
    .description('Measures who reaches what, and judges every cell against what is declared.')
    .option('--sandbox <scenario>', 'measure the embedded mesh of this scenario (a name or a folder)')
    .addOption(new Option('--data-plane <kind>', 'proxies of the sandbox').choices(['node', 'envoy']).default('node'))
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(FORMATS).default('table'))
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .addOption(
      new Option('--min-coverage <part>', 'judged cells / planned cells below which there is no verdict, 0 to 1')
        .argParser(parsePart)
        .default(DEFAULT_MIN_COVERAGE),
    )
    .addOption(
      new Option('--fail-on <findings>', `what fails the sweep, of ${FAILURES.join(',')}`)
        .argParser(parseFailOn)
        .default(DEFAULT_FAIL_ON, DEFAULT_FAIL_ON.join(',')),
    )
    .addOption(
      new Option('--timeout <duration>', 'deadline of the whole sweep').argParser(parseDuration).default(120_000, '2m'),
    )
    .action(async (flags: MatrixFlags) => {
      session.finish(await runMatrix(flags, session));
    });
  addExamples(command, [
    ['matrix --sandbox shop', 'a mesh with the classic troubles, on this machine'],
    ['matrix --sandbox healthy --data-plane envoy', 'the same with real Envoy proxies (ENVOY_BIN)'],
    ['matrix --sandbox shop -o junit --output-file matrix.xml', 'for a pipeline'],
  ]);
}

async function runMatrix(flags: MatrixFlags, session: Session): Promise<ExitStatus> {
  if (flags.sandbox === undefined) {
    throw new MeshproofError('MPE_USAGE', 'which mesh?', {
      hint: 'Name a scenario: --sandbox shop (see meshproof sandbox list).',
    });
  }
  const [{ sweepSandbox }, { PUBLISHERS }, { deliver }] = await Promise.all([
    import('./sandbox-sweep.ts'),
    import('../publish/publish.ts'),
    import('./deliver.ts'),
  ]);
  const { sandbox: scenario, dataPlane, minCoverage, failOn } = flags;
  const deadline = AbortSignal.timeout(flags.timeout);
  try {
    const options = { scenario, dataPlane, minCoverage, failOn };
    const sweep = await sweepSandbox(options, session, AbortSignal.any([session.signal, deadline]));
    await deliver([PUBLISHERS[flags.output](sweep, session.terminal.page)], flags, session);
    return EXIT_OF_VERDICT[sweep.verdict.value];
  } catch (error) {
    if (!deadline.aborted || session.signal.aborted) throw error;
    session.terminal.note(`meshproof: no verdict within ${String(flags.timeout)} ms (--timeout)\n`);
    return EXIT.inconclusive;
  }
}

function parsePart(text: string): number {
  const part = Number(text);
  if (text.trim() !== '' && part >= 0 && part <= 1) return part;
  throw new MeshproofError('MPE_USAGE', `--min-coverage ${text} is no number from 0 to 1`);
}

function parseFailOn(text: string): readonly FailOn[] {
  return text.split(',').map((word) => {
    const known = FAILURES.find((one) => one === word.trim());
    if (known !== undefined) return known;
    throw new MeshproofError('MPE_USAGE', `--fail-on ${text}: there is no "${word}"`, {
      hint: `Name some of ${FAILURES.join(', ')}, with commas between them.`,
    });
  });
}
