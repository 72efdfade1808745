import t from 'tap';
import { sweepScenario } from '../support/sandbox-sweep.ts';

t.test(
  'in a healthy mesh every cell is judged, agrees with what is declared, and nothing contradicts itself',
  async (t) => {
    const { cells, conflicts, verdict } = await sweepScenario('healthy', { options: { minCoverage: 1 } });
    t.same(
      cells.filter(({ drift }) => drift !== 'agrees').map(({ key, drift, cause }) => [key, drift, cause]),
      [],
    );
    t.same(conflicts, []);
    t.match(verdict, { value: 'pass', coverage: 1, counts: { flapping: 0 } });
    const tables = Map.groupBy(cells, ({ table }) => table);
    t.same([...tables.keys()], ['reachability', 'transport', 'health']);
    t.ok(verdict.counts.deniedAsDeclared > 0, 'denials that agree are among them');
  },
);
