/** Measures until two sweeps say the same, and judges the last one. */
import type { Clock } from '../../proto/clock.ts';
import type { Baseline } from '../gate/baseline.ts';
import type { Flap } from '../gate/settled.ts';
import { saysTheSame } from '../gate/settled.ts';
import { settledVerdict } from '../gate/settled-verdict.ts';
import type { Judge } from '../gate/settled-verdict.ts';
import type { Verification } from '../gate/verification.ts';
import type { Sweep } from '../judge/finding.ts';

export interface MeasuredOnce {
  readonly sweep: Sweep;
  readonly baseline: Baseline;
  readonly doubt: string;
}

export interface VerifySweepsDeps {
  readonly measure: () => Promise<MeasuredOnce>;
  readonly judge: Judge;
  readonly clock: Pick<Clock, 'sleep'>;
  /** For whoever waits. */
  readonly note: (message: string) => void;
}

export interface VerifiedSweeps {
  readonly verification: Verification;
  readonly flaps: readonly Flap[];
  readonly sweeps: readonly Baseline[];
}

/** A third one decides where two disagree; after that it is not for us to say. */
const MAX_SWEEPS = 3;

/**
 * A first sweep that finds nothing to complain of is the last one. What it complains of counts once another sweep says it
 * as well, `settleMs` later; that something could not be measured is told at once.
 */
export async function verifySweeps(
  deps: VerifySweepsDeps,
  settleMs: number,
  signal: AbortSignal,
): Promise<VerifiedSweeps> {
  const { measure, judge, clock, note } = deps;
  const sweeps: Baseline[] = [];
  for (;;) {
    const { baseline, doubt } = await measure();
    sweeps.push(baseline);
    const { verification, flaps } = settledVerdict(sweeps, doubt, judge);
    const [previous, last] = sweeps.slice(-2);
    const isSure = sweeps.length === 1 ? isSettled(verification, doubt) : doubt === '' && isSame(previous, last);
    if (isSure || sweeps.length === MAX_SWEEPS) return { verification, flaps, sweeps };
    note(againWords(verification, settleMs));
    if (settleMs > 0) await clock.sleep(settleMs, signal);
    signal.throwIfAborted();
  }
}

function isSettled({ verdict }: Verification, doubt: string): boolean {
  return verdict !== 'fail' && doubt === '';
}

function isSame(previous: Baseline | undefined, last: Baseline | undefined): boolean {
  return previous !== undefined && last !== undefined && saysTheSame(previous, last);
}

function againWords({ why }: Verification, settleMs: number): string {
  const when = settleMs > 0 ? ` in ${String(settleMs / 1000)} s` : '';
  return `${why}; measuring again${when}`;
}
