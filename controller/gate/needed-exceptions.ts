/** The smallest set of exceptions under which STRICT shuts out nobody who works today, as objects that are ready to apply. */
import type { Mesh } from '../declared/mesh.ts';
import type { K8sObject } from '../declared/objects.ts';
import type { Fields } from '../declared/reading.ts';
import { exceptionObjects, injected, manifestOf, sharedLabels } from './exception-objects.ts';
import { overlay } from './overlay.ts';
import { smallestCover } from './vertex-cover.ts';
import type { Edge } from './vertex-cover.ts';

/** A call that STRICT would shut out. */
export interface ShutOut {
  /** Key of its cell. */
  readonly key: string;
  /** `namespace/workload` that calls; null where it cannot be given a sidecar (the kubelet, a gateway, somebody outside). */
  readonly caller: string | null;
  /** Ports of pods that it ends at, and that become STRICT. */
  readonly doors: readonly { readonly pod: string; readonly port: number }[];
}

export type NeededException =
  /** The port goes on taking plaintext. */
  | {
      readonly kind: 'port';
      /** `namespace/workload`. */
      readonly workload: string;
      readonly port: number;
      /** Keys of the calls that it is for. */
      readonly calls: readonly string[];
    }
  /** The caller gets a sidecar, and speaks mutual TLS to everybody. */
  | { readonly kind: 'injection'; readonly workload: string; readonly calls: readonly string[] };

export interface NeededExceptions {
  /** By kind and workload. */
  readonly exceptions: readonly NeededException[];
  /** To be applied as they are, before STRICT: PeerAuthentications in full, of workloads what changes. */
  readonly manifests: readonly Fields[];
  /** Calls that no exception of these kinds can save. */
  readonly lost: readonly string[];
}

export interface ExceptionDeps {
  readonly meshOf: (objects: readonly K8sObject[]) => Mesh;
  /** Whether the calls work in that mesh. */
  readonly works: (mesh: Mesh, key: string) => boolean;
}

/** Calls with one key are one call. @param strict All objects, with STRICT among them. */
export function neededExceptions(
  strict: readonly K8sObject[],
  shutOut: readonly ShutOut[],
  { meshOf, works }: ExceptionDeps,
): NeededExceptions {
  if (shutOut.length === 0) return { exceptions: [], manifests: [], lost: [] };
  const mesh = meshOf(strict);
  const edges = edgesOf(mesh, shutOut);
  const isFixed = (door: string): boolean => isForGood(mesh, door);
  const helped = callersWorthASidecar(edges, isFixed).filter((caller) => {
    const patched = injected(strict, caller);
    if (patched === null) return false;
    const trial = meshOf(overlay(strict, [patched], []).objects);
    return edges.every((edge) => edge.caller !== caller || works(trial, edge.key));
  });
  const isFree = ({ caller }: CallEdge): boolean => caller !== null && helped.includes(caller);
  // Where there is no choice: a caller that cannot be given a sidecar, a port that cannot be excepted.
  const forcedCallers = new Set(edges.filter((edge) => isFree(edge) && isFixed(edge.door)).map(({ caller }) => caller));
  const left = edges.filter(({ caller, door }) => !forcedCallers.has(caller) && !isFixed(door));
  const forcedDoors = new Set(left.filter((edge) => !isFree(edge)).map(({ door }) => door));
  const open = left.filter(({ door }) => !forcedDoors.has(door));
  const cover = smallestCover(open.map(({ caller, door }): Edge => [caller ?? '', door]));
  const doors = [...new Set([...forcedDoors, ...cover.right])].sort();
  const callers = [...new Set([...forcedCallers, ...cover.left])].flatMap((caller) => caller ?? []).sort();
  const exceptions: readonly NeededException[] = [
    ...doors.map((door): NeededException => {
      const { workload, port } = placeOf(door);
      const calls = edges.filter((edge) => edge.door === door && !callers.includes(edge.caller ?? ''));
      return { kind: 'port', workload, port, calls: keysOf(calls) };
    }),
    ...callers.map((workload): NeededException => {
      return { kind: 'injection', workload, calls: keysOf(edges.filter(({ caller }) => caller === workload)) };
    }),
  ];
  const closed = new Set(shutOut.flatMap((call) => call.doors.map(({ pod, port }) => `${pod}:${String(port)}`)));
  const objects = exceptionObjects({ mesh, objects: strict, closed }, exceptions);
  const result = meshOf(overlay(strict, objects, []).objects);
  const lost = shutOut.filter(({ key }) => !works(result, key)).map(({ key }) => key);
  if (lost.length === 0) return { exceptions, manifests: objects.map(manifestOf), lost };
  // What was opened for them alone would be open for nobody.
  const others = shutOut.filter(({ key }) => !lost.includes(key));
  const needed = neededExceptions(strict, others, { meshOf, works });
  return { ...needed, lost: [...lost, ...needed.lost] };
}

interface CallEdge {
  readonly key: string;
  readonly caller: string | null;
  /** `namespace/workload:port`. */
  readonly door: string;
}

function edgesOf(mesh: Mesh, shutOut: readonly ShutOut[]): readonly CallEdge[] {
  return shutOut.flatMap(({ key, caller, doors }) =>
    doors.flatMap(({ pod, port }) => {
      const workload = mesh.podsByKey.get(pod)?.workload;
      return workload === undefined ? [] : [{ key, caller, door: `${workload}:${String(port)}` }];
    }),
  );
}

/** One port is as small an exception as one sidecar, and needs no restart; but some ports cannot be excepted. */
function callersWorthASidecar(edges: readonly CallEdge[], isFixed: (door: string) => boolean): readonly string[] {
  const byCaller = Map.groupBy(edges, ({ caller }) => caller);
  return [...byCaller].flatMap(([caller, own]) => {
    const doors = new Set(own.map(({ door }) => door));
    return caller !== null && (doors.size > 1 || [...doors].some(isFixed)) ? [caller] : [];
  });
}

/** In the root namespace no sidecar reads a policy with a selector, and pods without labels cannot be selected. */
function isForGood(mesh: Mesh, door: string): boolean {
  const pods = mesh.workloadsByKey.get(placeOf(door).workload)?.pods ?? [];
  return pods.some(({ namespace }) => namespace === mesh.rootNamespace) || Object.keys(sharedLabels(pods)).length === 0;
}

function keysOf(edges: readonly CallEdge[]): readonly string[] {
  return [...new Set(edges.map(({ key }) => key))];
}

function placeOf(door: string): { readonly workload: string; readonly port: number } {
  const at = door.lastIndexOf(':');
  return { workload: door.slice(0, at), port: Number(door.slice(at + 1)) };
}
