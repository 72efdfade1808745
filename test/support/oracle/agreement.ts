/** Holds an expectation of the engine against the oracle's opinions. */
import type { Decider, EndpointExpectation, Expectation } from '../../../controller/declared/expectation.ts';
import type { Deciders, Opinion } from './oracle.ts';

/** A line for each thing on which the two differ. */
export function disagreements(expectation: Expectation, opinions: readonly Opinion[]): readonly string[] {
  const kinds = new Set(opinions.map(({ expect }) => expect));
  const expect = kinds.size > 1 ? 'mixed' : [...kinds][0];
  if (expectation.expect !== expect) {
    const seen = opinions.map(({ pod, outcome }) => `${pod ?? 'nowhere'} ${outcome}`).join(', ');
    return [`engine: ${expectation.expect} (${expectation.outcome}), oracle: ${expect ?? 'nothing'} (${seen})`];
  }
  const found = opinions.flatMap((opinion) => differences(answerFor(expectation, opinion), opinion));
  return [...found, ...undecided(expectation, opinions)];
}

/** Endpoints of one outcome are not listed: the decider is then that of one of them. */
function undecided(expectation: Expectation, opinions: readonly Opinion[]): readonly string[] {
  const { endpoints } = expectation;
  const isDecidedAs =
    (decidedBy: Decider | null) =>
    ({ deciders }: Opinion): boolean =>
      isAmong(namesOf(decidedBy), deciders);
  const wrong =
    endpoints === undefined
      ? opinions.some(isDecidedAs(expectation.decidedBy))
        ? []
        : [{ pod: 'all', outcome: expectation.outcome, decidedBy: expectation.decidedBy, among: opinions }]
      : endpoints
          .map(({ pod, outcome, decidedBy }) => ({
            pod,
            outcome,
            decidedBy,
            among: opinions.filter((opinion) => (opinion.pod ?? '') === pod),
          }))
          .filter(({ among, decidedBy }) => among.length > 0 && !among.some(isDecidedAs(decidedBy)));
  return wrong.map(
    ({ pod, outcome, decidedBy, among }) =>
      `${pod} ${outcome} decided by: engine [${namesOf(decidedBy).join(', ')}], oracle ${among.map(({ deciders }) => drawn(deciders)).join(' or ')}`,
  );
}

type Answer = Pick<EndpointExpectation, 'expect' | 'outcome' | 'transport' | 'identity' | 'decidedBy'>;

/** Where the endpoints of an expectation are not listed, all of them are as it says. */
function answerFor(expectation: Expectation, { pod }: Opinion): Answer | undefined {
  if (expectation.endpoints === undefined) return expectation as Answer;
  return expectation.endpoints.find((endpoint) => endpoint.pod === (pod ?? ''));
}

function differences(answer: Answer | undefined, opinion: Opinion): readonly string[] {
  const of = opinion.pod ?? 'nowhere';
  if (answer === undefined) return [`${of}: the engine says nothing of it`];
  const found: string[] = [];
  for (const field of ['expect', 'outcome', 'transport', 'identity'] as const) {
    if (answer[field] !== opinion[field]) {
      found.push(`${of} ${field}: engine ${String(answer[field])}, oracle ${String(opinion[field])}`);
    }
  }
  return found;
}

function namesOf(decider: Decider | null): readonly string[] {
  if (decider === null) return [];
  if (decider.objects !== undefined) {
    return decider.objects.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
  }
  if (decider.kind === undefined) return [];
  const rule = /^spec\.rules\[\d+\]/.exec(decider.path ?? '')?.[0];
  const path = decider.kind === 'AuthorizationPolicy' && rule !== undefined ? `#${rule}` : '';
  return [`${decider.kind} ${decider.namespace ?? ''}/${decider.name ?? ''}${path}`];
}

function isAmong(named: readonly string[], { are, keys }: Deciders): boolean {
  const isKnown = named.every((name) => keys.includes(name));
  switch (are) {
    case 'all':
      return isKnown && named.length === keys.length;
    case 'some':
      return isKnown && named.length > 0;
    case 'perhaps some':
      return isKnown;
  }
}

function drawn({ are, keys }: Deciders): string {
  return `${are} of [${keys.join(', ')}]`;
}
