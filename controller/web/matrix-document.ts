/** The matrix as it stands, as JSON: the shape of a published sweep, and what a monitor knows of each cell besides. */
import { targetKey, vantageKey } from '../../proto/vocabulary.ts';
import type { Cell, Drift, Table } from '../judge/finding.ts';
import type { RouteNow } from '../monitor/current.ts';
import { API_VERSION } from '../publish/json.ts';
import type { Shown } from './shown.ts';

export interface MatrixFilter {
  /** Of the vantage or of the target. */
  readonly namespace?: readonly string[];
  readonly table?: readonly Table[];
  readonly drift?: readonly Drift[];
}

export type MatrixCell = Cell & { readonly now: Omit<RouteNow, 'cell'> };

export function matrixCell({ cell, ...now }: RouteNow): MatrixCell {
  return { ...cell, now };
}

export function chosenRoutes(shown: Pick<Shown, 'routes'>, filter: MatrixFilter): readonly RouteNow[] {
  const { namespace, table, drift } = filter;
  return shown.routes.filter(
    ({ cell }) =>
      (namespace === undefined ||
        namespace.includes(cell.vantage.namespace) ||
        namespace.includes(cell.target.namespace)) &&
      (table === undefined || table.includes(cell.table)) &&
      (drift === undefined || drift.includes(cell.drift)),
  );
}

/** Pieces of one JSON document, cells last. */
export function* matrixDocument(shown: Shown, filter: MatrixFilter): Generator<string, void, undefined> {
  const { routes: all, ...rest } = shown;
  const routes = chosenRoutes(shown, filter);
  const isWhole = routes.length === all.length;
  const keys = new Set(routes.map(({ cell }) => cell.key));
  const conflicts = rest.conflicts.filter(({ cells }) => isWhole || cells.some((key) => keys.has(key)));
  const vantages = new Map(routes.map(({ cell }) => [vantageKey(cell.vantage), cell.vantage]));
  const targets = new Map(routes.map(({ cell }) => [targetKey(cell.target), cell.target]));
  const head = {
    apiVersion: API_VERSION,
    kind: 'Matrix',
    ...rest,
    vantages: [...vantages.values()],
    targets: [...targets.values()],
    conflicts,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"cells":[`;
  for (const [at, route] of routes.entries()) yield `${at === 0 ? '' : ','}${JSON.stringify(matrixCell(route))}`;
  yield ']}\n';
}
