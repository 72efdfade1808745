/** Sweep after sweep during a rollout: how long each route was down or open, when it flipped, how long a verdict was wrong. */
import type { Cell, Sweep } from '../judge/finding.ts';
import { identityOf } from './baseline.ts';
import { wordFor } from './measured-state.ts';
import type { Baseline, Measured } from './baseline.ts';

/** Of a route that answered before and did not, or did not before and does. */
export interface Interval {
  readonly kind: 'outage' | 'opening';
  /** When the first attempt that showed it began, milliseconds since 1970. */
  readonly fromMs: number;
  /** When the first attempt that was as before again began; null where none was. */
  readonly toMs: number | null;
  /** From the first attempt that showed it to the last one: it lasted so long at least, and at the most until `toMs`. */
  readonly atLeastMs: number;
}

export interface WatchedRoute {
  readonly identity: string;
  readonly before: Measured;
  /** As the last attempt that counts showed it. */
  readonly now: Measured;
  readonly attempts: number;
  readonly flips: number;
  readonly firstFlipAtMs: number;
  readonly lastFlipAtMs: number;
  readonly intervals: readonly Interval[];
  /** Sum over the intervals; of one that has not ended, until the last attempt. */
  readonly outageMs: number;
  readonly openingMs: number;
  /** From the first sweep that found declared and measured to differ to the first one that did not. */
  readonly wrongMs: number;
}

export interface WatchReport {
  readonly sweeps: number;
  /** Of the first sweep's start, and of the last one's end. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** The longest time between two attempts on a route that flipped: shorter outages may have been missed. */
  readonly resolutionMs: number;
  /** Routes that flipped, the longest outage first. */
  readonly routes: readonly WatchedRoute[];
  /** From the first to the last flip of all; null where nothing flipped. */
  readonly firstFlipAtMs: number | null;
  readonly lastFlipAtMs: number | null;
}

interface Look {
  readonly atMs: number;
  readonly isOpen: boolean;
  readonly measured: Measured;
}

interface Judged {
  readonly atMs: number;
  readonly isWrong: boolean;
}

/** Keeps what it needs of each sweep, and no more. */
export class Watch {
  readonly #before: ReadonlyMap<string, Measured>;
  readonly #looks = new Map<string, Look[]>();
  readonly #judged = new Map<string, Judged[]>();
  #sweeps = 0;
  #startedAt = '';
  #finishedAt = '';

  constructor(before: Baseline) {
    this.#before = new Map(before.cells.map(({ identity, measured }) => [identity, measured]));
  }

