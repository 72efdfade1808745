/** What every command is given: the terminal, the operator's wish to stop, and a place for its exit status. */
import type { ExitStatus } from '../../proto/errors.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly terminal: Terminal;
  /** That has been typed, as a shell takes it. */
  readonly command: string;
  /** Aborted when the operator interrupts. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--quiet` and `--verbose`; known once a command runs. */
  readonly flags: () => { readonly isQuiet: boolean; readonly isVerbose: boolean };
  /** Keeps the exit status that the command has come to. */
  readonly finish: (status: ExitStatus) => void;
}
