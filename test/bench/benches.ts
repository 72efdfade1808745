/** All benchmarks, in the order in which they run. */
import { deadlineBench } from './deadline/bench.ts';
import { denyMatrixBench } from './deny-matrix/bench.ts';
import { expectBench } from './expect/bench.ts';
import type { Bench } from './frame/bench.ts';
import { monitorBench } from './monitor/bench.ts';
import { probesBench } from './probes/bench.ts';
import { reportBench } from './report/bench.ts';
import { snapshotBench } from './snapshot/bench.ts';
import { startBench } from './start/bench.ts';

export const BENCHES: readonly Bench[] = [
  probesBench,
  denyMatrixBench,
  deadlineBench,
  expectBench,
  reportBench,
  monitorBench,
  snapshotBench,
  startBench,
];
