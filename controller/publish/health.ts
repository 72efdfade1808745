/** The health table: a row a container's health check, with the kubelet's way beside the direct and the rewritten one. */
import type { HealthAction, HealthProbe, HealthVariant } from '../../proto/vocabulary.ts';
import { compareText } from '../declared/order.ts';
import type { Cell, Sweep } from '../judge/finding.ts';
import type { FindingList } from './finding-list.ts';
import { cellMark } from './glyphs.ts';
import type { Page } from './page.ts';
import { alignColumns } from './text-layout.ts';

export const VARIANTS: readonly HealthVariant[] = ['kubelet', 'original', 'rewritten'];

interface HealthCell {
  readonly cell: Cell;
  readonly probe: HealthProbe;
}

/** Lines of the table, without its title; none where the sweep has no such cell. */
export function healthTable(sweep: Sweep, list: FindingList, page: Page): string[] {
  const cells = sweep.cells.flatMap((cell): HealthCell[] =>
    cell.table === 'health' && cell.probe.kind === 'health' ? [{ cell, probe: cell.probe }] : [],
  );
  if (cells.length === 0) return [];
  const checks = Map.groupBy(
    cells,
    ({ cell, probe }) => `${cell.target.namespace}/${cell.target.name} ${probe.container}/${probe.check}`,
  );
  const head = ['POD', 'CHECK', ...VARIANTS, 'THE KUBELET SENDS'];
  const rows = [...checks]
    .sort(([left], [right]) => compareText(left, right))
    .map(([key, group]) => {
      const [pod = '', check = ''] = key.split(' ');
      const sent = group.find(({ probe }) => probe.variant === 'kubelet');
      const marks = VARIANTS.map((variant) => marksOf(group, variant, list, page));
      return [pod, check, ...marks, sent === undefined ? '·' : sentWords(sent)];
    });
  return alignColumns([head, ...rows], page.columns - 2).map((line) => `  ${line}`);
}

function marksOf(group: readonly HealthCell[], variant: HealthVariant, list: FindingList, page: Page): string {
  const marks = group
    .filter(({ probe }) => probe.variant === variant)
    .map(({ cell }) => cellMark(page, cell, list.numberOf.get(cell.key)));
  return marks.length === 0 ? '·' : marks.join(' ');
}

function sentWords({ cell, probe }: HealthCell): string {
  return `${actionWords(probe.action)} to port ${String(cell.target.port)}`;
}

export function actionWords(action: HealthAction): string {
  switch (action.kind) {
    case 'httpGet':
      return `${action.scheme} GET ${action.path}`;
    case 'tcpSocket':
      return 'a TCP connect';
    case 'grpc':
      return action.service === '' ? 'a gRPC health call' : `a gRPC health call for ${action.service}`;
  }
}
