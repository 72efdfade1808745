/** How long policy takes to get to the wire: from when a change was known until the last route it bears on shows it. */
import type { ChangedObject, Propagation } from './events.ts';

interface Wave {
  /** By route: what of the change bears on it. */
  readonly changes: ReadonlyMap<string, readonly ChangedObject[]>;
  /** Milliseconds since 1970. */
  readonly knownAtMs: number;
  /** Of a clock that is never set. */
  readonly beganMs: number;
  /** Of the same clock: when its routes are to be attempted. */
  looksAtMs: readonly number[];
  readonly awaited: Set<string>;
  /** By route: milliseconds after the change was known. */
  readonly followed: Map<string, number>;
}

/** Past this, what has not followed is told as missing. */
export const PROPAGATION_WITHIN_MS = 60_000;

/** How soon after a change the routes that it bears on are attempted, besides their ordinary turns; milliseconds. */
const LOOKS_AFTER_MS: readonly number[] = [250, 500, 1000, 2000, 4000, 8000, 16_000];

export class PropagationWatch {
  #waves: Wave[] = [];

  /**
   * `changes`: by key of the routes whose declared answer is another one now, what bears on them. A later change of a route's
   * answer takes it over.
   */
  begin(changes: ReadonlyMap<string, readonly ChangedObject[]>, knownAtMs: number, nowMs: number): void {
    if (changes.size === 0) return;
    for (const { awaited } of this.#waves) for (const route of changes.keys()) awaited.delete(route);
    this.#waves.push({
      changes,
      knownAtMs,
      beganMs: nowMs,
      looksAtMs: LOOKS_AFTER_MS.map((afterMs) => nowMs + afterMs),
      awaited: new Set(changes.keys()),
      followed: new Map(),
    });
  }

  /** An attempt that began at this time (milliseconds since 1970) showed what is declared of the route now. */
  follow(route: string, attemptedAtMs: number): void {
    for (const wave of this.#waves) {
      if (attemptedAtMs < wave.knownAtMs || !wave.awaited.delete(route)) continue;
      wave.followed.set(route, attemptedAtMs - wave.knownAtMs);
    }
  }

  /** Routes that have not shown their change yet, and are to be attempted now: each time of `LOOKS_AFTER_MS` counts once. */
  takeDue(nowMs: number): ReadonlySet<string> {
    const due = this.#waves.filter(({ looksAtMs }) => looksAtMs.some((atMs) => atMs <= nowMs));
    for (const wave of due) wave.looksAtMs = wave.looksAtMs.filter((atMs) => atMs > nowMs);
    return new Set(due.flatMap(({ awaited }) => [...awaited]));
  }

  /** What of a change bears on it; undefined: no change of its answer is on its way. */
  changeOf(route: string): readonly ChangedObject[] | undefined {
    return this.#waves
      .findLast(({ awaited, followed }) => awaited.has(route) || followed.has(route))
      ?.changes.get(route);
  }

  forget(route: string): void {
    for (const { awaited } of this.#waves) awaited.delete(route);
  }

  /** Those that are over, each once. A change that no route showed, because others came after it, is not told. */
  finished(nowMs: number, atMs: number): readonly Propagation[] {
    const isOver = ({ awaited, beganMs }: Wave): boolean =>
      awaited.size === 0 || nowMs - beganMs > PROPAGATION_WITHIN_MS;
    const over = this.#waves.filter(isOver);
    this.#waves = this.#waves.filter((wave) => !isOver(wave));
    return over.flatMap(({ changes, awaited, followed }): Propagation[] => {
      if (awaited.size + followed.size === 0) return [];
      const tookMs = [...followed.values()];
      return [
        {
          kind: 'propagation',
          atMs,
          objects: [...new Set([...changes.values()].flat())],
          routes: [...followed.keys()],
          firstMs: tookMs.length === 0 ? 0 : Math.min(...tookMs),
          lastMs: tookMs.length === 0 ? 0 : Math.max(...tookMs),
          missing: [...awaited],
        },
      ];
    });
  }
}
