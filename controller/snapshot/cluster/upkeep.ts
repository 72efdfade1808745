/** What a view has to see to by itself while it lives: that the API server is there, and that it follows all there is. */
import { answerIn } from '../../api-server/trouble.ts';
import type { Answer, Broken, Reply, Trouble } from '../../api-server/trouble.ts';
import type { CollectionDeps, StandingTrouble } from './collection.ts';

/** A watch that is silent may be one of a server that is gone: it is asked as often, and has as long to answer. */
const PULSE_MS = 10_000;
/** Kinds that are installed later, a control plane that moves, and what is asked for by name. */
const GROWTH_MS = 300_000;
const BY_NAME_MS = 30_000;

export interface UpkeepDeps extends Omit<CollectionDeps, 'changed'> {
  /** What may fail, and is then done again at its time. */
  readonly grow: (signal: AbortSignal) => Promise<void>;
  readonly askByName: (signal: AbortSignal) => Promise<void>;
}

export class Upkeep implements AsyncDisposable {
  readonly #deps: UpkeepDeps;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  /** When the last question was put that was answered. */
  #alive: Omit<StandingTrouble, 'last'>;
  #trouble: StandingTrouble | null = null;

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
    this.#alive = this.#now();
    const { grow, askByName } = deps;
    this.#running = Promise.all([
      this.#every(PULSE_MS, (signal) => this.#feelPulse(signal)),
      this.#every(GROWTH_MS, grow),
      this.#every(BY_NAME_MS, askByName),
    ]);
  }

  /** Since when the API server has not answered; null: it did when it was asked last. */
  get trouble(): StandingTrouble | null {
    return this.#trouble;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the view is closed'));
    await this.#running;
  }

  /**
   * Anybody may ask for it (kubernetes: ClusterRole system:public-info-viewer). Where an administrator has taken that
   * away, the refusal is a sign of life, too; any other answer is somebody else's.
   */
  async #feelPulse(signal: AbortSignal): Promise<void> {
    const asked = this.#now();
    const reply = await this.#deps.api.send({ path: '/version' }, PULSE_MS, signal);
    const trouble = troubleIn(reply);
    if (trouble === null) this.#alive = asked;
    this.#trouble = trouble === null ? null : { ...this.#alive, last: trouble };
  }

  async #every(ms: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      try {
        await this.#deps.clock.sleep(ms, signal);
        await work(signal);
      } catch (error) {
        if (!isOver()) this.#deps.debug(`what keeps a view up to date failed: ${String(error)}`);
      }
    }
  }

  #now(): Omit<StandingTrouble, 'last'> {
    const { clock } = this.#deps;
    return { sinceMs: clock.monotonicMs(), sinceWallMs: clock.nowMs() };
  }
}

function troubleIn(reply: Reply | Broken): Trouble | null {
  const isAlive = reply.kind === 'reply' && (reply.status === 200 || reply.status === 403);
  if (isAlive) return null;
  const answer: Answer = answerIn(reply);
  return answer.kind === 'answer' ? null : answer;
}
