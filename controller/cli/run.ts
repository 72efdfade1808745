/** One run of the command line: from arguments to an exit status; nothing in here knows of `process`. */
import { basename } from 'node:path';
import { CommanderError } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT } from '../../proto/errors.ts';
import { shellWord } from '../publish/shell-word.ts';
import { failureOf } from './failure.ts';
import { buildProgram } from './program.ts';
import type { Session } from './session.ts';
import type { TerminalStreams } from './terminal.ts';
import { openTerminal } from './terminal.ts';

export interface CliRun {
  /** Arguments after the program's own name. */
  readonly args: readonly string[];
  readonly streams: TerminalStreams;
  readonly signal: AbortSignal;
  /** Path that the program was started by; as `kubectl-meshproof` it is a kubectl plugin. */
  readonly invokedAs: string;
}

/** Never rejects: whatever goes wrong is told on stderr and in the status. */
export async function runCli(run: CliRun): Promise<ExitStatus> {
  const terminal = openTerminal(run.streams, !run.args.includes('--no-color'));
  let status: ExitStatus = EXIT.pass;
  let flags = { isQuiet: false, isVerbose: false };
  const session: Session = {
    terminal,
    command: [nameOf(run.invokedAs), ...run.args.map(shellWord)].join(' '),
    signal: run.signal,
    env: run.streams.env,
    flags: () => flags,
    finish: (value) => {
      status = value;
    },
  };
  const program = buildProgram(nameOf(run.invokedAs), session);
  program.hook('preAction', () => {
    const { quiet, verbose } = program.opts<{ quiet?: boolean; verbose?: boolean }>();
    flags = { isQuiet: quiet === true, isVerbose: verbose === true };
  });
  try {
    await program.parseAsync([...run.args], { from: 'user' });
    return status;
  } catch (error) {
    // Commander has printed the help or its complaint by itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.pass : EXIT.usage;
    const failure = failureOf(error, run.signal, flags.isVerbose);
    terminal.note(failure.text);
    return failure.status;
  }
}

/** What the user has to type to come here again; npm finds the launcher of a checkout. */
function nameOf(invokedAs: string): string {
  switch (basename(invokedAs)) {
    case 'kubectl-meshproof':
      return 'kubectl meshproof';
    case 'main.ts':
      return 'npx meshproof';
    default:
      return 'meshproof';
  }
}
