/** Entry of the command line: joins a run to this process and its signals. */
import { enableCompileCache } from 'node:module';
import process from 'node:process';

// Before anything else is loaded: the second start compiles nothing again.
enableCompileCache();
const [{ endProcess }, { watchInterruptions }, { runCli }] = await Promise.all([
  import('../../proto/end-process.ts'),
  import('./interruption.ts'),
  import('./run.ts'),
]);

const controller = new AbortController();
watchInterruptions(
  {
    on: (name, listener) => process.on(name, listener),
    exit: (status) => process.exit(status),
    monotonicMs: () => performance.now(),
  },
  controller,
  (text) => {
    // Somebody with a keyboard; a supervisor needs no advice.
    if (process.stderr.isTTY) process.stderr.write(`\n${text}\n`);
  },
);
const status = await runCli({
  args: process.argv.slice(2),
  streams: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env },
  signal: controller.signal,
  invokedAs: process.env['MESHPROOF_INVOKED_AS'] ?? process.argv[1] ?? '',
});
endProcess(status);
