/** What a disturbed sweep claims and should not, told without a look at how it was judged. */
import type { Drift, VerdictValue } from '../../controller/judge/finding.ts';
import type { Judgement } from '../../controller/judge/judge.ts';
import type { Outcome, Report } from '../../proto/outcome.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import type { RecordedSweep } from './recorded-sweep.ts';

export interface DisturbedSweep extends Judgement {
  /** All that was delivered, in its order; with repetitions and strays. */
  readonly delivered: readonly Report[];
}

const FAILS: readonly Drift[] = ['exposed', 'blocked', 'downgraded', 'misplaced'];

/** What a bystander would say of an answer: somebody was there and said something. */
function speaks(outcome: Outcome): boolean {
  if (outcome.kind === 'reached') return true;
  if (outcome.kind !== 'refused') return false;
  return (
    outcome.certificate !== undefined ||
    outcome.status !== undefined ||
    outcome.alert !== undefined ||
    ['speaks-plaintext', 'not-the-protocol'].includes(outcome.signature)
  );
}

/**
 * Everything false that a disturbed sweep claims, in words. Looks at what was delivered and at the undisturbed sweep,
 * and at nothing that the judge made of it.
 */
export function lies(
  recorded: RecordedSweep,
  { cells, conflicts, verdict, delivered }: DisturbedSweep,
): readonly string[] {
  const genuine = delivered.filter((report) => isTrue(recorded, report));
  const spoken = genuine.filter(({ outcome }) => speaks(outcome));
  const alive = new Set(spoken.flatMap((report) => placesOf(recorded, report)));
  const found = cells.flatMap((cell, index) => {
    const truth = recorded.sweep.cells[index];
    if (truth?.key !== cell.key) return [`${cell.key} stands in another place`];
    if (FAILS.includes(cell.drift)) return cell.drift === truth.drift ? [] : [`${cell.key}: false ${cell.drift}`];
    if (cell.drift !== 'agrees') return [];
    if (truth.drift !== 'agrees') return [`${cell.key}: agrees, but is ${truth.drift}`];
    const own = genuine.filter(({ route }) => route === index + 1);
    const addresses = new Set(own.map(({ outcome }) => (outcome.kind === 'untested' ? -1 : outcome.address)));
    if (addresses.size < (recorded.routed[index]?.dialled.length ?? 1)) return [`${cell.key}: agrees unseen`];
    if (cell.expectation.expect !== 'deny') return [];
    if (!alive.has(vantageKey(cell.vantage))) return [`${cell.key}: agrees, and its vantage reached nothing`];
    if (ABSENT.includes(cell.expectation.outcome)) return [];
    const pods = own.flatMap((report) => podsBehind(recorded, report));
    return pods.length === 0 || pods.some((pod) => alive.has(pod)) ? [] : [`${cell.key}: agrees with a dead target`];
  });
  const known = new Set(recorded.sweep.conflicts.map(({ cause }) => `${cause.code} ${cause.fix}`));
  const invented = conflicts
    .filter(({ isConfirmed, cause }) => isConfirmed && !known.has(`${cause.code} ${cause.fix}`))
    .map(({ cause }) => `a conflict that is none: ${cause.message}`);
  const allowed: readonly VerdictValue[] = [recorded.sweep.verdict.value, 'inconclusive'];
  const misjudged = allowed.includes(verdict.value) ? [] : [`the verdict is ${verdict.value}`];
  const untold = cells
    .filter(({ drift, cause }) => drift === 'unknown' && cause === null)
    .map(({ key }) => `${key}: unknown without a cause`);
  return [...found, ...invented, ...misjudged, ...untold];
}

/** Of an attempt that was asked for, and with what that attempt shows. */
function isTrue(recorded: RecordedSweep, { route, attempt, outcome }: Report): boolean {
  const routed = recorded.routed[route - 1];
  if (routed === undefined || attempt >= routed.attempts || outcome.kind === 'untested') return false;
  return outcome === recorded.truth(route, attempt);
}

/** Declared to have nobody there who could show that he is alive. */
const ABSENT = ['NO_ENDPOINTS', 'NO_ROUTE', 'APP_DOWN', 'CLIENT_BLACKHOLE', 'HEALTH_FAILED'];

/** Who was proved to be alive by an answer: where it was asked from, and the pods that may have given it. */
function placesOf(recorded: RecordedSweep, report: Report): readonly string[] {
  const { vantage = '' } = recorded.routed[report.route - 1] ?? {};
  return [vantage, ...podsBehind(recorded, report)];
}

function podsBehind({ routed }: RecordedSweep, { route, attempt, outcome }: Report): readonly string[] {
  const dialled = routed[route - 1]?.dialled ?? [];
  const witness = outcome.kind === 'reached' ? outcome.witness?.pod : undefined;
  const pod = dialled[attempt % dialled.length]?.pod ?? witness;
  return pod === undefined ? [] : [pod];
}
