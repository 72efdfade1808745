/** The declared state as a monitor goes by it, and what one state has that the one before had not. */
import { bearing } from '../declared/bearing.ts';
import type { Expectation } from '../declared/expectation.ts';
import { buildMesh } from '../declared/mesh.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { K8sObject, Snapshot } from '../declared/objects.ts';
import { objectName } from '../judge/cause.ts';
import { objectsIn } from '../judge/trail-reading.ts';
import type { PlacedVantage, PlannedCell } from '../plan/cell.ts';
import { expectationsOf } from '../plan/expectations.ts';
import { makePlan } from '../plan/plan.ts';
import type { Plan, PlanOptions } from '../plan/plan.ts';
import type { ChangedObject } from './events.ts';
import { rolloutsIn } from './suppression.ts';

export interface DeclaredCell {
  readonly planned: PlannedCell;
  readonly expectation: Expectation;
}

export interface DeclaredState {
  readonly taken: Snapshot;
  readonly mesh: Mesh;
  readonly plan: Plan;
  /** By `routeKey`, in the order of the plan. */
  readonly cells: ReadonlyMap<string, DeclaredCell>;
  /** Workloads whose pods are being replaced. */
  readonly rollouts: ReadonlySet<string>;
}

/** `placed`: `taken` with our own pods declared in it. */
export function declaredState(
  taken: Snapshot,
  { snapshot: placed, vantages }: { readonly snapshot: Snapshot; readonly vantages: readonly PlacedVantage[] },
  options: PlanOptions,
): DeclaredState {
  const mesh = buildMesh(placed);
  const plan = makePlan(mesh, vantages, options);
  const expectations = expectationsOf(mesh, plan);
  const cells = new Map<string, DeclaredCell>();
  plan.cells.forEach((planned, index) => {
    const expectation = expectations[index];
    if (expectation !== undefined) cells.set(planned.key, { planned, expectation });
  });
  return { taken, mesh, plan, cells, rollouts: rolloutsIn(taken.objects) };
}

/** Keys of the routes that are in both states, and of which something else is expected now. */
export function changedAnswers(before: DeclaredState, after: DeclaredState): readonly string[] {
  return [...after.cells].flatMap(([key, { expectation }]) => {
    const former = before.cells.get(key)?.expectation;
    return former === undefined || former === expectation || bearing(former) === bearing(expectation) ? [] : [key];
  });
}

/** By route of those whose answer has changed: the changed objects that it names, before or after; all, where it names none. */
export function changesByRoute(
  routes: readonly string[],
  before: DeclaredState,
  after: DeclaredState,
): ReadonlyMap<string, readonly ChangedObject[]> {
  const objects = changedObjects(before.taken, after.taken);
  return new Map(
    routes.map((key) => {
      const expectations = [before, after].flatMap(({ cells }) => cells.get(key)?.expectation ?? []);
      const named = new Set(objectsIn(expectations).map(objectName));
      const own = objects.filter((object) => named.has(objectName(object)));
      return [key, own.length > 0 ? own : objects];
    }),
  );
}

/** What comes and goes with pods is not a change of policy. */
const RUNNING: ReadonlySet<string> = new Set([
  'Pod',
  'Endpoints',
  'EndpointSlice',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'Node',
]);

/** Objects of policy, routing and naming that were added, changed or deleted; in the order of the snapshots. */
export function changedObjects(before: Snapshot, after: Snapshot): readonly ChangedObject[] {
  const former = namedIn(before);
  const current = namedIn(after);
  const news = [...current].flatMap(([name, object]): ChangedObject[] => {
    const old = former.get(name);
    if (old === undefined) return [changeOf(object, 'added')];
    return isSame(old, object) ? [] : [changeOf(object, 'changed')];
  });
  const gone = [...former].flatMap(([name, object]) => (current.has(name) ? [] : [changeOf(object, 'deleted')]));
  return [...news, ...gone];
}

function namedIn({ objects }: Snapshot): ReadonlyMap<string, K8sObject> {
  return new Map(
    objects
      .filter(({ kind }) => !RUNNING.has(kind))
      .map((object) => [`${object.kind}/${object.metadata.namespace}/${object.metadata.name}`, object]),
  );
}

function isSame(a: K8sObject, b: K8sObject): boolean {
  if (a === b) return true;
  const [older, newer] = [a, b].map(({ metadata }) => metadata.resourceVersion);
  return older !== undefined || newer !== undefined ? older === newer : contentOf(a) === contentOf(b);
}

/** Without the place in its file, which moves with every line above it. */
function contentOf(object: K8sObject): string {
  return JSON.stringify({ ...object, position: undefined });
}

function changeOf({ kind, metadata }: K8sObject, change: ChangedObject['change']): ChangedObject {
  const { namespace, name, resourceVersion = '' } = metadata;
  return { kind, namespace, name, change, resourceVersion };
}
