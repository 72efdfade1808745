/** Reports as they come in: each attempt once, and only what was asked of the vantage that it was asked of. */
import type { Outcome, Report } from '../../proto/vocabulary.ts';

export interface Expected {
  readonly route: number;
  /** `vantageKey` of the only vantage that may report on the route. */
  readonly vantage: string;
  /** In a slot. */
  readonly attempts: number;
  /** What the attempts dial in turn. */
  readonly dialled: readonly unknown[];
}

export class Collected {
  readonly #expected: ReadonlyMap<number, Expected>;
  /** Routes by slot. */
  readonly #asked = new Map<number, Set<number>>();
  readonly #reports = new Map<number, Map<string, Report>>();
  readonly #counts = new Map<string, number>();

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
    const reports = this.#reports.get(route) ?? new Map<string, Report>();
    this.#reports.set(route, reports);
    const key = `${String(slot)}/${String(attempt)}`;
    if (reports.has(key)) return false;
    reports.set(key, { ...report, outcome: atItsAddress(report, expected.dialled.length) });
    const counter = `${vantage}/${String(slot)}`;
    this.#counts.set(counter, (this.#counts.get(counter) ?? 0) + 1);
    return true;
  }

  /** How many attempts of a slot the vantage has reported. */
  count(vantage: string, slot: number): number {
    return this.#counts.get(`${vantage}/${String(slot)}`) ?? 0;
  }

  /** In the order of slots and attempts, whatever order they came in. */
  reportsOn(route: number): readonly Report[] {
    const reports = [...(this.#reports.get(route)?.values() ?? [])];
    return reports.sort((a, b) => a.slot - b.slot || a.attempt - b.attempt);
  }
}

/** Attempt n dials address n modulo their number; what was seen elsewhere says nothing of the place that was asked about. */
function atItsAddress({ attempt, outcome }: Report, addresses: number): Outcome {
  if (outcome.kind === 'untested' || outcome.address === attempt % addresses) return outcome;
  const detail = `attempt ${String(attempt)} was reported from address ${String(outcome.address)}`;
  return { kind: 'untested', why: 'internal-fault', detail };
}
