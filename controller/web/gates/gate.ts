/** Answers whether a rollout may go on: what was before it, a fresh sweep, and what has become of it. */
import type { Clock } from '../../../proto/clock.ts';
import { Deadline } from '../../../proto/deadline.ts';
import { advice, MeshproofError } from '../../../proto/errors.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import type { Baseline } from '../../gate/baseline.ts';
import type { Monitored } from '../../monitor/monitored.ts';
import type { Store } from '../../store/store.ts';
import type { Shown } from '../shown.ts';
import { answerOf, cannotTell, pending } from './answer.ts';
import type { GateAnswer } from './answer.ts';
import { FreshSweeps } from './fresh-sweeps.ts';
import { matrixBaseline } from './matrix-baseline.ts';
import { MatrixPast } from './matrix-past.ts';
import type { Question } from './question.ts';
import { judgeRollout } from './rollout-judgement.ts';
import type { RolloutJudgement } from './rollout-judgement.ts';

export interface GateDeps {
  readonly monitored: Pick<Monitored, 'sweepNow' | 'current' | 'onChange'>;
  readonly shown: () => Shown;
  /** What was told before we began. */
  readonly events: Store['events'];
  readonly clock: Clock;
  /** Aborts when the controller ends. */
  readonly ending: AbortSignal;
  /** Baselines by name. @default none can be named */
  readonly baselines?: { readonly load: (name: string, signal: AbortSignal) => Promise<Baseline> };
}

const MAX_ROLLOUTS = 500;
/** Nobody has asked about it for so long: if somebody does again, it is another rollout of the same revision. */
const OVER_AFTER_MS = 6 * 3_600_000;
/** Whoever was put off asks again sooner, or asks something else. */
const PUT_OFF_MS = 600_000;
/** `blocked` ends with five clean rounds; more are of no use. */
const MAX_ROUNDS = 5;

export class Gate implements Disposable {
  readonly #deps: GateDeps;
  readonly #sweeps: FreshSweeps;
  readonly #past: MatrixPast;
  /** What was before each rollout, the one that was asked about longest ago first. */
  readonly #befores = new Map<string, { readonly baseline: Baseline; readonly askedAtMs: number }>();
  /** Who was told to ask again, and from when on what is measured is for them; the one that was told so first comes first. */
  readonly #putOff = new Map<string, { readonly sinceMs: number; readonly atMs: number }>();
  /** Of the state that was judged last: who asks of the same is told the same. */
  #latest: { readonly shown: Shown; readonly missed: ReadonlySet<string>; readonly baseline: Baseline } | undefined;

  constructor(deps: GateDeps) {
    this.#deps = deps;
    this.#sweeps = new FreshSweeps(deps);
    this.#past = new MatrixPast(deps);
  }

  /** By `untilMs` (monotonic), with what is known then. Never rejects: our own trouble is no verdict. */
  async answer(question: Question, untilMs: number): Promise<GateAnswer> {
    const { shown, clock } = this.#deps;
    const began = troubleOf(shown());
    if (began !== undefined) return began;
    const before = await this.#before(question, untilMs);
    if ('verdict' in before) return before;
    let sinceMs = this.#since(question);
    let judgement: RolloutJudgement | undefined;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const swept = await this.#sweeps.since(sinceMs, untilMs);
      if (swept.kind === 'failed') return troubleOf(shown()) ?? cannotTell(`the sweep failed: ${swept.why}`);
      const now = shown();
      const trouble = troubleOf(now);
      if (trouble !== undefined) return trouble;
      if (swept.kind === 'under-way') break;
      judgement = judgeRollout(before, this.#after(now, swept.missed), question);
      // What the monitor is not sure of yet, more attempts may settle; what is not measured at all they do not.
      if (judgement.verdict !== 'inconclusive' || !isUnsettled(now)) break;
      sinceMs = clock.monotonicMs();
    }
    if (judgement === undefined) {
      this.#putOffUntilAsked(question, sinceMs);
      return pending('the mesh is being measured');
    }
    this.#putOff.delete(question.rollout);
    return answerOf(judgement, shown().lastSweep?.id ?? '');
  }

