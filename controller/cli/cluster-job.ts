/** A sweep from a laptop: as a Job in the cluster, whose log brings its progress and its result back. */
import type { Clock } from '../../proto/clock.ts';
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import { VERSION } from '../../proto/version.ts';
import type { SweepJobs } from '../fleet/kubernetes/job.ts';
import { sweepJob, sweepJobName } from '../fleet/kubernetes/sweep-job.ts';
import type { SweepJobOptions } from '../fleet/kubernetes/sweep-job.ts';
import type { Sweep } from '../judge/finding.ts';
import { FrameReader } from './frames.ts';
import type { FramedEvent } from './frames.ts';

export type JobEvent =
  | FramedEvent
  /** Why there is nothing to tell yet. */
  | { readonly kind: 'job'; readonly name: string; readonly why: string };

export interface SweepJobDeps {
  readonly jobs: SweepJobs;
  readonly clock: Clock;
  readonly progress: (event: JobEvent) => void;
  /** For the operator, whole lines without their end. */
  readonly note: (line: string) => void;
  readonly debug: (line: string) => void;
}

/** From the creation of the Job until its container runs; pulling an image takes its time. */
const START_WITHIN_MS = 120_000;
const POLL_MS = 500;
/** Of the clean-up, which takes place whatever has happened before. */
const DELETE_WITHIN_MS = 15_000;

/**
 * Resolves with the whole sweep, or rejects: with what ended the sweep in its Job, MPE_JOB_NOT_STARTED, MPE_SWEEP_LOST, or
 * the signal's reason. The Job is deleted in each case; where that fails as well, it ends and goes by itself.
 */
export async function runSweepJob(deps: SweepJobDeps, options: SweepJobOptions, signal: AbortSignal): Promise<Sweep> {
  const { jobs } = deps;
  const job = sweepJob(await jobs.template(signal), options);
  const name = sweepJobName(options.sweepId);
  try {
    await jobs.create(job, signal);
    return await new Following(name, deps).result(signal);
  } finally {
    await remove(name, deps);
  }
}

async function remove(name: string, { jobs, note }: SweepJobDeps): Promise<void> {
  const why = await jobs
    .delete(name, AbortSignal.timeout(DELETE_WITHIN_MS))
    .then((isAccepted) => (isAccepted ? undefined : 'the API server did not accept it'), messageOf);
  if (why !== undefined) note(`Job ${name} could not be deleted, and will go by itself: ${why}`);
}

/** One Job's log, through cuts, until its last frame. */
class Following {
  readonly #name: string;
  readonly #deps: SweepJobDeps;
  readonly #reader = new FrameReader();
  /** Time stamp of the last line. */
  #since: string | undefined;
  /** The log was read from its start because something was missing; there is no third way to come by it. */
  #isReread = false;

  constructor(name: string, deps: SweepJobDeps) {
    this.#name = name;
    this.#deps = deps;
  }

  async result(signal: AbortSignal): Promise<Sweep> {
    const { jobs, clock, progress } = this.#deps;
    const startUntilMs = clock.monotonicMs() + START_WITHIN_MS;
    let told = '';
    for (;;) {
      const state = await jobs.state(this.#name, signal);
      switch (state.kind) {
        case 'waiting':
          if (state.isHopeless || clock.monotonicMs() > startUntilMs) throw notStarted(this.#name, state.why);
          if (state.why !== told) progress({ kind: 'job', name: this.#name, why: state.why });
          told = state.why;
          break;
        case 'gone':
          throw lost(this.#name, state.why);
        case 'running':
        case 'ended': {
          const isWhole = await this.#read(state.pod, signal);
          const { ending } = this.#reader;
          if (ending?.kind === 'sweep') return ending.sweep;
          if (ending?.kind === 'error') throw ending.error;
          // It had ended before its log was read, and the log ended without a cut: that was all of it.
          if (state.kind === 'ended' && isWhole) throw lost(this.#name, state.why);
        }
      }
      await clock.sleep(POLL_MS, signal);
    }
  }

  /** False where the log is to be read again. */
  async #read(pod: string, signal: AbortSignal): Promise<boolean> {
    for await (const line of this.#deps.jobs.log(pod, this.#since, signal)) {
      if (line.kind === 'cut') {
        this.#deps.debug(`the log of ${pod} broke off: ${line.why}`);
        return false;
      }
      if (line.at !== '') this.#since = line.at;
      if (!this.#take(line.text)) return false;
      if (this.#reader.ending !== undefined) return true;
    }
    return true;
  }

  #take(line: string): boolean {
    const { progress, note, debug } = this.#deps;
    const reading = this.#reader.read(line);
    if (reading.kind === 'gap') {
      const { expected, found } = reading;
      if (this.#isReread) throw lost(this.#name, `line ${String(expected)} of its log is missing`);
      debug(`line ${String(expected)} of the log is missing before ${String(found)}; reading it from its start`);
      this.#isReread = true;
      this.#since = undefined;
      return false;
    }
    if (reading.kind === 'other') debug(`from the Job: ${reading.line}`);
    if (reading.kind !== 'frame') return true;
    const { frame } = reading;
    if (frame.frame === 'progress') progress(frame.event);
    if (frame.frame === 'note') note(frame.text);
    if (frame.frame === 'hello' && frame.version !== VERSION) {
      note(`the installation in the cluster is version ${frame.version}, this is ${VERSION}`);
    }
    return true;
  }
}

function notStarted(name: string, why: string): MeshproofError {
  return new MeshproofError('MPE_JOB_NOT_STARTED', `the pod of Job ${name} does not start: ${why}`);
}

function lost(name: string, why: string): MeshproofError {
  return new MeshproofError('MPE_SWEEP_LOST', `Job ${name} ended without a result: ${why}`);
}
