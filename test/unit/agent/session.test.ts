import t from 'tap';
import { BACKOFF, delayAfter } from '../../../agent/session.ts';
import type { ConversationEnd } from '../../../agent/session/conversation.ts';

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
