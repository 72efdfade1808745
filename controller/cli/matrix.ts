/** `meshproof matrix`: one sweep, published and judged; the exit status is the verdict. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT } from '../../proto/errors.ts';
import type { VerdictValue } from '../judge/finding.ts';
import type { Format } from '../publish/publish.ts';
import { addClusterOptions, addScopeOptions } from './cluster-options.ts';
import type { ClusterFlags, ScopeFlags } from './cluster-options.ts';
import type { OutputFlags } from './deliver.ts';
import { parseDuration } from './duration.ts';
import { addExamples } from './examples.ts';
import { addJudgingOptions } from './judging-options.ts';
import type { JudgingFlags } from './judging-options.ts';
import type { Session } from './session.ts';

const FORMATS: readonly Format[] = ['table', 'json', 'ndjson', 'junit', 'markdown'];

export interface MatrixFlags extends OutputFlags, ClusterFlags, ScopeFlags, JudgingFlags {
  readonly sandbox?: string;
  readonly inCluster?: boolean;
  readonly frames?: boolean;
  readonly hostVantage: boolean;
  readonly dataPlane: 'node' | 'envoy';
  readonly output: Format;
  /** Milliseconds. */
  readonly timeout?: number;
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
    .option('--sandbox <scenario>', 'measure the embedded mesh of this scenario (a name or a folder)')
    .addOption(new Option('--data-plane <kind>', 'proxies of the sandbox').choices(['node', 'envoy']).default('node'))
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(FORMATS).default('table'))
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .addOption(
      new Option(
        '--timeout <duration>',
        'deadline of the whole sweep (default: 2m in the sandbox, 10m in a cluster)',
      ).argParser(parseDuration),
    )
    .option('--host-vantage', 'probe from the network of a node as well; Pod Security has to allow it', false)
    .option('--in-cluster', 'be the controller of the sweep: for the Job of a sweep, or a CronJob')
    .addOption(new Option('--frames', 'tell the sweep in frames, for the laptop that follows the log').hideHelp())
    .action(async (flags: MatrixFlags) => {
      session.finish(await runMatrix(flags, session));
    });
  addScopeOptions(addClusterOptions(addJudgingOptions(command)));
  addExamples(command, [
    ['matrix -n shop -n bank', 'two namespaces of a cluster'],
    ['matrix -A -o json --output-file sweep.json', 'all of it, for a pipeline'],
    ['matrix --sandbox shop', 'a mesh with the classic troubles, on this machine'],
    ['matrix --sandbox healthy --data-plane envoy', 'the same with real Envoy proxies (ENVOY_BIN)'],
    ['matrix --sandbox shop -o junit --output-file matrix.xml', 'for a pipeline'],
  ]);
}

async function runMatrix(flags: MatrixFlags, session: Session): Promise<ExitStatus> {
  const { measured, toldInFrames } = await import('./matrix-modes.ts');
  if (flags.frames === true) return toldInFrames(flags, session);
  const sweep = await measured(flags, session);
  const [{ PUBLISHERS }, { deliver }] = await Promise.all([import('../publish/publish.ts'), import('./deliver.ts')]);
  await deliver([PUBLISHERS[flags.output](sweep, session.terminal.page)], flags, session);
  return EXIT_OF_VERDICT[sweep.verdict.value];
}
