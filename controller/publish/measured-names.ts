/** Targets of cells, pods by the name of their workload. */
import type { Cell } from '../judge/finding.ts';

/** `shop/pay:8080`. */
export function targetName({ target, workload }: Pick<Cell, 'target' | 'workload'>): string {
  return `${workload ?? `${target.namespace}/${target.name}`}:${String(target.port)}`;
}
