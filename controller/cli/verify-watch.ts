/** `verify --watch`: sweep after sweep, until the operator or the time says stop; then the last one is judged. */
import type { Clock } from '../../proto/clock.ts';
import type { Baseline } from '../gate/baseline.ts';
import type { Flap } from '../gate/settled.ts';
import { settled } from '../gate/settled.ts';
import { settledVerdict } from '../gate/settled-verdict.ts';
import type { Judge } from '../gate/settled-verdict.ts';
import type { Verification } from '../gate/verification.ts';
import { Watch } from '../gate/watch.ts';
import type { WatchReport } from '../gate/watch.ts';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { MeasuredOnce } from './verify-sweeps.ts';

export interface WatchDeps {
  readonly before: Baseline;
  readonly measure: (signal: AbortSignal) => Promise<MeasuredOnce>;
  readonly judge: Judge;
  readonly clock: Pick<Clock, 'sleep'>;
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

/** After a sweep that failed: what is to be watched may be what stopped it, and is under way. */
const AGAIN_AFTER_MS = 5000;

/**
 * ^C is its ordinary end; a sweep that it cuts short is not counted. Rejects where there was not a single whole sweep, and as
 * `measure` does for what no other sweep would mend.
 */
export async function watchSweeps(
  { before, measure, judge, clock, note }: WatchDeps,
  { timeoutMs }: { readonly timeoutMs?: number },
  signal: AbortSignal,
): Promise<Watched> {
  const ending = timeoutMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const watch = new Watch(before);
  const sweeps: Baseline[] = [];
  let doubt = '';
  const isOver = (): boolean => ending.aborted;
  const unlessOver = (error: unknown): void => {
    if (!isOver()) throw error;
  };
  while (!isOver()) {
    let taken: MeasuredOnce;
    try {
      taken = await measure(ending);
    } catch (error) {
      if (isOver()) break;
      if (sweeps.length === 0 || !mayPass(error)) throw error;
      const words = `${error.message} (${error.code})`;
      doubt = `the last sweep failed: ${words}`;
      note(`a sweep failed: ${words}; measuring again in ${String(AGAIN_AFTER_MS / 1000)} s`);
      await clock.sleep(AGAIN_AFTER_MS, ending).catch(unlessOver);
      continue;
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

/** Of a cluster that could not be reached, or a Job that was lost. What was asked for and what is allowed stay as they are. */
function mayPass(error: unknown): error is MeshproofError {
  return (
    error instanceof MeshproofError && (error.exitStatus === EXIT.unreachable || error.exitStatus === EXIT.inconclusive)
  );
}
