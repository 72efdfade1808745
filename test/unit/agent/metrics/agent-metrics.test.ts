import t from 'tap';
import { agentMetrics } from '../../../../agent/metrics/agent-metrics.ts';
import type { AgentMetrics, AgentState } from '../../../../agent/metrics/agent-metrics.ts';
import { AGENT_METRICS } from '../../../../agent/metrics/definitions.ts';
import { Spool, SPOOL_LIMITS } from '../../../../agent/spool.ts';
import type { Outcome, Report } from '../../../../proto/outcome.ts';
import { readExposition, shown } from '../../../support/exposition.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const FIT = { loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true };
const NOON_MS = Date.parse('2026-01-02T12:00:00Z');
const facts = { address: 0, timings: { tcpMs: 1, totalMs: 5_000 } };
const reached: Outcome = {
  kind: 'reached',
  address: 0,
  timings: { dnsMs: 2, tcpMs: 1, tlsMs: 4, firstByteMs: 20, totalMs: 27 },
  transport: 'mtls',
  witness: { pod: 'shop/pay-7d9f', caller: null, isProof: false },
};
const OUTCOMES: readonly Outcome[] = [
  reached,
  reached,
  { kind: 'refused', ...facts, layer: 'tls', signature: 'tls-alert', detail: 'Bearer FORBIDDEN' },
  { kind: 'silent', ...facts, layer: 'tcp', afterMs: 5_000 },
  { kind: 'untested', why: 'no-certificate', detail: 'FORBIDDEN' },
];

function report(slot: number): Report {
  return { route: 1, slot, attempt: 0, startedAtMs: 0, outcome: { kind: 'untested', why: 'cancelled', detail: '' } };
}

function metricsOf(state: Partial<AgentState> = {}): AgentMetrics {
  return agentMetrics({ spool: new Spool(new ManualClock()), inFlight: () => 0, loopLagMs: () => 0, ...state });
}

t.test('attempts are counted by what they came to; only answered ones have a duration', async (t) => {
  const { meter, text: textOf } = metricsOf();
  for (const outcome of OUTCOMES) meter.attempted('mtls', outcome);
  const text = await textOf();
  t.strictSame(shown(text, 'meshproof_probe_attempts_total'), [
    'mtls reached: 2',
    'mtls refused: 1',
    'mtls silent: 1',
    'mtls untested: 1',
  ]);
  t.strictSame(shown(text, 'meshproof_probe_duration_seconds_count'), ['mtls: 2']);
  t.strictSame(shown(text, 'meshproof_probe_duration_seconds_sum'), ['mtls: 0.054']);
  t.strictSame(shown(text, 'meshproof_probe_phase_duration_seconds_count'), [
    'mtls dns: 2',
    'mtls tcp: 4',
    'mtls tls: 2',
    'mtls first-byte: 2',
  ]);
  t.match(text, /^meshproof_probe_attempts_total\{probe="health",outcome="silent"\} 0$/m, 'there before the first');
  t.notMatch(text, /FORBIDDEN|pay-7d9f/);
});

t.test('buckets go from half a millisecond to ten seconds', async (t) => {
  const { meter, text } = metricsOf();
  meter.attempted('http', reached);
  const bounds = readExposition(await text())
    .filter(({ name }) => name === 'meshproof_probe_duration_seconds_bucket')
    .map(({ labels }) => labels['le']);
  const expected = '0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf';
  t.equal(bounds.join(' '), expected);
});

t.test('what the schedule says is counted', async (t) => {
  const { meter, text: textOf } = metricsOf({ inFlight: () => 3, loopLagMs: () => 12.5 });
  meter.due(5);
  meter.due(1);
  meter.skipped('overrun', 2);
  meter.begun(40);
  meter.begun(-1);
  const text = await textOf();
  t.strictSame(shown(text, 'meshproof_agent_scheduled_probes_total'), ['6']);
  t.strictSame(shown(text, 'meshproof_agent_skipped_probes_total'), ['overrun: 2']);
  t.strictSame(shown(text, 'meshproof_agent_schedule_lag_seconds_sum'), ['0.04'], 'nobody begins before its time');
  t.strictSame(shown(text, 'meshproof_agent_schedule_lag_seconds_count'), ['2']);
  t.strictSame(shown(text, 'meshproof_agent_inflight_probes'), ['3']);
  t.strictSame(shown(text, 'meshproof_agent_event_loop_lag_seconds'), ['0.0125']);
});

t.test('streams that ended are counted by their status', async (t) => {
  const { meter, text } = metricsOf();
  meter.disconnected('UNAVAILABLE');
  meter.disconnected(undefined);
  meter.disconnected('UNAVAILABLE');
  t.strictSame(shown(await text(), 'meshproof_report_reconnects_total'), ['UNAVAILABLE: 2', 'none: 1']);
});

t.test('the spool is looked at when somebody asks', async (t) => {
  const clock = new ManualClock(NOON_MS);
  const spool = new Spool(clock, { ...SPOOL_LIMITS, ageMs: 1_000 });
  const { text } = metricsOf({ spool });
  t.match(await text(), /^meshproof_report_last_ack_timestamp_seconds 0$/m);

  spool.add(report(1));
  spool.add(report(2));
  t.strictSame(shown(await text(), 'meshproof_report_queue_outcomes'), ['1']);
  t.strictSame(shown(await text(), 'meshproof_report_dropped_outcomes_total'), ['superseded: 1']);

  spool.take(FIT);
  t.strictSame(shown(await text(), 'meshproof_report_queue_outcomes'), []);
  t.strictSame(shown(await text(), 'meshproof_report_unacked_batches'), ['1']);

  spool.resume(1);
  t.strictSame(shown(await text(), 'meshproof_report_resent_batches_total'), ['1']);
  t.strictSame(
    shown(await text(), 'meshproof_report_last_ack_timestamp_seconds'),
    [],
    'a new stream acknowledges nothing',
  );

  spool.acknowledge(1);
  t.strictSame(shown(await text(), 'meshproof_report_unacked_batches'), []);
  t.strictSame(shown(await text(), 'meshproof_report_last_ack_timestamp_seconds'), [String(NOON_MS / 1000)]);

  spool.isBlocked = false;
  spool.add(report(3));
  await clock.advance(1_001);
  spool.add(report(4));
  t.strictSame(shown(await text(), 'meshproof_report_dropped_outcomes_total'), ['superseded: 1', 'age: 1']);
});

t.test('what is dropped for its size is called so', (t) => {
  const spool = new Spool(new ManualClock(), { ...SPOOL_LIMITS, totalBytes: 300 });
  spool.isBlocked = false;
  for (let slot = 0; slot < 5; slot += 1) spool.add(report(slot));
  const { dropped, waiting } = spool;
  t.ok(dropped.size > 0);
  t.equal(dropped.size + waiting, 5);
  t.strictSame({ ...dropped, size: 0 }, { superseded: 0, size: 0, age: 0 });
  t.end();
});

t.test('every metric of the table is there, and no other is', async (t) => {
  const text = await metricsOf().text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]);
  const table = Object.entries(AGENT_METRICS).map(([name, { type }]) => [name, type]);
  t.strictSame(types.sort(), table.sort());
});
