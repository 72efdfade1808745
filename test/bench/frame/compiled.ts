/** So that what is measured is as if it were built: whoever compiles sources keeps the compiler in memory. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Processes that are started from now on take what an earlier one has compiled, and leave what they compile once they
 * end in order or call `flushCompileCache`: let one of them go first. Agents of ours do so anyway.
 */
export function keepCompiled(): void {
  process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');
}
