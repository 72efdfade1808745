/** The matrix of the last hour, now and then: what it was before somebody began to change things. */
import { isDeepStrictEqual } from 'node:util';
import type { Baseline, BaselineCell } from '../../gate/baseline.ts';
import type { Drift } from '../../judge/finding.ts';
import type { Monitored } from '../../monitor/monitored.ts';
import type { Store } from '../../store/store.ts';
import type { Shown } from '../shown.ts';
import { formerDrifts, withFormer } from './former-changes.ts';
import { matrixBaseline } from './matrix-baseline.ts';

interface Moment {
  readonly atMs: number;
  readonly baseline: Baseline;
}

export interface MatrixPastDeps {
  readonly monitored: Pick<Monitored, 'onChange'>;
  readonly shown: () => Shown;
  /** What was told before we began. */
  readonly events: Store['events'];
}

const EVERY_MS = 30_000;
export const KEPT_MS = 3_600_000;

export class MatrixPast implements Disposable {
  readonly #shown: () => Shown;
  readonly #events: Store['events'];
  readonly #stop: () => void;
  #moments: Moment[] = [];
  /** Most of a matrix stays what it is: each cell that is alike is kept once. */
  #cells = new Map<string, BaselineCell>();
  /** Undefined: not read yet. Nothing is taken for the past before. */
  #former: ReadonlyMap<string, Drift> | undefined;
  #isReading = false;
  #due: NodeJS.Immediate | undefined;

  constructor({ monitored, shown, events }: MatrixPastDeps) {
    this.#shown = shown;
    this.#events = events;
    this.#stop = monitored.onChange(() => {
      // In a turn of its own: a large matrix takes a while, and so does what has changed it.
      this.#due ??= setImmediate(() => {
        this.#due = undefined;
        this.#look();
      });
    });
    this.#look();
  }

  /** As it was then, or earlier; undefined where that was before anything was known. */
  at(thenMs: number): Baseline | undefined {
    this.#look();
    return this.#moments.findLast(({ atMs }) => atMs <= thenMs)?.baseline;
  }

  /** Milliseconds since 1970; undefined: nothing is known yet. */
  get sinceMs(): number | undefined {
    return this.#moments[0]?.atMs;
  }

  [Symbol.dispose](): void {
    this.#stop();
    clearImmediate(this.#due);
  }

  #look(): void {
    const shown = this.#shown();
    const { atMs, lastSweep, troubles } = shown;
    if (lastSweep === null || troubles.length > 0) return;
    if (this.#former === undefined) {
      void this.#readFormer(shown);
      return;
    }
    const latest = this.#moments.at(-1);
    // A clock that was set back makes what was taken before it the future.
    if (latest !== undefined && atMs < latest.atMs) this.#moments = [];
    else if (latest !== undefined && atMs - latest.atMs < EVERY_MS) return;
    const routes = latest === undefined ? withFormer(shown.routes, this.#former) : shown.routes;
    this.#moments.push({ atMs, baseline: this.#shared(matrixBaseline({ ...shown, routes }, 'before')) });
    // The one that is just past its time is what the beginning of the hour was like.
    while ((this.#moments[1]?.atMs ?? Infinity) < atMs - KEPT_MS) this.#moments.shift();
  }

  /** A store that does not answer is asked again with the next change. */
  async #readFormer(shown: Shown): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      this.#former = await formerDrifts(this.#events, shown);
    } catch {
      return; // The monitor shows the trouble; here nothing is known until it is over.
    } finally {
      this.#isReading = false;
    }
    this.#look();
  }

  #shared(baseline: Baseline): Baseline {
    const cells = baseline.cells.map((cell) => {
      const known = this.#cells.get(cell.identity);
      return known !== undefined && isDeepStrictEqual(known, cell) ? known : cell;
    });
    this.#cells = new Map(cells.map((cell) => [cell.identity, cell]));
    return { ...baseline, cells };
  }
}
