import { join } from 'node:path';
import t from 'tap';
import { breaksIn, killAgainAndAgain } from '../support/kill-monitor.ts';
import { seeded } from '../support/seeded.ts';

/** `npm run test:soak` does it a hundred times. */
const KILLS = 8;

t.test('a monitor that is killed loses nothing that it acknowledged, and tells nothing twice', async (t) => {
  const chance = seeded();
  t.comment(`MESHPROOF_SEED=${String(chance.seed)}`);
  const { attempts, counted, eventIds, transitions } = await killAgainAndAgain(
    join(t.testdir(), 'monitor.db'),
    KILLS,
    chance,
  );
  t.ok(attempts > 0);
  t.equal(counted, attempts, `each of ${String(attempts)} attempts is counted once`);
  t.same(breaksIn(transitions), []);
  t.ok(transitions.length > 0, `${String(transitions.length)} transitions`);
  t.same(
    eventIds.toSorted((a, b) => a - b),
    eventIds,
    'ids rise',
  );
  t.equal(new Set(eventIds).size, eventIds.length);
});
