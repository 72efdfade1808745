/** How a process of ours ends. */

/** A forgotten handle must not keep anybody waiting for longer. */
const WITHIN_MS = 1000;

/**
 * By having nothing left to do. `process.exit` joins the threads that compile in the background, which may be waiting for
 * the main thread to collect garbage: then neither ever goes on (nodejs/node#54918). The ordinary end lets them go first, so
 * that one comes only where something holds the process, when nothing is compiled any more.
 */
export function endProcess(status: number): void {
  process.exitCode = status;
  setTimeout(() => process.exit(), WITHIN_MS).unref();
}
