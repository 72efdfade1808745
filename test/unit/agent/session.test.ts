import t from 'tap';
import { BACKOFF, delayAfter, holdSession } from '../../../agent/session.ts';
import type { ConversationEnd } from '../../../agent/session/conversation.ts';
import { Spool } from '../../../agent/spool.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const failedDial: ConversationEnd = { kind: 'lost', why: 'refused', wasWelcomed: false };
const lostStream: ConversationEnd = { kind: 'lost', why: 'reset', wasWelcomed: true };
const refused: ConversationEnd = { kind: 'refused', why: 'UNAUTHENTICATED' };

t.test('the wait before the next dial', (t) => {
  const cases: readonly (readonly [
    what: string,
    end: ConversationEnd,
    failures: number,
    least: number,
    most: number,
  ])[] = [
    ['first failed dial', failedDial, 1, 500, 1_000],
    ['second', failedDial, 2, 1_000, 2_000],
    ['fifth', failedDial, 5, 8_000, 16_000],
    ['twentieth: never more than half a minute', failedDial, 20, 15_000, 30_000],
    ['a lost stream: at random within five seconds', lostStream, 0, 0, 5_000],
    ['a refusal: a minute', refused, 1, 60_000, 66_000],
  ];
  for (const [what, end, failures, least, most] of cases) {
    t.equal(delayAfter(end, failures, { backoff: BACKOFF, random: () => 0 }), least, what);
    t.equal(delayAfter(end, failures, { backoff: BACKOFF, random: () => 1 }), most, what);
  }
  t.end();
});

t.test('an agent that has been without a controller for long enough gives up', async (t) => {
  const clock = new ManualClock();
  let dials = 0;
  const held = holdSession(
    {
      clock,
      open: () => {
        dials += 1;
        return Promise.reject(new Error('no route'));
      },
      spool: new Spool(clock),
      work: { replace: () => undefined, change: () => undefined, pendingAttempts: 0, drain: () => Promise.resolve() },
      fitness: () => ({ loopLagP99Ms: 0, throttledShare: 0, isSidecarReady: true, isFit: true }),
      agentId: 'web',
      bootId: 'boot',
      vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'naked' },
      plan: { version: 0 },
      controllerTime: { hear: () => undefined },
      controlPath: { hear: () => undefined },
      graceMs: 0,
      backoff: BACKOFF,
      random: () => 1,
      onEnd: () => undefined,
      giveUpAfterMs: 10_000,
    },
    new AbortController().signal,
  );
  await clock.advance(0);
  await clock.advance(60_000);
  t.equal(await held, 'alone');
  // At once, then after 1, 2 and 4 seconds; the next wait would end 15 seconds after the first dial.
  t.equal(dials, 4);
});
