/** What a command's failure looks like to its caller: a message, what to do, and an exit status. */
import { inspect } from 'node:util';
import type { ExitStatus } from '../../proto/errors.ts';
import { ERRORS, EXIT, MeshproofError, messageOf } from '../../proto/errors.ts';
import { Interrupted } from './interruption.ts';

export interface Failure {
  readonly status: ExitStatus;
  /** For stderr, with a newline at its end; empty where everything has been said. */
  readonly text: string;
}

/** With `isVerbose` the causes are told as well. */
export function failureOf(error: unknown, signal: AbortSignal, isVerbose: boolean): Failure {
  if (signal.aborted && signal.reason instanceof Interrupted) return { status: EXIT.interrupted, text: '' };
  const known = asMeshproofError(error);
  const lines = [`meshproof: ${known.message} (${known.code})`, ...(known.hint === '' ? [] : [`  ${known.hint}`])];
  if (isVerbose) lines.push(inspect(error));
  return { status: known.exitStatus, text: `${lines.join('\n')}\n` };
}

/** Errors that are not ours become MPE_INTERNAL. */
export function asMeshproofError(error: unknown): MeshproofError {
  if (error instanceof MeshproofError) return error;
  const message = messageOf(error);
  return new MeshproofError('MPE_INTERNAL', message, { cause: error, hint: ERRORS.MPE_INTERNAL.remedy });
}
