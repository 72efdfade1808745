/** A verification with how it came about: all that its outputs show. */
import type { Baseline } from './baseline.ts';
import type { PredictionCheck } from './prediction.ts';
import type { Flap } from './settled.ts';
import type { Verification } from './verification.ts';
import type { WatchReport } from './watch.ts';

export interface VerificationReport {
  /** `diff`: two that were kept are compared, and nobody has meant anything. */
  readonly kind: 'verification' | 'diff';
  readonly verification: Verification;
  /** Oldest first; the last one is what was judged. */
  readonly sweeps: readonly Pick<Baseline, 'sweepId' | 'startedAt' | 'finishedAt'>[];
  readonly flaps: readonly Flap[];
  readonly prediction?: PredictionCheck;
  readonly watch?: WatchReport;
}
