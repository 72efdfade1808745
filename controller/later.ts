/** The declared state once more, when measuring is over: what changed under the sweep, and whether that bears on it. */
import { bearing } from './declared/bearing.ts';
import type { Expectation } from './declared/expectation.ts';
import { buildMesh } from './declared/mesh.ts';
import type { Later } from './judge/judge.ts';
import { expectationsOf } from './plan/expectations.ts';
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
    isSamePlan &&
    expectations.every((later, index) => {
      const former = before.expectations[index];
      return former !== undefined && bearing(later) === bearing(former);
    });
  return { mesh, expectations, isAnother: !isSame };
}

function nameOf({ kind, metadata: { namespace, name } }: K8sObject): string {
  return `${kind}/${namespace}/${name}`;
}

function keysOf({ cells }: Plan): string {
  return cells
    .map(({ key }) => key)
    .sort()
    .join('\n');
}
