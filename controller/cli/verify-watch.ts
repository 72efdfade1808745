/** `verify --watch`: sweep after sweep, until the operator or the time says stop; then the last one is judged. */
import type { Baseline } from '../gate/baseline.ts';
import type { Flap } from '../gate/settled.ts';
import { settled } from '../gate/settled.ts';
import { settledVerdict } from '../gate/settled-verdict.ts';
import type { Judge } from '../gate/settled-verdict.ts';
import type { Verification } from '../gate/verification.ts';
import { Watch } from '../gate/watch.ts';
import type { WatchReport } from '../gate/watch.ts';
import { MeshproofError } from '../../proto/errors.ts';
import type { MeasuredOnce } from './verify-sweeps.ts';

export interface WatchDeps {
  readonly before: Baseline;
  readonly measure: (signal: AbortSignal) => Promise<MeasuredOnce>;
  readonly judge: Judge;
  readonly note: (message: string) => void;
}

export interface Watched {
  readonly verification: Verification;
  readonly flaps: readonly Flap[];
  readonly sweeps: readonly Baseline[];
  readonly watch: WatchReport;
}

/** A state that was changing while it was measured is not what a rollout has come to: so many sweeps are looked at. */
const JUDGED = 2;

/** ^C is its ordinary end; a sweep that it cuts short is not counted. Rejects where there was not a single whole sweep. */
export async function watchSweeps(
  { before, measure, judge, note }: WatchDeps,
  { timeoutMs }: { readonly timeoutMs?: number },
  signal: AbortSignal,
): Promise<Watched> {
  const ending = timeoutMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const watch = new Watch(before);
  const sweeps: Baseline[] = [];
  let doubt = '';
  const isOver = (): boolean => ending.aborted;
  while (!isOver()) {
    let taken: MeasuredOnce;
    try {
      taken = await measure(ending);
    } catch (error) {
      if (!isOver()) throw error;
      break;
    }
    sweeps.push(taken.baseline);
    watch.add(taken.sweep);
    doubt = taken.doubt;
    note(
      `${taken.baseline.finishedAt.slice(11, 19)} sweep ${String(sweeps.length)}: ${judge(taken.baseline, doubt).why}`,
    );
  }
  if (sweeps.length === 0) {
    signal.throwIfAborted();
    throw new MeshproofError('MPE_TIMEOUT', `no sweep ended within ${String(timeoutMs)} ms (--timeout)`);
  }
  const { verification } = settledVerdict(sweeps.slice(-JUDGED), doubt, judge);
  return { verification, flaps: settled(sweeps).flaps, sweeps, watch: watch.report() };
}