  [Symbol.dispose](): void {
    this.#past[Symbol.dispose]();
  }

  /** What takes longer than anybody waits would otherwise begin anew with each question, and none would be answered. */
  #since({ rollout }: Question): number {
    const { clock, shown } = this.#deps;
    const nowMs = clock.monotonicMs();
    const putOff = this.#putOff.get(rollout);
    if (putOff !== undefined && nowMs - putOff.atMs <= PUT_OFF_MS) return putOff.sinceMs;
    this.#putOff.delete(rollout);
    return nowMs - shown().intervalMs;
  }

  #putOffUntilAsked({ rollout }: Question, sinceMs: number): void {
    if (!this.#putOff.has(rollout)) this.#putOff.set(rollout, { sinceMs, atMs: this.#deps.clock.monotonicMs() });
    for (const oldest of this.#putOff.keys()) if (this.#putOff.size > MAX_ROLLOUTS) this.#putOff.delete(oldest);
  }

  async #before(question: Question, untilMs: number): Promise<Baseline | GateAnswer> {
    return question.baseline === undefined ? this.#remembered(question) : this.#named(question.baseline, untilMs);
  }

  /** Kept from the first question on, so that what a rollout does to the mesh never becomes what was before it. */
  #remembered({ rollout, isBeginning, lookbackMs }: Question): Baseline | GateAnswer {
    const { clock } = this.#deps;
    const thenMs = clock.nowMs() - lookbackMs;
    const kept = this.#befores.get(rollout);
    const isOver = kept === undefined || clock.monotonicMs() - kept.askedAtMs > OVER_AFTER_MS;
    const baseline = isBeginning || isOver ? this.#past.at(thenMs) : kept.baseline;
    if (baseline === undefined) return cannotTell(unknownBefore(thenMs, this.#past.sinceMs));
    this.#befores.delete(rollout);
    this.#befores.set(rollout, { baseline, askedAtMs: clock.monotonicMs() });
    for (const oldest of this.#befores.keys()) if (this.#befores.size > MAX_ROLLOUTS) this.#befores.delete(oldest);
    return baseline;
  }

  async #named(name: string, untilMs: number): Promise<Baseline | GateAnswer> {
    const { baselines, clock, ending } = this.#deps;
    if (baselines === undefined) return cannotTell(`this controller cannot read baselines, nor ${name}`);
    const limit = new Deadline(clock, untilMs - clock.monotonicMs(), ending);
    try {
      return await orAborted(baselines.load(name, limit.signal), limit.signal);
    } catch (error) {
      if (limit.isOver) return pending(`baseline ${name} is being read`);
      if (error instanceof MeshproofError) return cannotTell(advice(error), { cause: error.code });
      return cannotTell(`baseline ${name} cannot be read: ${String(error)}`);
    } finally {
      limit.end();
    }
  }

  #after(shown: Shown, missed: ReadonlySet<string>): Baseline {
    if (this.#latest?.shown !== shown || this.#latest.missed !== missed) {
      this.#latest = { shown, missed, baseline: matrixBaseline(shown, 'now', missed) };
    }
    return this.#latest.baseline;
  }
}

/** Undefined: what is shown can be relied on. */
function troubleOf({ troubles: [trouble], lastSweep }: Shown): GateAnswer | undefined {
  if (trouble !== undefined) return cannotTell(trouble.message, { cause: trouble.kind });
  return lastSweep === null ? pending('no sweep is complete yet') : undefined;
}

function isUnsettled({ routes }: Shown): boolean {
  return routes.some(({ cell, seen, freshness, suppression }) => {
    return freshness === 'fresh' && suppression === null && seen !== 'unknown' && seen !== cell.drift;
  });
}

function unknownBefore(thenMs: number, sinceMs: number | undefined): string {
  const since = sinceMs === undefined ? 'nothing has been measured' : `it is measured since ${timeOf(sinceMs)}`;
  return `what was at ${timeOf(thenMs)}, before the rollout, is not known: ${since}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).concat('Z');
}
