import t from 'tap';
import { Postgres, realPostgres } from '../support/postgres.ts';
import { seeded } from '../support/seeded.ts';
import { killAgainAndAgain } from '../support/store/killing.ts';

const real = realPostgres();

if ('missing' in real) {
  t.pass('no PostgreSQL', { skip: real.missing });
} else {
  t.test(
    'nothing acknowledged is lost, half there or doubled when a controller or its PostgreSQL is killed',
    async (t) => {
      await using postgres = await Postgres.start(real.programs);
      const { seed, random } = seeded();
      t.comment(`MESHPROOF_SEED=${String(seed)}`);
      const crash = async (): Promise<void> => {
        await postgres.crash();
        await postgres.begin();
      };
      const commits = await killAgainAndAgain({
        url: await postgres.database(),
        rounds: 15,
        random,
        beforeKill: (round) => (round % 5 === 4 ? crash : undefined),
      });
      t.ok(commits >= 15, `${String(commits)} commits`);
    },
  );
}
