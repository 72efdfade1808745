/** Every metric that the controller shows. docs/metrics.md is made from this table, and so are the metrics themselves. */

export interface MetricDefinition {
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** What each label takes, in words. */
  readonly labels: Readonly<Record<string, string>>;
  readonly help: string;
  /** Upper bounds, of histograms only. */
  readonly buckets?: readonly number[];
}

/** A sweep and a propagation may take longer than any probe: the last bounds are theirs. */
const SLOW_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

const DRIFT = '`exposed`, `blocked`, `downgraded`, `misplaced`';
const PROBE = '`http`, `tcp`, `grpc`, `tls`, `mtls`, `mtls-untrusted`, `health`';
const NAMESPACE = 'a namespace';
const WORKLOAD = 'a workload, without its namespace';
const TARGET_WORKLOAD =
  'the workload behind the port; the Service where it has several or none, `_unknown` for a pod that is gone';
const ROUTE_LABELS = {
  source_namespace: NAMESPACE,
  source_workload: WORKLOAD,
  target_namespace: NAMESPACE,
  target_workload: TARGET_WORKLOAD,
  port: 'the port that is called',
  probe: PROBE,
};

export const CONTROLLER_METRICS = {
  meshproof_build_info: {
    type: 'gauge',
    labels: { component: '`controller`', version: 'of Meshproof' },
    help: 'Always 1.',
  },
  meshproof_routes: {
    type: 'gauge',
    labels: {
      expected: '`allow`, `deny`, `mixed`, `unknown`',
      measured: '`open`, `closed`, `unknown`',
      freshness: '`fresh`, `stale`, `unmeasured`',
    },
    help: 'Routes by what is declared and what the wire says. What is not fresh is measured as unknown, never as what it was.',
  },
  meshproof_namespace_routes: {
    type: 'gauge',
    labels: {
      source_namespace: `${NAMESPACE}; \`_other\` where a limit is reached`,
      target_namespace: `${NAMESPACE}; \`_other\` where a limit is reached`,
      finding: `${DRIFT}, \`agrees\`, \`unknown\``,
    },
    help: 'Routes between two namespaces by what they come to. Sums over the sources are right even where a limit is reached.',
  },
  meshproof_route_drift: {
    type: 'gauge',
    labels: { ...ROUTE_LABELS, finding: DRIFT },
    help: 'Routes that drift, debounced: there while they do, and no longer. More than 1 where probes differ in path or ALPN only.',
  },
  meshproof_route: {
    type: 'gauge',
    labels: { ...ROUTE_LABELS, finding: `${DRIFT}, \`agrees\`, \`unknown\`` },
    help: 'Every route, with what it comes to. Off by default: this one grows with the mesh.',
  },
  meshproof_series_suppressed: {
    type: 'gauge',
    labels: { metric: 'name of a metric whose series are limited' },
    help: 'Series that a limit keeps from being shown. The worst are shown first.',
  },
  meshproof_served_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    labels: { target_namespace: NAMESPACE, target_workload: TARGET_WORKLOAD },
    help: 'When the certificate that a target serves ends, the first of its endpoints to end.',
  },
  meshproof_conflicts: {
    type: 'gauge',
    labels: { severity: '`critical`, `error`, `warning`', cause: 'a code of the cause catalogue' },
    help: 'Declared objects that contradict each other or their own purpose.',
  },
  meshproof_flapping_routes: {
    type: 'gauge',
    labels: {},
    help: 'Routes that changed their drift too often of late to be believed either way.',
  },
  meshproof_suppressed_routes: {
    type: 'gauge',
    labels: { reason: '`terminating`, `not-ready`, `rollout`, `fresh-policy`' },
    help: 'Routes of which nothing is held against the policy at the moment, by why.',
  },
  meshproof_agents: {
    type: 'gauge',
    labels: { state: '`connecting`, `up`, `stale`, `lost`' },
    help: 'Agents by how they are.',
  },
  meshproof_agent_event_loop_lag_seconds: {
    type: 'gauge',
    labels: {},
    help: 'The 99th percentile of the lag of the event loop, of the worst agent that is up, as it says. Absent where none says.',
  },
  meshproof_ingest_outcomes_total: {
    type: 'counter',
    labels: { result: '`counted`, `repeated`, `late`, `unasked`, `refused`; `dropped`: lost by agents, as they say' },
    help: 'Reported outcomes by what became of them.',
  },
  meshproof_refused_streams_total: {
    type: 'counter',
    labels: {},
    help: 'Streams that were turned away: no good token, or not who they say to be.',
  },
  meshproof_sweeps_total: {
    type: 'counter',
    labels: { trigger: '`interval`, `request`', verdict: '`pass`, `fail`, `inconclusive`' },
    help: 'Complete sweeps.',
  },
  meshproof_sweep_duration_seconds: {
    type: 'histogram',
    labels: {},
    help: 'How long sweeps took from their begin to their verdict.',
    buckets: SLOW_BUCKETS,
  },
  meshproof_sweep_last_complete_timestamp_seconds: {
    type: 'gauge',
    labels: {},
    help: 'When the last sweep was complete. 0: none is yet.',
  },
  meshproof_sweep_interval_seconds: {
    type: 'gauge',
    labels: {},
    help: 'How often each route is attempted.',
  },
  meshproof_snapshot_last_sync_timestamp_seconds: {
    type: 'gauge',
    labels: {},
    help: 'When the declared state was last known to be the current one.',
  },
  meshproof_policy_parse_errors_total: {
    type: 'counter',
    labels: {
      kind:
        '`PeerAuthentication`, `AuthorizationPolicy`, `DestinationRule`, `RequestAuthentication`, `NetworkPolicy`, ' +
        '`Service`, `other`',
    },
    help: 'Objects that could not be taken as they are written, again when they are wrong in another way.',
  },
  meshproof_policy_propagation_seconds: {
    type: 'histogram',
    labels: {},
    help: 'From a change of policy to the last route that followed it. Changes that some route never followed are not in it.',
    buckets: SLOW_BUCKETS,
  },
  meshproof_transitions_total: {
    type: 'counter',
    labels: { probe: PROBE, to: `${DRIFT}, \`agrees\`, \`unknown\`; \`opened\`, \`closed\`: policy and wire together` },
    help: 'Routes that are not any more what they were, by what they became.',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type ControllerMetric = keyof typeof CONTROLLER_METRICS;

/** Labels of one metric. */
export type LabelOf<Name extends ControllerMetric> = Extract<keyof (typeof CONTROLLER_METRICS)[Name]['labels'], string>;

export type Labels<Name extends ControllerMetric> = Readonly<Record<LabelOf<Name>, string>>;
