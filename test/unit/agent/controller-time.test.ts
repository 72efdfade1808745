import t from 'tap';
import { ControllerTime, doubtfulTime } from '../../../agent/controller-time.ts';
import type { Outcome, PeerCertificate, Reached } from '../../../proto/outcome.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { HOUR_MS, steppingClock } from '../../support/stepping-clock.ts';

const NOON = Date.parse('2026-01-01T12:00:00Z');

const UNSERVED: Reached = { kind: 'reached', address: 0, timings: { totalMs: 1 }, transport: 'mtls' };

/** Issued at noon, for a day. */
function served(fault: PeerCertificate['fault']): Outcome {
  const certificate = {
    spiffeId: 'spiffe://cluster.local/ns/shop/sa/pay',
    notBeforeMs: NOON,
    notAfterMs: NOON + 24 * HOUR_MS,
    issuerFingerprint: 'ab',
    fault,
  };
  return { ...UNSERVED, certificate };
}

t.test('the controller says once what time it is, and its clock goes on whatever ours does', async (t) => {
  const manual = new ManualClock(NOON);
  const clock = steppingClock(manual);
  const time = new ControllerTime(clock);
  clock.step(-HOUR_MS);
  t.equal(time.nowMs(), NOON - HOUR_MS, 'nothing was heard: our own');
  time.hear(0);
  t.equal(time.nowMs(), NOON - HOUR_MS, 'it did not say');
  time.hear(NOON);
  await manual.advance(5_000);
  clock.step(3 * HOUR_MS);
  t.equal(time.nowMs(), NOON + 5_000);
});

t.test('a certificate that is valid by one of the clocks only proves nothing', (t) => {
  const early = NOON - HOUR_MS / 2;
  const late = NOON + 25 * HOUR_MS;
  const rows: readonly (readonly [string, Outcome, number, number, string])[] = [
    ['both say valid', served(null), NOON + 1, NOON + HOUR_MS, ''],
    ['both say not yet', served('not-yet-valid'), early, early - HOUR_MS, ''],
    ['both say expired', served('expired'), late, late + HOUR_MS, ''],
    ['ours is behind: not yet valid here', served('not-yet-valid'), early, early + HOUR_MS, '3600 s behind'],
    ['ours is ahead: expired here', served('expired'), late, late - 2 * HOUR_MS, '7200 s ahead of'],
    ['ours is behind: still valid here', served(null), late - 2 * HOUR_MS, late, '7200 s behind'],
    ['no certificate was served', UNSERVED, early, late, ''],
    ['nothing was tested', { kind: 'untested', why: 'cancelled', detail: '' }, early, late, ''],
  ];
  for (const [what, outcome, ownMs, controllerMs, apart] of rows) {
    const doubt = doubtfulTime(outcome, ownMs, controllerMs);
    if (apart === '') t.equal(doubt, undefined, what);
    else t.match(doubt, { kind: 'untested', why: 'agent-not-ready', detail: new RegExp(apart) }, what);
  }
  t.end();
});
