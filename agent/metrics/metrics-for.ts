/** The metrics that an agent was told to show; whoever is told nothing does not load what makes them. */
import type { AgentConfig } from '../config.ts';
import type { AgentState } from './agent-metrics.ts';
import { NO_METER } from './meter.ts';
import type { Meter } from './meter.ts';
import type { MetricsServer } from './metrics-server.ts';

export interface ShownMetrics {
  readonly meter: Meter;
  /** Rejects with MPE_PORT_IN_USE. Undefined: nobody asked for it. */
  readonly serve: () => Promise<MetricsServer | undefined>;
}

export async function metricsFor(
  { metrics: address }: Pick<AgentConfig, 'metrics'>,
  state: AgentState,
): Promise<ShownMetrics> {
  if (address === undefined) return { meter: NO_METER, serve: () => Promise.resolve(undefined) };
  const [{ agentMetrics }, { serveMetrics }] = await Promise.all([
    import('./agent-metrics.ts'),
    import('./metrics-server.ts'),
  ]);
  const metrics = agentMetrics(state);
  return { meter: metrics.meter, serve: () => serveMetrics(address, metrics) };
}
