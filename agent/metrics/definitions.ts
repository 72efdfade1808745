/** Every metric that an agent shows, where it is told to show any. docs/metrics.md is made from this table. */

export interface MetricDefinition {
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** What each label takes, in words. */
  readonly labels: Readonly<Record<string, string>>;
  readonly help: string;
  /** Upper bounds, of histograms only. */
  readonly buckets?: readonly number[];
}

/** Half a millisecond is a call within a node, ten seconds is where every probe has ended. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const PROBE = '`http`, `tcp`, `grpc`, `tls`, `mtls`, `mtls-untrusted`, `health`';

export const AGENT_METRICS = {
  meshproof_build_info: {
    type: 'gauge',
    labels: { component: '`agent`', version: 'of Meshproof' },
    help: 'Always 1.',
  },
  meshproof_probe_attempts_total: {
    type: 'counter',
    labels: { probe: PROBE, outcome: '`reached`, `refused`, `silent`, `untested`' },
    help: 'Attempts by what they came to.',
  },
  meshproof_probe_phase_duration_seconds: {
    type: 'histogram',
    labels: { probe: PROBE, phase: '`dns`, `tcp`, `tls`, `first-byte`' },
    help: 'How long attempts spent in each phase that they reached.',
    buckets: BUCKETS,
  },
  meshproof_probe_duration_seconds: {
    type: 'histogram',
    labels: { probe: PROBE },
    help: 'How long attempts took that were answered. Those that were not are in no histogram: they take as long as we wait.',
    buckets: BUCKETS,
  },
  meshproof_agent_scheduled_probes_total: {
    type: 'counter',
    labels: {},
    help: 'Attempts whose time came, made or not.',
  },
  meshproof_agent_skipped_probes_total: {
    type: 'counter',
    labels: {
      reason:
        '`overrun`: the one before was still under way; `clock-step`: the clock was set on; `cancelled`: not wanted any more',
    },
    help: 'Attempts whose time came and that were not made. They are not caught up.',
  },
  meshproof_agent_schedule_lag_seconds: {
    type: 'histogram',
    labels: {},
    help: 'How much later than its time the first attempt of a turn began.',
    buckets: BUCKETS,
  },
  meshproof_agent_event_loop_lag_seconds: {
    type: 'gauge',
    labels: {},
    help: 'The 99th percentile of the lag of the event loop, over the last second or two.',
  },
  meshproof_agent_inflight_probes: {
    type: 'gauge',
    labels: {},
    help: 'Attempts under way.',
  },
  meshproof_report_queue_outcomes: {
    type: 'gauge',
    labels: {},
    help: 'Outcomes that wait to be sent.',
  },
  meshproof_report_unacked_batches: {
    type: 'gauge',
    labels: {},
    help: 'Batches that were sent and are not acknowledged.',
  },
  meshproof_report_dropped_outcomes_total: {
    type: 'counter',
    labels: {
      reason:
        '`superseded`: a newer one of the same route came while nothing could be sent; `size`, `age`: the spool is limited',
    },
    help: 'Outcomes that were given up before they were sent.',
  },
  meshproof_report_resent_batches_total: {
    type: 'counter',
    labels: {},
    help: 'Batches that were sent once more over a new stream.',
  },
  meshproof_report_reconnects_total: {
    type: 'counter',
    labels: { code: 'name of the gRPC status that the stream ended with; `none`: it ended with none' },
    help: 'Streams to the controller that ended, or could not be had, and are dialled again.',
  },
  meshproof_report_last_ack_timestamp_seconds: {
    type: 'gauge',
    labels: {},
    help: 'When the controller last acknowledged a batch. 0: it has not yet.',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type AgentMetric = keyof typeof AGENT_METRICS;

/** Labels of one metric. */
export type LabelOf<Name extends AgentMetric> = Extract<keyof (typeof AGENT_METRICS)[Name]['labels'], string>;
