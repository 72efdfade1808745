/** What of a matrix is a state beside its routes. */
import type { AgentNow, Current, Suppression } from '../../monitor/current.ts';
import type { RouteCounts } from './count-routes.ts';
import { replace } from './instruments.ts';
import type { Instruments } from './instruments.ts';
import { Tally } from './tally.ts';

const SUPPRESSIONS: readonly Suppression[] = ['terminating', 'not-ready', 'rollout', 'fresh-policy'];
const AGENT_STATES: readonly AgentNow['state'][] = ['connecting', 'up', 'stale', 'lost'];

export function stateGauges(instruments: Instruments): (current: Current, routes: RouteCounts) => void {
  const conflicts = instruments.gauge('meshproof_conflicts');
  const flapping = instruments.gauge('meshproof_flapping_routes');
  const suppressions = instruments.gauge('meshproof_suppressed_routes');
  const agents = instruments.gauge('meshproof_agents');
  const lag = instruments.gauge('meshproof_agent_event_loop_lag_seconds');
  const lastComplete = instruments.gauge('meshproof_sweep_last_complete_timestamp_seconds');
  const interval = instruments.gauge('meshproof_sweep_interval_seconds');
  const lastSync = instruments.gauge('meshproof_snapshot_last_sync_timestamp_seconds');
  return (current: Current, routes: RouteCounts): void => {
    const found = new Tally<'severity' | 'cause'>();
    for (const { severity, cause } of current.conflicts) found.add({ severity, cause: cause.code });
    replace(conflicts, found.entries());
    flapping.set(routes.flapping);
    for (const reason of SUPPRESSIONS) routes.suppressed.add({ reason }, 0);
    replace(suppressions, routes.suppressed.entries());
    const states = new Tally<'state'>();
    for (const state of AGENT_STATES) states.add({ state }, 0);
    for (const { state } of current.agents) states.add({ state });
    replace(agents, states.entries());
    const worstLagMs = worstLag(current.agents);
    if (worstLagMs === undefined) lag.remove();
    else lag.set(worstLagMs / 1000);
    lastComplete.set((current.lastSweep?.finishedAtMs ?? 0) / 1000);
    interval.set(current.intervalMs / 1000);
    lastSync.set(current.snapshot.syncedAtMs / 1000);
  };
}

/** Milliseconds; undefined: no agent that is up has said. */
function worstLag(agents: readonly AgentNow[]): number | undefined {
  const said = agents.flatMap(({ state, loopLagMs }) => (state === 'up' && loopLagMs !== null ? [loopLagMs] : []));
  return said.length === 0 ? undefined : Math.max(...said);
}
