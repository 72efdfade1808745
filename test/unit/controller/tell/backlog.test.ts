import fc from 'fast-check';
import t from 'tap';
import type { StoredEvent } from '../../../../controller/monitor/events.ts';
import { Backlog } from '../../../../controller/tell/backlog.ts';
import { NOON_MS, summary } from '../../../support/monitored.ts';

type Step =
  /** So many more events, with so many numbers left out before each. */
  | { readonly kind: 'arrive'; readonly count: number; readonly hole: number }
  /** So many are taken out. */
  | { readonly kind: 'take'; readonly count: number }
  /** As arrive, but while the store is being read. */
  | { readonly kind: 'during-read'; readonly count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('arrive' as const), count: fc.integer({ min: 1, max: 12 }), hole: fc.nat({ max: 2 }) }),
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant('during-read' as const), count: fc.integer({ min: 1, max: 5 }) }),
);

t.test('whatever comes when, every event is handed out once and in order, and few are held', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat({ max: 10 }),
      async (steps, length, before) => {
        const { signal } = new AbortController();
        const stored: StoredEvent[] = [];
        let duringRead = 0;
        let isListening = false;
        const arrive = (count: number, hole = 0): void => {
          for (let left = count; left > 0; left -= 1) {
            const id = (stored.at(-1)?.id ?? 0) + 1 + hole;
            const event: StoredEvent = { id, event: { kind: 'sweep', atMs: NOON_MS, sweep: summary('s') } };
            stored.push(event);
            if (isListening) backlog.offer(event);
          }
        };
        const backlog = new Backlog(
          async ({ afterId = 0, beforeId, limit }) => {
            const found = stored.filter(({ id }) => id > afterId && id < (beforeId ?? Infinity));
            const read = beforeId === undefined ? found.slice(0, limit) : found.slice(-limit);
            const coming = duringRead;
            duringRead = 0;
            await Promise.resolve();
            arrive(coming);
            return read;
          },
          { length, onOverflow: () => undefined, onMissing: (gap) => t.fail(`missing ${JSON.stringify(gap)}`) },
        );
        arrive(before);
        const first = stored.at(-1)?.id ?? 0;
        isListening = true;
        await backlog.begin(undefined);
        const taken: number[] = [];
        const waiting = (): number => stored.filter(({ id }) => id > (taken.at(-1) ?? first)).length;
        const take = async (): Promise<void> => {
          taken.push((await backlog.next(signal)).id);
        };
        for (const one of steps) {
          if (one.kind === 'arrive') arrive(one.count, one.hole);
          else if (one.kind === 'during-read') duringRead = one.count;
          else for (let left = Math.min(one.count, waiting()); left > 0; left -= 1) await take();
          if (backlog.held > length) return false;
        }
        while (waiting() > 0) await take();
        const expected = stored.map(({ id }) => id).filter((id) => id > first);
        return JSON.stringify(taken) === JSON.stringify(expected);
      },
    ),
    { numRuns: 500 },
  );
});
