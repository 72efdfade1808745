/** What a route is called on the page, kept while it is planned: there may be forty thousand, shown every second. */
import { probeKey, targetKey } from '../../../proto/vocabulary.ts';
import type { Cell } from '../../judge/finding.ts';
import { callerName } from '../../judge/sentences.ts';
import { routePath } from './words.ts';

export interface RouteName {
  /** `shop/web (sidecar) to shop/pay:8080, http GET /`. */
  readonly call: string;
  /** Of the page with its evidence. */
  readonly path: string;
  readonly row: string;
  readonly column: string;
}

export class RouteNames {
  readonly #known = new Map<string, RouteName>();

  of(cell: Cell): RouteName {
    const known = this.#known.get(cell.key);
    if (known !== undefined) return known;
    const row = `${callerName(cell)} (${cell.vantage.dataPlane})`;
    const column = targetKey(cell.target);
    const name = { call: `${row} to ${column}, ${probeKey(cell.probe)}`, path: routePath(cell.key), row, column };
    this.#known.set(cell.key, name);
    return name;
  }

  /** Forgets those that have gone, once they are as many as those that are there. */
  keep(planned: number): void {
    if (this.#known.size > 2 * planned + 1000) this.#known.clear();
  }
}
