/** Baselines in lists, and one by itself. */
import type { BaselineSummary } from '../baselines/baseline-store.ts';
import type { Baseline, BaselineCell, BaselineScope } from '../gate/baseline.ts';
import { isViolation } from '../gate/comparison.ts';
import { routeLines } from './compared-routes.ts';
import { API_VERSION } from './json.ts';
import type { Page } from './page.ts';
import { paint } from './page.ts';
import { alignColumns, paragraph } from './text-layout.ts';

export function baselineListTable(kept: readonly BaselineSummary[], place: string, page: Page): string {
  if (kept.length === 0)
    return `There are no baselines in ${place.replace(/^the /, '')}. Keep one: meshproof baseline save NAME.\n`;
  const rows = kept.map(({ name, finishedAt, cells, violations, sizeBytes, trouble }) =>
    trouble === undefined
      ? [name, timeWords(finishedAt), String(cells), String(violations), `${String(Math.ceil(sizeBytes / 1024))} KiB`]
      : [name, 'cannot be read', '-', '-', '-'],
  );
  const troubles = kept.flatMap(({ name, trouble }) =>
    trouble === undefined ? [] : paragraph('', `${name} cannot be read: ${trouble}`, page.columns),
  );
  const lines = alignColumns([['NAME', 'MEASURED', 'CELLS', 'FINDINGS', 'SIZE'], ...rows], page.columns);
  return `${[...lines, ...(troubles.length === 0 ? [] : ['', ...troubles])].join('\n')}\n`;
}

export function baselineListJson(kept: readonly BaselineSummary[]): string {
  return `${JSON.stringify({ apiVersion: API_VERSION, kind: 'BaselineList', items: kept }, null, 2)}\n`;
}

export function baselineJsonText(baseline: Baseline): string {
  return `${JSON.stringify({ apiVersion: API_VERSION, kind: 'Baseline', ...baseline }, null, 2)}\n`;
}

export function baselineTable(baseline: Baseline, page: Page): string {
  const { name, finishedAt, sweepId, scope, cells, conflicts } = baseline;
  const wrong = cells.filter(isViolation);
  const unknown = cells.filter(({ drift }) => drift === 'unknown');
  const lines = [
    `${paint(page, 'strong', `Baseline ${name}`)}: ${countsOf(cells)}`,
    `  measured  ${timeWords(finishedAt)}, sweep ${sweepId}`,
    ...(scope === undefined ? [] : paragraph('  of        ', scopeWords(scope), page.columns)),
    ...section('Drift that it takes for granted', wrong, page),
    ...(conflicts.length === 0 ? [] : ['', paint(page, 'strong', 'Conflicts that it takes for granted')]),
    ...conflicts.flatMap(({ severity, code, message }) =>
      paragraph('  ', `${severity.toUpperCase()} ${code} ${message}`, page.columns),
    ),
    ...section('Not known', unknown, page),
  ];
  return `${lines.join('\n')}\n`;
}

function section(title: string, cells: readonly BaselineCell[], page: Page): readonly string[] {
  if (cells.length === 0) return [];
  const groups = [...Map.groupBy(cells, groupKey).values()];
  const parts = groups.flatMap((group) => [
    ...paragraph(
      '  ',
      `${group[0]?.drift.toUpperCase() ?? ''} ${group[0]?.cause ?? ''} ${group[0]?.message ?? ''}`,
      page.columns,
    ),
    ...routeLines(group, page, '    '),
  ]);
  return ['', paint(page, 'strong', title), ...parts];
}

/** One cause, of the same objects, is told once, in the words of one of its cells. */
function groupKey({ drift, cause, objects, fix, message }: BaselineCell): string {
  return JSON.stringify([drift, cause, objects, cause === null ? message : fix]);
}

function countsOf(cells: readonly BaselineCell[]): string {
  const of = (table: BaselineCell['table']): string =>
    `${String(cells.filter((cell) => cell.table === table).length)} ${table}`;
  return `${String(cells.length)} cells (${[of('reachability'), of('transport'), of('health')].join(', ')})`;
}

export function scopeWords(scope: BaselineScope): string {
  if (scope.kind === 'sandbox') return `sandbox ${scope.scenario}`;
  const { namespaces, hostVantage } = scope;
  const where = namespaces === 'all' ? 'all namespaces' : `namespace ${namespaces.join(', ')}`;
  const network = hostVantage === 'node' ? 'each node' : 'a node';
  return `${where}${hostVantage === false ? '' : `, from the network of ${network} as well`}`;
}

/** `2026-03-01 12:00:00 UTC`. */
export function timeWords(rfc3339: string): string {
  return rfc3339 === '' ? '' : `${rfc3339.slice(0, 19).replace('T', ' ')} UTC`;
}
