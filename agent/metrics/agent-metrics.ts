/** The metrics of an agent, in Prometheus' text format. Loaded only where they are shown: the library has its price. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Outcome, PhaseTimings } from '../../proto/outcome.ts';
import type { Task } from '../../proto/vocabulary.ts';
import { VERSION } from '../../proto/version.ts';
import { DROP_REASONS } from '../spool.ts';
import type { Spool } from '../spool.ts';
import { AGENT_METRICS } from './definitions.ts';
import type { AgentMetric, LabelOf } from './definitions.ts';
import type { Meter, SkipReason } from './meter.ts';

/** What is looked up when somebody asks. */
export interface AgentState {
  readonly spool: Pick<Spool, 'waiting' | 'unacknowledged' | 'dropped' | 'resentBatches' | 'lastAcknowledgedAtMs'>;
  readonly inFlight: () => number;
  /** p99, milliseconds. */
  readonly loopLagMs: () => number;
}

export interface AgentMetrics {
  readonly meter: Meter;
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

export function agentMetrics(state: AgentState): AgentMetrics {
  const registry = new Registry();
  const { build, meter } = meters(registry);
  build.set({ component: 'agent', version: VERSION }, 1);
  const show = states(registry, state);
  return {
    meter,
    contentType: registry.contentType,
    text: async () => {
      show();
      return await registry.metrics();
    },
  };
}

type OfType<Type extends string> = {
  [Name in AgentMetric]: (typeof AGENT_METRICS)[Name] extends { readonly type: Type } ? Name : never;
}[AgentMetric];

function described<Name extends AgentMetric>(registry: Registry, name: Name) {
  const { help, labels } = AGENT_METRICS[name];
  return { name, help, labelNames: Object.keys(labels) as LabelOf<Name>[], registers: [registry] };
}

function histogram<Name extends OfType<'histogram'>>(registry: Registry, name: Name): Histogram<LabelOf<Name>> {
  return new Histogram({ ...described(registry, name), buckets: [...AGENT_METRICS[name].buckets] });
}

const PROBES: readonly Task['probe']['kind'][] = ['http', 'tcp', 'grpc', 'tls', 'mtls', 'mtls-untrusted', 'health'];
const OUTCOMES: readonly Outcome['kind'][] = ['reached', 'refused', 'silent', 'untested'];
const SKIP_REASONS: readonly SkipReason[] = ['overrun', 'clock-step', 'cancelled'];
const PHASES: readonly (readonly [keyof PhaseTimings, string])[] = [
  ['dnsMs', 'dns'],
  ['tcpMs', 'tcp'],
  ['tlsMs', 'tls'],
  ['firstByteMs', 'first-byte'],
];

function meters(registry: Registry) {
  const build = new Gauge(described(registry, 'meshproof_build_info'));
  const attempts = new Counter(described(registry, 'meshproof_probe_attempts_total'));
  const phases = histogram(registry, 'meshproof_probe_phase_duration_seconds');
  const durations = histogram(registry, 'meshproof_probe_duration_seconds');
  const scheduled = new Counter(described(registry, 'meshproof_agent_scheduled_probes_total'));
  const skipped = new Counter(described(registry, 'meshproof_agent_skipped_probes_total'));
  const lag = histogram(registry, 'meshproof_agent_schedule_lag_seconds');
  const reconnects = new Counter(described(registry, 'meshproof_report_reconnects_total'));
  // Prometheus' `increase` does not see the first event of a series that begins with it.
  for (const probe of PROBES) for (const outcome of OUTCOMES) attempts.inc({ probe, outcome }, 0);
  for (const reason of SKIP_REASONS) skipped.inc({ reason }, 0);
  const meter: Meter = {
    due: (count) => {
      scheduled.inc(count);
    },
    skipped: (reason, count) => {
      skipped.inc({ reason }, count);
    },
    begun: (lagMs) => {
      lag.observe(Math.max(0, lagMs) / 1000);
    },
    attempted: (probe, outcome) => {
      attempts.inc({ probe, outcome: outcome.kind });
      if (outcome.kind === 'untested') return;
      const { timings } = outcome;
      for (const [field, phase] of PHASES) {
        const spentMs = timings[field];
        if (spentMs !== undefined) phases.observe({ probe, phase }, spentMs / 1000);
      }
      if (outcome.kind === 'reached') durations.observe({ probe }, timings.totalMs / 1000);
    },
    disconnected: (code = 'none') => {
      reconnects.inc({ code });
    },
  };
  return { build, meter };
}

function states(registry: Registry, { spool, inFlight, loopLagMs }: AgentState): () => void {
  const loopLag = new Gauge(described(registry, 'meshproof_agent_event_loop_lag_seconds'));
  const underWay = new Gauge(described(registry, 'meshproof_agent_inflight_probes'));
  const queue = new Gauge(described(registry, 'meshproof_report_queue_outcomes'));
  const unacknowledged = new Gauge(described(registry, 'meshproof_report_unacked_batches'));
  const dropped = new Counter(described(registry, 'meshproof_report_dropped_outcomes_total'));
  const resent = new Counter(described(registry, 'meshproof_report_resent_batches_total'));
  const lastAck = new Gauge(described(registry, 'meshproof_report_last_ack_timestamp_seconds'));
  return () => {
    loopLag.set(loopLagMs() / 1000);
    underWay.set(inFlight());
    queue.set(spool.waiting);
    unacknowledged.set(spool.unacknowledged);
    dropped.reset();
    for (const reason of DROP_REASONS) dropped.inc({ reason }, spool.dropped[reason]);
    resent.reset();
    resent.inc(spool.resentBatches);
    lastAck.set(spool.lastAcknowledgedAtMs / 1000);
  };
}
