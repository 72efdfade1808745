import t from 'tap';
import type { VerdictValue } from '../../controller/judge/finding.ts';
import { DEFAULT_SWEEP_OPTIONS, sweep } from '../../controller/sweep.ts';
import { systemClock } from '../../proto/system-clock.ts';
import type { Report } from '../../proto/outcome.ts';
import { FakeLauncher } from '../support/fake-launcher.ts';
import type { Script } from '../support/fake-launcher.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { lies } from '../support/lies.ts';
import type { DisturbedSweep } from '../support/lies.ts';
import { someNoise } from '../support/noise.ts';
import type { Noise } from '../support/noise.ts';
import { recordSweep } from '../support/recorded-sweep.ts';
import type { RecordedSweep } from '../support/recorded-sweep.ts';
import { seeded } from '../support/seeded.ts';

const SWEEPS = 12;
/** Fake agents send no heartbeats. */
const PATIENT = { ...DEFAULT_SWEEP_OPTIONS, heartbeatIntervalMs: 3_600_000, lostAfterMs: 36_000_000 };

/** A sweep over real streams, whose agents report what was recorded, as far as the noise lets them. */
async function disturbedSweep(
  recorded: RecordedSweep,
  noise: Noise,
  random: () => number,
): Promise<DisturbedSweep & { readonly dropped: number }> {
  const delivered: Report[] = [];
  let dropped = 0;
  const script: Script = ({ route, slot }, attempt, agent) => {
    if (random() < noise.agentLoss / 20) {
      const [id] = [...launcher.agents].find(([, own]) => own === agent) ?? [];
      if (id !== undefined) launcher.lose(id, 'the process was ended by noise');
    }
    if (random() < noise.drop) {
      dropped += 1;
      return undefined;
    }
    const isFault = random() < noise.fault;
    const outcome = isFault
      ? ({ kind: 'untested', why: random() < 0.5 ? 'agent-starved' : 'internal-fault', detail: 'noise' } as const)
      : recorded.truth(route, attempt);
    delivered.push({ route, slot, attempt, startedAtMs: 0, outcome });
    return outcome;
  };
  await using launcher = new FakeLauncher({ places: recorded.places, script, saysDrops: true });
  const deps = {
    snapshot: () => Promise.resolve(recorded.snapshot),
    launcher: Object.assign(launcher, { addressesOf: recorded.addressesOf }),
    clock: hurriedClock(systemClock, 50),
    progress: () => undefined,
  };
  const { cells, conflicts, verdict } = await sweep(deps, PATIENT, new AbortController().signal);
  return { cells, conflicts, verdict, delivered, dropped };
}

t.test('noisy sweeps over real streams end in time and claim nothing false', async (t) => {
  const { seed, random } = seeded();
  t.comment(`MESHPROOF_SEED=${String(seed)} repeats this`);
  const scenarios = [await recordSweep('healthy'), await recordSweep('shop')];
  const values = new Map<VerdictValue, number>();
  let dropped = 0;
  for (let round = 0; round < SWEEPS; round += 1) {
    const recorded = scenarios[round % scenarios.length];
    if (recorded === undefined) throw new RangeError('no scenario');
    const noise = someNoise(random);
    const result = await disturbedSweep(recorded, noise, random);
    t.same(lies(recorded, result), [], recorded.name);
    values.set(result.verdict.value, (values.get(result.verdict.value) ?? 0) + 1);
    dropped += result.dropped;
  }
  t.comment([...values].map(([value, count]) => `${value} ${String(count)}`).join(', '));
  t.ok(dropped > 0, 'and sweeps with gaps were among them');
});
