/** The declared state with our probes in it, and what keeps one of them from being there. Pure. */
import { buildMesh } from '../../declared/mesh.ts';
import type { Mesh } from '../../declared/mesh.ts';
import type { K8sObject, Snapshot } from '../../declared/objects.ts';
import { compareText } from '../../declared/order.ts';
import { captors } from './capture.ts';
import { probePlaces } from './places.ts';
import type { PlaceOptions, ProbePlace } from './places.ts';
import { declaredProbe } from './probe-job.ts';
import type { ProbeIdentity } from './probe-job.ts';

export interface PlacedProbe {
  readonly place: ProbePlace;
  /** Why no pod must be made for it. */
  readonly hindrance?: string;
}

export type PlacementOptions = PlaceOptions & ProbeIdentity;

export interface ProbePlacement {
  readonly snapshot: Snapshot;
  /** Of this snapshot. */
  readonly mesh: Mesh;
  readonly probes: readonly PlacedProbe[];
}

/** @param controller The controller's own pod, for policies that name it. */
export function placeProbes(snapshot: Snapshot, controller: K8sObject, options: PlacementOptions): ProbePlacement {
  const places = probePlaces(buildMesh(snapshot), options);
  const declared = places.map((place) => declaredProbe(place, options));
  const objects = [...snapshot.objects, controller, ...declared].sort(
    (a, b) =>
      compareText(a.kind, b.kind) ||
      compareText(a.metadata.namespace, b.metadata.namespace) ||
      compareText(a.metadata.name, b.metadata.name),
  );
  const placed = { ...snapshot, objects };
  const mesh = buildMesh(placed);
  const probes = places.map((place): PlacedProbe => {
    const hindrance = place.hindrance ?? hindranceOf(mesh, snapshot, place);
    return { place, ...(hindrance !== undefined && { hindrance }) };
  });
  return { snapshot: placed, mesh, probes };
}

function hindranceOf(mesh: Mesh, snapshot: Snapshot, { vantage, name }: ProbePlace): string | undefined {
  const { namespace, dataPlane } = vantage;
  const pod = mesh.podsByKey.get(`${namespace}/${name}`);
  if (pod === undefined) return `a pod of the name ${namespace}/${name} is there already`;
  if (pod.dataPlane !== dataPlane) {
    return `a probe pod in namespace ${namespace} would be ${pod.dataPlane}, and was to measure as ${dataPlane}`;
  }
  const selecting = captors(snapshot, namespace, pod.labels);
  if (selecting.length === 0) return undefined;
  return `the selector of ${selecting.join(' and ')} would take a probe pod for its own`;
}
