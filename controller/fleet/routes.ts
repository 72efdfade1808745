/** Planned cells made into tasks that an agent can do: with numbers and addresses. */
import type { PlannedCell } from '../plan/cell.ts';
import type { PlannedRoute, Target, Vantage } from '../../proto/vocabulary.ts';
import { addressText, vantageKey } from '../../proto/vocabulary.ts';
import type { DialTarget } from './launcher.ts';

export interface RoutedCell {
  readonly cell: PlannedCell;
  /** From 1; the same for the whole sweep and in all agents. */
  readonly route: number;
  readonly vantage: string;
  /** Empty: there is nothing to dial, and no task comes of the cell. */
  readonly dialled: readonly DialTarget[];
  /** In one slot; 0 where nothing is dialled. */
  readonly attempts: number;
}

export function routeCells(
  cells: readonly PlannedCell[],
  addressesOf: (vantage: Vantage, target: Target) => readonly DialTarget[],
): readonly RoutedCell[] {
  return cells.map((cell, index) => {
    const dialled = addressesOf(cell.route.vantage, cell.route.target);
    const attempts = dialled.length === 0 ? 0 : Math.max(cell.attempts, dialled.length);
    return { cell, route: index + 1, vantage: vantageKey(cell.route.vantage), dialled, attempts };
  });
}

/** Once, in the given slot: a later slot makes the agent attempt the route again. */
export function taskOf({ cell, route, dialled, attempts }: RoutedCell, slot: number): PlannedRoute {
  const addresses = dialled.map(({ address }) => address);
  const [first] = addresses;
  const { serverName, peerIdentities, connectTimeoutMs, timeoutMs } = cell;
  const authority = cell.authority === '' && first !== undefined ? addressText(first) : cell.authority;
  const times = { connectTimeoutMs, timeoutMs, attempts, intervalMs: 0 };
  return { route, slot, probe: cell.route.probe, addresses, authority, serverName, peerIdentities, ...times };
}
