/** Reads trails: which step of a stage counts, and which objects it names. */
import type { Decider, Expectation, ObjectRef, Stage, TrailStep } from '../declared/expectation.ts';
import type { TrailAgent, TrailWords } from '../declared/trail.ts';

/** A step whose words are known to be the stage's own. */
export type ReadStep<S extends Stage> = Omit<TrailStep, 'stage' | 'result' | 'by'> & {
  readonly stage: S;
  readonly result: TrailWords[S];
  readonly by?: TrailAgent;
};

/** All steps of the stage, in the flow's order. */
export function stepsOf<S extends Stage>(trail: readonly TrailStep[], stage: S): readonly ReadStep<S>[] {
  return trail.filter((candidate): candidate is TrailStep & ReadStep<S> => candidate.stage === stage);
}

/** The last step of the stage that is in effect: hops through gateways come first, the target's own hop last. */
export function effectiveStep<S extends Stage>(trail: readonly TrailStep[], stage: S): ReadStep<S> | undefined {
  return stepsOf(trail, stage).findLast(({ isInEffect }) => isInEffect !== false);
}

/** Objects that decide, without their stage. */
export function decidersOf(decider: Decider | null): readonly ObjectRef[] {
  if (decider === null) return [];
  if (decider.objects !== undefined && decider.objects.length > 0) return decider.objects;
  const { kind, namespace, name, path } = decider;
  if (kind === undefined || name === undefined) return [];
  return [{ kind, namespace: namespace ?? '', name, ...(path !== undefined && { path }) }];
}

/** Everything declared that the expectations and their endpoints name, each once and without its path. */
export function objectsIn(expectations: readonly Expectation[]): readonly ObjectRef[] {
  const refs = expectations
    .flatMap((expectation) => [expectation, ...(expectation.endpoints ?? [])])
    .flatMap(({ decidedBy, trail }) => [...decidersOf(decidedBy), ...trail.flatMap(({ object }) => object ?? [])]);
  const named = refs.map(
    ({ kind, namespace, name }) => [`${kind}/${namespace}/${name}`, { kind, namespace, name }] as const,
  );
  return [...new Map(named).values()];
}
