import { join } from 'node:path';
import t from 'tap';
import { breaksIn, killAgainAndAgain } from '../support/kill-monitor.ts';
import { seeded } from '../support/seeded.ts';
import { NO_SOAK } from '../support/soak.ts';

const KILLS = 100;

t.test(
  'a monitor that is killed a hundred times loses nothing, and tells nothing twice',
  { skip: NO_SOAK },
  async (t) => {
    const chance = seeded();
    t.comment(`MESHPROOF_SEED=${String(chance.seed)}`);
    const url = join(t.testdir(), 'monitor.db');
    const { attempts, counted, eventIds, transitions } = await killAgainAndAgain(url, KILLS, chance);
    t.equal(counted, attempts, `each of ${String(attempts)} attempts is counted once`);
    t.same(breaksIn(transitions), [], `${String(transitions.length)} transitions`);
    t.ok(transitions.length > KILLS);
    t.same(
      eventIds.toSorted((a, b) => a - b),
      eventIds,
    );
    t.equal(new Set(eventIds).size, eventIds.length);
  },
);
