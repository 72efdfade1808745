/** The reachability table as rows and columns, in the order in which readers look for them. */
import type { DataPlane, Target } from '../../../proto/vocabulary.ts';
import type { Cell } from '../../judge/finding.ts';
import { callerName } from '../../judge/sentences.ts';
import type { RouteNow } from '../../monitor/current.ts';
import { compareSources, compareTargets } from '../../publish/target-order.ts';
import type { PatternCell } from './patterns.ts';
import type { RouteNames } from './route-names.ts';

export interface GridRow {
  /** `shop/web (sidecar)`. */
  readonly key: string;
  readonly namespace: string;
  /** `shop/web`. */
  readonly caller: string;
  readonly plane: DataPlane;
  /** By the key of the column; several probes may share a cell. */
  readonly routes: ReadonlyMap<string, readonly RouteNow[]>;
}

export interface GridColumn {
  readonly key: string;
  readonly namespace: string;
  readonly target: Target;
}

export interface Grid {
  readonly rows: readonly GridRow[];
  readonly columns: readonly GridColumn[];
}

interface Draft extends GridRow {
  readonly first: Cell;
  readonly routes: Map<string, RouteNow[]>;
}

export function gridOf(routes: readonly RouteNow[], names: RouteNames): Grid {
  const rows = new Map<string, Draft>();
  const columns = new Map<string, GridColumn>();
  for (const route of routes) {
    const { cell } = route;
    if (cell.table !== 'reachability') continue;
    const name = names.of(cell);
    const row = rows.get(name.row) ?? newRow(cell, name.row);
    rows.set(name.row, row);
    const key = name.column;
    if (!columns.has(key)) columns.set(key, { key, namespace: cell.target.namespace, target: cell.target });
    const here = row.routes.get(key);
    if (here === undefined) row.routes.set(key, [route]);
    else here.push(route);
  }
  return {
    rows: [...rows.values()].sort((left, right) => compareSources(left.first, right.first)),
    columns: byNamespace(
      [...columns.values()].sort((left, right) => compareTargets(left.target, right.target)),
    ).flatMap(({ items }) => items),
  };
}

function newRow(first: Cell, key: string): Draft {
  const { namespace, dataPlane: plane } = first.vantage;
  return { key, namespace, caller: callerName(first), plane, first, routes: new Map() };
}

export function patternCells({ rows, columns }: Grid): readonly PatternCell[] {
  const namespaces = new Map(columns.map(({ key, namespace }) => [key, namespace]));
  const cells: PatternCell[] = [];
  for (const { key: row, namespace: rowNamespace, routes } of rows) {
    for (const [column, here] of routes) {
      const columnNamespace = namespaces.get(column) ?? '';
      for (const { cell, access } of here) {
        cells.push({ row, rowNamespace, column, columnNamespace, drift: cell.drift, access });
      }
    }
  }
  return cells;
}

/** Those of one namespace together, in the order in which the namespaces come first. */
export function byNamespace<T extends { readonly namespace: string }>(
  items: readonly T[],
): readonly { readonly namespace: string; readonly items: readonly T[] }[] {
  return [...Map.groupBy(items, ({ namespace }) => namespace)].map(([namespace, group]) => ({
    namespace,
    items: group,
  }));
}
