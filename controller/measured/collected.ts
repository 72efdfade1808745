/** Reports as they come in: each attempt once, and only what was asked of the vantage that it was asked of. */
import type { Report } from '../../proto/outcome.ts';

export interface Expected {
  readonly route: number;
  /** `vantageKey` of the only vantage that may report on the route. */
  readonly vantage: string;
  /** In a slot. */
  readonly attempts: number;
  /** What the attempts dial in turn. */
  readonly dialled: readonly unknown[];
}

/** Of a slot on one route; slots are 32 bits wide, so that slot and attempt fit into one exact number. */
const MAX_ATTEMPTS = 2 ** 20;

export class Collected {
  readonly #expected: ReadonlyMap<number, Expected>;
  /** Routes by slot. */
  readonly #asked = new Map<number, Set<number>>();
  /** By route, then by slot and attempt. */
  readonly #reports = new Map<number, Map<number, Report>>();
  /** By vantage, then by slot. */
  readonly #counts = new Map<string, Map<number, number>>();

  constructor(expected: readonly Expected[]) {
    this.#expected = new Map(expected.map((one) => [one.route, one]));
  }

  /** From now on reports on these routes are news in this slot. Before, they answer something else than this plan. */
  ask(slot: number, routes: Iterable<number>): void {
    const asked = this.#asked.get(slot) ?? new Set();
    this.#asked.set(slot, asked);
    for (const route of routes) asked.add(route);
  }

  /** True where the report is news: the first on its (route, slot, attempt), which the vantage was asked for. */
  add(vantage: string, report: Report): boolean {
    const { route, slot, attempt } = report;
    const expected = this.#expected.get(route);
    if (expected?.vantage !== vantage || this.#asked.get(slot)?.has(route) !== true) return false;
    if (attempt >= expected.attempts) return false;
    const reports = entryOf(this.#reports, route);
    const key = slot * MAX_ATTEMPTS + attempt;
    if (reports.has(key)) return false;
    reports.set(key, atItsAddress(report, expected.dialled.length));
    const counts = entryOf(this.#counts, vantage);
    counts.set(slot, (counts.get(slot) ?? 0) + 1);
    return true;
  }

  /** How many attempts of a slot the vantage has reported. */
  count(vantage: string, slot: number): number {
    return this.#counts.get(vantage)?.get(slot) ?? 0;
  }

  /** In the order of slots and attempts, whatever order they came in. */
  reportsOn(route: number): readonly Report[] {
    const reports = [...(this.#reports.get(route)?.values() ?? [])];
    return reports.sort((a, b) => a.slot - b.slot || a.attempt - b.attempt);
  }
}

/** Attempt n dials address n modulo their number; what was seen elsewhere says nothing of the place that was asked about. */
export function atItsAddress(report: Report, addresses: number): Report {
  const { attempt, outcome } = report;
  if (outcome.kind === 'untested' || outcome.address === attempt % addresses) return report;
  const detail = `attempt ${String(attempt)} was reported from address ${String(outcome.address)}`;
  return { ...report, outcome: { kind: 'untested', why: 'internal-fault', detail } };
}

function entryOf<Key, Value>(maps: Map<Key, Map<number, Value>>, key: Key): Map<number, Value> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const made = new Map<number, Value>();
  maps.set(key, made);
  return made;
}
