import t from 'tap';
import { seeded } from '../support/seeded.ts';
import { killAgainAndAgain } from '../support/store/killing.ts';

t.test(
  'nothing acknowledged is lost, half there or doubled when a controller on SQLite is killed 20 times',
  async (t) => {
    const { seed, random } = seeded();
    t.comment(`MESHPROOF_SEED=${String(seed)}`);
    const commits = await killAgainAndAgain({ url: `${t.testdir()}/store.sqlite`, rounds: 20, random });
    t.ok(commits >= 20, `${String(commits)} commits`);
  },
);
