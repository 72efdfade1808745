import t from 'tap';
import type { Cell, Drift, VerdictValue } from '../../controller/judge/finding.ts';
import { lies } from '../support/lies.ts';
import { SILENCE, someNoise } from '../support/noise.ts';
import type { Noise } from '../support/noise.ts';
import { recordSweep } from '../support/recorded-sweep.ts';
import { replay } from '../support/replay.ts';
import { seeded } from '../support/seeded.ts';

const CELLS = 10_000;
function worded(noise: Noise): string {
  return Object.entries(noise)
    .map(([fault, chance]) => `${fault} ${(chance as number).toFixed(2)}`)
    .join(', ');
}

t.test('ten thousand noisy cells: nothing false is claimed', async (t) => {
  const { seed, random } = seeded();
  t.comment(`MESHPROOF_SEED=${String(seed)} repeats this`);
  const scenarios = [await recordSweep('healthy'), await recordSweep('shop')];

  for (const recorded of scenarios) {
    const { cells, verdict } = replay(recorded, SILENCE, random);
    const drifts = (all: readonly Cell[]): unknown => all.map(({ key, drift, cause }) => [key, drift, cause?.code]);
    t.same(
      drifts(cells),
      drifts(recorded.sweep.cells),
      `${recorded.name}: without noise it is the sweep that was recorded`,
    );
    t.same(verdict, recorded.sweep.verdict);
  }

  const seen = new Map<Drift, number>();
  const values = new Set<VerdictValue>();
  for (let judged = 0; judged < CELLS;) {
    for (const recorded of scenarios) {
      const noise = someNoise(random);
      const result = replay(recorded, noise, random);
      const found = lies(recorded, result);
      if (found.length > 0) t.same(found, [], `${recorded.name} with ${worded(noise)}`);
      for (const { drift } of result.cells) seen.set(drift, (seen.get(drift) ?? 0) + 1);
      values.add(result.verdict.value);
      judged += result.cells.length;
    }
  }
  t.comment([...seen].map(([drift, count]) => `${drift} ${String(count)}`).join(', '));
  t.ok((seen.get('agrees') ?? 0) > CELLS / 10, 'much came through');
  t.ok((seen.get('unknown') ?? 0) > CELLS / 10, 'and much did not');
  t.ok((seen.get('blocked') ?? 0) > 0, 'what is really blocked was said to be');
  t.same(values, new Set(['pass', 'inconclusive', 'fail']));
});
