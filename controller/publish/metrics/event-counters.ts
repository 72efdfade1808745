/** What a monitor tells, counted. */
import type { Drift, VerdictValue } from '../../judge/finding.ts';
import type { MonitorEvent, SweepTrigger, TransitionTo } from '../../monitor/events.ts';
import type { ProbeKind } from '../../../proto/vocabulary.ts';
import type { Instruments } from './instruments.ts';

const PROBE_KINDS: readonly ProbeKind[] = ['http', 'tcp', 'grpc', 'tls', 'mtls', 'mtls-untrusted', 'health'];
const DRIFTS: readonly Drift[] = ['agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown'];
const BECAME: readonly TransitionTo[] = [...DRIFTS, 'opened', 'closed'];
const TRIGGERS: readonly SweepTrigger[] = ['interval', 'request'];
const VERDICTS: readonly VerdictValue[] = ['pass', 'fail', 'inconclusive'];

/** Every series is there from the begin: Prometheus' `increase` does not see the first event of a series that begins with it. */
export function eventCounters(instruments: Instruments): (event: MonitorEvent) => void {
  const transitions = instruments.counter('meshproof_transitions_total');
  const sweeps = instruments.counter('meshproof_sweeps_total');
  const duration = instruments.histogram('meshproof_sweep_duration_seconds');
  const propagation = instruments.histogram('meshproof_policy_propagation_seconds');
  for (const probe of PROBE_KINDS) for (const to of BECAME) transitions.inc({ probe, to }, 0);
  for (const trigger of TRIGGERS) for (const verdict of VERDICTS) sweeps.inc({ trigger, verdict }, 0);
  return (event) => {
    switch (event.kind) {
      case 'transition':
        transitions.inc({ probe: event.probe.kind, to: event.to });
        return;
      case 'sweep': {
        const { trigger, verdict, startedAtMs, finishedAtMs } = event.sweep;
        sweeps.inc({ trigger, verdict: verdict.value });
        duration.observe(Math.max(0, finishedAtMs - startedAtMs) / 1000);
        return;
      }
      case 'propagation':
        if (event.routes.length > 0 && event.missing.length === 0) propagation.observe(event.lastMs / 1000);
        return;
      case 'conflict':
        // A state: `meshproof_conflicts` has it.
        return;
    }
  };
}
