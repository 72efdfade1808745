/** Faults of ours on the way from an attempt to the matrix, at random. */
import type { Outcome, Report, UntestedWhy } from '../../proto/outcome.ts';

/** Each a chance from 0 to 1. */
export interface Noise {
  /** Of an outcome: a fault of ours stands in its place. */
  readonly fault: number;
  /** Of an outcome: it never comes. */
  readonly drop: number;
  /** Of an agent: it is lost at some moment of a round. */
  readonly agentLoss: number;
  /** Of a batch. */
  readonly batchLoss: number;
  readonly batchRepeat: number;
  /** Of a batch: it comes in a later round, or never. */
  readonly delay: number;
  /** Of an outcome: beside it comes one that answers something else, another slot, attempt or address. */
  readonly stray: number;
  /** Of an agent: it is starved for a whole round. */
  readonly starvation: number;
}

export const SILENCE: Noise = {
  fault: 0,
  drop: 0,
  agentLoss: 0,
  batchLoss: 0,
  batchRepeat: 0,
  delay: 0,
  stray: 0,
  starvation: 0,
};

/** From nearly none to so much that hardly anything comes through. */
export function someNoise(random: () => number): Noise {
  const level = random() ** 2;
  const chance = (): number => level * random();
  return {
    fault: chance(),
    drop: chance(),
    agentLoss: chance() / 2,
    batchLoss: chance(),
    batchRepeat: random(),
    delay: chance(),
    stray: random() / 2,
    starvation: chance() / 2,
  };
}

const FAULTS: readonly UntestedWhy[] = [
  'agent-lost',
  'agent-starved',
  'agent-not-ready',
  'resource-exhausted',
  'no-certificate',
  'dropped',
  'cancelled',
  'unsupported-probe',
  'internal-fault',
];

export interface Delivery {
  /** In the order of their coming; with repetitions. */
  readonly now: readonly Report[];
  readonly later: readonly Report[];
  readonly isAgentLost: boolean;
}

const MOST_IN_BATCH = 20;

/** What comes of one agent's true reports in one round. */
export function disturbed(reports: readonly Report[], noise: Noise, random: () => number): Delivery {
  const hits = (chance: number): boolean => random() < chance;
  const isAgentLost = hits(noise.agentLoss);
  const isStarved = hits(noise.starvation);
  const done = shuffled(reports, random).slice(0, isAgentLost ? Math.floor(random() * reports.length) : undefined);
  const sent = done.flatMap((report): readonly Report[] => {
    if (hits(noise.drop)) return [];
    const why = isStarved ? 'agent-starved' : pick(FAULTS, random);
    const own = isStarved || hits(noise.fault) ? { ...report, outcome: fault(why) } : report;
    return hits(noise.stray) ? shuffled([own, stray(report, reports, random)], random) : [own];
  });
  const now: Report[][] = [];
  const later: Report[][] = [];
  for (const batch of batchesOf(sent, random)) {
    if (hits(noise.batchLoss)) continue;
    (hits(noise.delay) ? later : now).push(batch);
    if (hits(noise.batchRepeat)) (hits(0.5) ? later : now).push(batch);
  }
  return { now: shuffled(now, random).flat(), later: later.flat(), isAgentLost };
}

/** A true outcome of another cell, said of an attempt that nobody asked for, or from an address that is another's. */
function stray(report: Report, others: readonly Report[], random: () => number): Report {
  const { outcome } = pick(others, random);
  switch (Math.floor(random() * 3)) {
    case 0:
      return { ...report, slot: report.slot + 1_000_000, outcome };
    case 1:
      return { ...report, attempt: report.attempt + 1_000, outcome };
    default:
      return { ...report, route: report.route + 1_000_000, outcome };
  }
}

function fault(why: UntestedWhy): Outcome {
  return { kind: 'untested', why, detail: 'noise' };
}

function batchesOf(reports: readonly Report[], random: () => number): readonly Report[][] {
  const batches: Report[][] = [];
  for (let rest = reports; rest.length > 0;) {
    const size = 1 + Math.floor(random() * MOST_IN_BATCH);
    batches.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return batches;
}

export function pick<T>(all: readonly T[], random: () => number): T {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new RangeError('nothing to choose from');
  return one;
}

export function shuffled<T>(all: readonly T[], random: () => number): readonly T[] {
  return all
    .map((one) => ({ one, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
}
