/** Reports as they come in: each attempt once, and only from the vantage that was asked for it. */
import type { Report } from '../../proto/vocabulary.ts';

export interface Expected {
  readonly route: number;
  /** `vantageKey` of the only vantage that may report on the route. */
  readonly vantage: string;
}

export class Collected {
  readonly #vantages: ReadonlyMap<number, string>;
  readonly #reports = new Map<number, Map<string, Report>>();
  readonly #counts = new Map<string, number>();

  constructor(expected: readonly Expected[]) {
    this.#vantages = new Map(expected.map(({ route, vantage }) => [route, vantage]));
  }

  /** True where the report is news: the first on its (route, slot, attempt), and of the vantage that has the route. */
  add(vantage: string, report: Report): boolean {
    const { route, slot, attempt } = report;
    if (this.#vantages.get(route) !== vantage) return false;
    const reports = this.#reports.get(route) ?? new Map<string, Report>();
    this.#reports.set(route, reports);
    const key = `${String(slot)}/${String(attempt)}`;
    if (reports.has(key)) return false;
    reports.set(key, report);
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
