/** The declared state once more, when measuring is over: what changed under the sweep, and whether that bears on it. */
import { expectationClasses } from './declared/classes.ts';
import type { Expectation } from './declared/expectation.ts';
import { buildMesh } from './declared/mesh.ts';
import type { Mesh } from './declared/mesh.ts';
import type { Later } from './judge/judge.ts';
import { flowOf } from './plan/flow.ts';
import { makePlan } from './plan/plan.ts';
import type { PlacedVantage, Plan, PlanOptions } from './plan/plan.ts';
import type { K8sObject, Snapshot } from './snapshot/snapshot.ts';

/** What the sweep went by. */
export interface Before {
  readonly taken: Snapshot;
  /** `taken`, with our own pods declared in it. */
  readonly placed: Snapshot;
  readonly vantages: readonly PlacedVantage[];
  readonly plan: Plan;
  readonly expectations: readonly Expectation[];
  readonly options: PlanOptions;
}

export interface LaterState extends Later {
  /** Other cells would be planned now, or others expected of them; else what changed has no part in what was measured. */
  readonly isAnother: boolean;
}

/** Undefined where nothing changed. */
export function laterState(before: Before, after: Snapshot): LaterState | undefined {
  const { taken, placed, vantages, plan, options } = before;
  if (after.digest === taken.digest) return undefined;
  const known = new Set(taken.objects.map(nameOf));
  const ours = placed.objects.filter((object) => !known.has(nameOf(object)));
  const mesh = buildMesh({ ...after, objects: [...after.objects, ...ours] });
  const expectations = expectationsOf(mesh, plan);
  const isSamePlan = keysOf(makePlan(mesh, vantages, options)) === keysOf(plan);
  const isSame =
    isSamePlan && expectations.every((later, index) => bearing(later) === bearing(before.expectations[index]));
  return { mesh, expectations, isAnother: !isSame };
}

function nameOf({ kind, metadata: { namespace, name } }: K8sObject): string {
  return `${kind}/${namespace}/${name}`;
}

/** In the order of the cells. */
export function expectationsOf(mesh: Mesh, plan: Plan): readonly Expectation[] {
  const { expect } = expectationClasses(mesh);
  return plan.cells.map(({ route, source }) => expect(flowOf(route, source)));
}

function keysOf({ cells }: Plan): string {
  return cells
    .map(({ key }) => key)
    .sort()
    .join('\n');
}

/** What of an expectation is held against what is seen: not who decided it, nor on which way. */
function bearing(expectation: Expectation | undefined): string {
  if (expectation === undefined) return '';
  const { expect, outcome, transport, identity, endpoints = [] } = expectation;
  const each = endpoints.map((endpoint) => [endpoint.pod, endpoint.outcome, endpoint.transport, endpoint.identity]);
  return JSON.stringify([expect, outcome, transport, identity, each]);
}
