/** Who still calls in plaintext where STRICT is to be, and the fewest exceptions that STRICT needs. */
import { expectFlow } from '../declared/expect.ts';
import type { Expectation, Flow } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { K8sObject } from '../declared/objects.ts';
import type { Cell, Sweep } from '../judge/finding.ts';
import { targetKey, vantageKey } from '../../proto/vocabulary.ts';
import type { Door } from './door.ts';
import { doorsOf } from './doors-of.ts';
import { openness } from './flip.ts';
import { flowIn } from './measured-flow.ts';
import type { MeasuredPreview } from './measured-preview.ts';
import { isSomebodys } from './measured-preview.ts';
import { neededExceptions } from './needed-exceptions.ts';
import type { NeededExceptions, ShutOut } from './needed-exceptions.ts';
import type { Certainty } from './prediction.ts';
import type { Preview } from './preview.ts';

/** A call in plaintext that STRICT would shut out. */
export interface PlaintextCall {
  readonly key: string;
  /** `legacy/batch`, `kubelet`, `edge/gateway (gateway)`. */
  readonly caller: string;
  /** `namespace/workload:port`, of which the port becomes STRICT. */
  readonly doors: readonly string[];
  /** Absent: it is declared only, nobody has measured it. */
  readonly certainty?: Certainty;
}

export interface Readiness extends NeededExceptions {
  /** By door. */
  readonly calls: readonly PlaintextCall[];
}

export interface ReadinessInput {
  readonly before: Mesh;
  readonly after: Mesh;
  /** Of `after`. */
  readonly strict: readonly K8sObject[];
  readonly preview: Preview;
  readonly measured?: { readonly sweep: Sweep; readonly preview: MeasuredPreview };
  readonly meshOf: (objects: readonly K8sObject[]) => Mesh;
}

interface Call extends ShutOut {
  readonly caller: string | null;
  readonly callerName: string;
  readonly flow: Flow;
  readonly openBefore: number;
  readonly certainty?: Certainty;
}

export function readinessOf(input: ReadinessInput): Readiness {
  const { after, strict, meshOf } = input;
  const calls = [...measuredCalls(input), ...declaredCalls(input)];
  const byKey = new Map(calls.map((call) => [call.key, call]));
  const works = (mesh: Mesh, key: string): boolean => {
    const call = byKey.get(key);
    return call !== undefined && openness(expectFlow(mesh, call.flow)) >= call.openBefore;
  };
  const needed = neededExceptions(strict, calls, { meshOf, works });
  const named = calls.map(({ key, callerName, doors, certainty }): PlaintextCall => {
    const places = doors.map(({ pod, port }) => `${after.podsByKey.get(pod)?.workload ?? pod}:${String(port)}`);
    return { key, caller: callerName, doors: [...new Set(places)], ...(certainty !== undefined && { certainty }) };
  });
  return { ...needed, calls: named.sort(byDoor) };
}

function byDoor(a: PlaintextCall, b: PlaintextCall): number {
  const [one = '', other = ''] = [a.doors[0], b.doors[0]];
  return one === other ? (a.caller < b.caller ? -1 : 1) : one < other ? -1 : 1;
}

/** What works today, as far as anybody knows. */
function measuredCalls({ before, after, measured }: ReadinessInput): readonly Call[] {
  if (measured === undefined) return [];
  return measured.preview.foreseen.flatMap(({ kind, cell, certainty }) => {
    const flow = kind === 'breaks' ? flowIn(before, cell) : null;
    if (flow === null) return [];
    // What fails today by what is declared need not begin to work.
    const was = expectFlow(before, flow);
    const call = { key: cell.key, flow, certainty, openBefore: openness(was), ...callerOf(after, cell, flow) };
    return closedDoors(before, after, cell, was).map((doors) => ({ ...call, doors }));
  });
}

/** What no sweep has measured is taken for what it is declared to be. */
function declaredCalls({ before, after, preview, measured }: ReadinessInput): readonly Call[] {
  const known = new Set(measured?.sweep.cells.filter(isSomebodys).map((cell) => routeIn(after, cell)));
  const breaking = preview.groups.filter(({ kind }) => kind === 'breaks').flatMap(({ flips }) => flips);
  return breaking.flatMap(({ flow, before: was, after: is }) => {
    if (flow === undefined || known.has(routeIn(after, is))) return [];
    const call = { key: is.key, flow, openBefore: openness(was.expectation), ...callerOf(after, is, flow) };
    return closedDoors(before, after, is, was.expectation).map((doors) => ({ ...call, doors }));
  });
}

/** Empty, or one list: the ports that answered, are STRICT after the change, and were not before. */
function closedDoors(before: Mesh, after: Mesh, cell: Cell, was: Expectation): readonly (readonly Door[])[] {
  const wasDenied = (pod: string): boolean =>
    was.endpoints?.find((endpoint) => endpoint.pod === pod)?.expect === 'deny';
  const strict = (mesh: Mesh): readonly Door[] => doorsOf(mesh, cell).filter(({ mode }) => mode === 'STRICT');
  const old = new Set(strict(before).map(({ pod, port }) => `${pod}:${String(port)}`));
  const closed = strict(after).filter(({ pod, port }) => !old.has(`${pod}:${String(port)}`) && !wasDenied(pod));
  return closed.length === 0 ? [] : [closed];
}

function callerOf(
  mesh: Mesh,
  { target }: Cell,
  { source }: Flow,
): { readonly caller: string | null; readonly callerName: string } {
  const via = target.kind === 'service' ? target.via : undefined;
  if (via !== undefined) return { caller: null, callerName: `${via.namespace}/${via.name} (gateway)` };
  const caller = mesh.podsByKey.get(source)?.workload ?? (mesh.workloadsByKey.has(source) ? source : null);
  return { caller, callerName: caller ?? source };
}

/** The same for a flow and for what was measured of it. */
function routeIn(mesh: Mesh, { table, vantage, target, workload, probe }: Cell): string {
  if (target.kind === 'service' && target.via === undefined) return `${vantageKey(vantage)} ${targetKey(target)}`;
  if (target.kind === 'service') return `via ${target.namespace}/${target.name}:${String(target.port)}`;
  const name = `${target.namespace}/${target.name}`;
  const owner = workload ?? mesh.podsByKey.get(name)?.workload ?? name;
  return `${table} ${owner} ${probe.kind === 'health' ? `${probe.container}/${probe.check}` : ''}`;
}
