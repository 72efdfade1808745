/** A controller for a test to kill: starts a sweep, prints its agents' process ids, and waits for its end. */
import { PAIR, sweepScenario } from './sandbox-sweep.ts';

await sweepScenario(PAIR, {
  onProgress: (event, launcher) => {
    if (event.kind !== 'phase' || event.name !== 'measure') return;
    process.stdout.write(`${JSON.stringify([...launcher.processes.values()])}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