  add({ startedAt, finishedAt, cells }: Pick<Sweep, 'startedAt' | 'finishedAt' | 'cells'>): void {
    this.#sweeps += 1;
    if (this.#startedAt === '') this.#startedAt = startedAt;
    this.#finishedAt = finishedAt;
    const judgedAtMs = Date.parse(finishedAt);
    for (const [identity, group] of Map.groupBy(cells, identityOf)) {
      const looks = group.flatMap(looksOf).sort((a, b) => a.atMs - b.atMs);
      kept(this.#looks, identity).push(...looks);
      const known = group.filter(({ drift }) => drift !== 'unknown');
      const isWrong = known.some(({ drift }) => drift !== 'agrees' && drift !== 'misplaced');
      if (known.length > 0) kept(this.#judged, identity).push({ atMs: judgedAtMs, isWrong });
    }
  }

  report(): WatchReport {
    const routes = [...this.#before].flatMap(([identity, before]) => {
      const route = routeOf(identity, before, this.#looks.get(identity) ?? [], this.#judged.get(identity) ?? []);
      return route === undefined ? [] : [route];
    });
    const flips = routes.flatMap(({ firstFlipAtMs, lastFlipAtMs }) => [firstFlipAtMs, lastFlipAtMs]);
    return {
      sweeps: this.#sweeps,
      startedAt: this.#startedAt,
      finishedAt: this.#finishedAt,
      resolutionMs: routes.reduce(
        (most, { identity }) => Math.max(most, longestGap(this.#looks.get(identity) ?? [])),
        0,
      ),
      routes: routes.sort((a, b) => b.outageMs - a.outageMs || b.openingMs - a.openingMs),
      firstFlipAtMs: flips.length === 0 ? null : Math.min(...flips),
      lastFlipAtMs: flips.length === 0 ? null : Math.max(...flips),
    };
  }
}

const CLOSED: ReadonlySet<Measured> = new Set(['closed']);

/** A route of which some pods only answered has no state that it could flip from. */
function routeOf(
  identity: string,
  before: Measured,
  looks: readonly Look[],
  judged: readonly Judged[],
): WatchedRoute | undefined {
  if (before === 'unknown' || before === 'mixed') return undefined;
  const wasOpen = !CLOSED.has(before);
  const { intervals, flips, flippedAtMs } = followed(wasOpen, looks);
  const [firstFlipAtMs] = flippedAtMs;
  const lastFlipAtMs = flippedAtMs.at(-1);
  const last = looks.at(-1);
  if (firstFlipAtMs === undefined || lastFlipAtMs === undefined || last === undefined) return undefined;
  const sum = (kind: Interval['kind']): number =>
    intervals
      .filter((interval) => interval.kind === kind)
      .reduce((total, { fromMs, toMs }) => total + (toMs ?? last.atMs) - fromMs, 0);
  const now = last.measured;
  const times = { flips, firstFlipAtMs, lastFlipAtMs };
  const lengths = { outageMs: sum('outage'), openingMs: sum('opening'), wrongMs: wrongFor(judged) };
  return { identity, before, now, attempts: looks.length, ...times, intervals, ...lengths };
}

interface Followed {
  readonly intervals: readonly Interval[];
  readonly flips: number;
  readonly flippedAtMs: readonly number[];
}

function followed(wasOpen: boolean, looks: readonly Look[]): Followed {
  const kind = wasOpen ? 'outage' : 'opening';
  const intervals: Interval[] = [];
  const flippedAtMs: number[] = [];
  let isOpen = wasOpen;
  for (const look of looks) {
    const current = intervals.at(-1);
    if (look.isOpen !== isOpen) {
      flippedAtMs.push(look.atMs);
      isOpen = look.isOpen;
      if (isOpen !== wasOpen) intervals.push({ kind, fromMs: look.atMs, toMs: null, atLeastMs: 0 });
      else if (current !== undefined) intervals[intervals.length - 1] = { ...current, toMs: look.atMs };
    } else if (isOpen !== wasOpen && current !== undefined) {
      intervals[intervals.length - 1] = { ...current, atLeastMs: look.atMs - current.fromMs };
    }
  }
  return { intervals, flips: flippedAtMs.length, flippedAtMs };
}

function looksOf({ attempts }: Cell): readonly Look[] {
  return attempts.flatMap(({ startedAtMs, outcome }) => {
    if (outcome.kind === 'untested') return [];
    return [{ atMs: startedAtMs, isOpen: outcome.kind === 'reached', measured: wordFor(outcome) }];
  });
}

function wrongFor(judged: readonly Judged[]): number {
  let sum = 0;
  let fromMs: number | undefined;
  for (const { atMs, isWrong } of judged) {
    if (fromMs !== undefined && !isWrong) sum += atMs - fromMs;
    fromMs = isWrong ? (fromMs ?? atMs) : undefined;
  }
  const last = judged.at(-1);
  return fromMs === undefined || last === undefined ? sum : sum + last.atMs - fromMs;
}

function longestGap(looks: readonly Look[]): number {
  return looks.reduce((most, { atMs }, at) => Math.max(most, atMs - (looks[at - 1]?.atMs ?? atMs)), 0);
}

function kept<T>(map: Map<string, T[]>, key: string): T[] {
  const found = map.get(key) ?? [];
  map.set(key, found);
  return found;
}
