/** Waypoints: which service (or pod) stands behind one, and which policies are attached to it. */
import type { TargetRef } from './authorization.ts';
import type { ObjectRef } from './expectation.ts';
import type { Mesh } from './mesh.ts';
import type { Pod, Service } from './model.ts';
import type { K8sObject } from './objects.ts';
import { refOf } from './order.ts';
import { fields } from './reading.ts';
import type { Labels } from './selector.ts';

export interface Waypoint {
  readonly ref: ObjectRef;
  readonly serviceAccount: string;
  /** Empty where the manifests hold the Gateway only: its pods are made by Istio. */
  readonly pods: readonly Pod[];
  readonly serves: 'service' | 'workload' | 'all' | 'none';
}

const CLASS = 'istio-waypoint';

export function readWaypoints(gateways: readonly K8sObject[], pods: readonly Pod[]): ReadonlyMap<string, Waypoint> {
  const found = new Map<string, Waypoint>();
  for (const object of gateways) {
    if (fields(object, 'spec')['gatewayClassName'] !== CLASS) continue;
    const { namespace, name, labels } = object.metadata;
    const own = pods.filter(
      (pod) => pod.namespace === namespace && pod.labels['gateway.networking.k8s.io/gateway-name'] === name,
    );
    const serves = labels['istio.io/waypoint-for'];
    found.set(`${namespace}/${name}`, {
      ref: refOf(object),
      serviceAccount: own[0]?.serviceAccount ?? name,
      pods: own,
      serves: serves === 'workload' || serves === 'all' || serves === 'none' ? serves : 'service',
    });
  }
  return found;
}

/** The object's own label before its namespace's; `none` says no. */
function waypointName(mesh: Mesh, namespace: string, labels: Labels): string | null {
  for (const source of [labels, mesh.namespaceLabels(namespace)]) {
    const name = source['istio.io/use-waypoint'];
    if (name === undefined) continue;
    return name === 'none' ? null : `${source['istio.io/use-waypoint-namespace'] ?? namespace}/${name}`;
  }
  return null;
}

export function serviceWaypoint(mesh: Mesh, service: Service): Waypoint | null {
  const waypoint = mesh.waypoints.get(waypointName(mesh, service.namespace, service.labels) ?? '');
  return waypoint !== undefined && (waypoint.serves === 'service' || waypoint.serves === 'all') ? waypoint : null;
}

export function podWaypoint(mesh: Mesh, pod: Pod): Waypoint | null {
  const waypoint = mesh.waypoints.get(waypointName(mesh, pod.namespace, pod.labels) ?? '');
  return waypoint !== undefined && (waypoint.serves === 'workload' || waypoint.serves === 'all') ? waypoint : null;
}

interface Attachable {
  readonly ref: ObjectRef;
  readonly targetRefs: readonly TargetRef[];
}

/** istio: pilot/pkg/model/policyattachment.go:ShouldAttachPolicy; selectors never reach a waypoint. */
export function attachedTo<T extends Attachable>(
  policies: ReadonlyMap<string, readonly T[]>,
  waypoint: Waypoint,
  service: Service | null,
  rootNamespace: string,
): readonly T[] {
  return [...policies.values()].flat().filter(({ ref, targetRefs }) =>
    targetRefs.some(({ kind, name }) => {
      switch (kind) {
        case 'Service':
        case 'ServiceEntry':
          return service !== null && ref.namespace === service.namespace && name === service.name;
        case 'Gateway':
          return ref.namespace === waypoint.ref.namespace && name === waypoint.ref.name;
        case 'GatewayClass':
          return ref.namespace === rootNamespace && name === CLASS;
        default:
          return false;
      }
    }),
  );
}
