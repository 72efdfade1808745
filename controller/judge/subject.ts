/** What of a cell is compared: each endpoint's expectation with what its own attempts came to. */
import type { Outcome } from '../../proto/outcome.ts';
import type { EndpointExpectation, Expectation } from '../declared/expectation.ts';
import { likenessOf, resolveOutcome } from '../measured/resolve.ts';
import type { Attempt } from './finding.ts';
import type { MeasuredCell } from './measured-cell.ts';

/** An expectation for one endpoint, or for a target whose endpoints are all alike. */
export type Declared = Omit<Expectation, 'endpoints' | 'warnings' | 'expect'> & {
  readonly expect: 'allow' | 'deny' | 'unknown';
};

export interface Subject {
  /** Not empty; several where nobody knows which endpoint answered: any of them may be meant. */
  readonly candidates: readonly Declared[];
  readonly outcome: Outcome;
  /** How many attempts that tested something it rests on. */
  readonly attempts: number;
  /** `namespace/pod`, where it is known. */
  readonly pod?: string;
}

/**
 * Never empty. Deterministic: in the order of the attempts; an endpoint that was not tested is a subject, too. Attempts
 * that tested nothing have no say, but for the cell as a whole where too few others did.
 */
export function subjectsOf(cell: MeasuredCell): readonly Subject[] {
  const { expectation, outcome } = cell;
  const tested = testedIn(cell);
  const candidates = expectation.endpoints?.length ? expectation.endpoints : [uniform(expectation)];
  const whole: Subject = { candidates, outcome, attempts: tested.length };
  if (areAlike(cell) || tested.length === 0) {
    return outcome.kind === 'untested' ? [whole, ...seenOpen(candidates, tested)] : [whole];
  }
  const byPod = Map.groupBy(tested, podOf);
  const subjects = [...byPod].flatMap(([pod, own]) => subjectsAt(candidates, pod, own, expectation.endpoints));
  return outcome.kind === 'untested' ? [...subjects, whole] : subjects;
}

/** Too few attempts to say anything of the rest; but a door that was seen open is open. */
function seenOpen(candidates: readonly Declared[], tested: readonly Attempt[]): readonly Subject[] {
  const open = tested.filter(({ outcome }) => outcome.kind === 'reached');
  return open.length === 0 ? [] : [{ candidates, outcome: prevailing(open), attempts: open.length }];
}

function subjectsAt(
  candidates: readonly Declared[],
  pod: string | undefined,
  attempts: readonly Attempt[],
  endpoints: readonly EndpointExpectation[] = [],
): readonly Subject[] {
  if (pod === undefined) {
    return attempts.map(({ outcome }) => ({ candidates, outcome, attempts: attempts.length }));
  }
  const own = endpoints.filter((endpoint) => endpoint.pod === pod);
  const outcome = prevailing(attempts);
  return [{ candidates: own.length > 0 ? own : candidates, outcome, attempts: attempts.length, pod }];
}

/** The pod that was dialled, or that answered. */
function podOf({ pod, outcome }: Attempt): string | undefined {
  return pod ?? (outcome.kind === 'reached' ? outcome.witness?.pod : undefined);
}

/** `mixed` says nothing without endpoints: then the outcome code alone decides. */
function uniform(expectation: Expectation): Declared {
  if (expectation.expect === 'mixed') return { ...expectation, expect: 'unknown' };
  return { ...expectation, expect: expectation.expect };
}

/** Attempts at one endpoint come to one outcome in the way that those of a cell do. */
function prevailing(attempts: readonly Attempt[]): Outcome {
  const outcomes = attempts.map(({ outcome }) => outcome);
  return resolveOutcome(outcomes) ?? outcomes[0] ?? { kind: 'untested', why: 'internal-fault', detail: 'no attempt' };
}

/** Nothing tells the endpoints apart: neither what is declared of them, nor (where a refusal hides it) who answered. */
function areAlike(cell: MeasuredCell): boolean {
  const pods = new Set(testedIn(cell).map(podOf));
  return cell.expectation.endpoints === undefined && (pods.size < 2 || pods.has(undefined));
}

function testedIn({ attempts }: MeasuredCell): readonly Attempt[] {
  return attempts.filter(({ outcome }) => outcome.kind !== 'untested');
}

/**
 * Attempts that were tested disagree, at one endpoint or where nothing tells endpoints apart. Where endpoints are
 * declared to differ and nobody knows which one answered, disagreement is what was declared.
 */
export function isFlapping(cell: MeasuredCell): boolean {
  const tested = testedIn(cell);
  if (areAlike(cell)) return disagree(tested);
  return [...Map.groupBy(tested, podOf)].some(
    ([pod, attempts]) => (pod !== undefined || cell.expectation.endpoints === undefined) && disagree(attempts),
  );
}

function disagree(attempts: readonly Attempt[]): boolean {
  return new Set(attempts.map(({ outcome }) => likenessOf(outcome))).size > 1;
}
