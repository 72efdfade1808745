/** Brings a command's result to stdout or, with --output-file, whole into a file. */
import { writeAtomically } from '../publish/write-atomically.ts';
import type { Session } from './session.ts';

export interface OutputFlags {
  readonly outputFile?: string;
}

export async function deliver(
  chunks: Iterable<string> | AsyncIterable<string>,
  flags: OutputFlags,
  session: Session,
): Promise<void> {
  const { terminal } = session;
  if (flags.outputFile !== undefined) {
    await writeAtomically(flags.outputFile, chunks);
    return;
  }
  for await (const chunk of chunks) {
    if (terminal.isClosed()) return;
    await terminal.write(chunk);
  }
}
