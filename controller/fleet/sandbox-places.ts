/** Where agents can be placed in a sandbox: its workloads as callers, our own prober, and the node. */
import type { DataPlane, Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import { podsOf } from '../../deploy/sandbox/pods.ts';
import type { RealityPod } from '../../deploy/sandbox/pods.ts';
import type { Reality } from '../../deploy/sandbox/reality.ts';

export interface Place {
  readonly vantage: Vantage;
  /** `namespace/workload`; the pod itself where the workload's pods are on different data planes. */
  readonly workload: string;
  /** `namespace/pod` whose capture point the agent's traffic enters. */
  readonly pod: string;
}

/** The entry that stands for the node's own network, where the kubelet is. */
const KUBELET = 'meshproof/kubelet';

/** One place a vantage: of several workloads with one identity and data plane, the first by name. Gateways call nobody. */
export function placesOf(reality: Reality): readonly Place[] {
  const pods = podsOf(reality).filter(({ gateway }) => gateway === undefined);
  const places = new Map<string, Place>();
  for (const pod of pods.toSorted((a, b) => (a.workload < b.workload ? -1 : a.workload > b.workload ? 1 : 0))) {
    const { namespace, serviceAccount, key } = pod;
    const vantage = { namespace, serviceAccount, dataPlane: planeOf(pod) };
    const siblings = pods.filter(({ workload }) => workload === pod.workload);
    const isMixed = siblings.some(({ dataPlane }) => dataPlane !== pod.dataPlane);
    const place = { vantage, workload: isMixed ? key : pod.workload, pod: key };
    if (!places.has(vantageKey(vantage))) places.set(vantageKey(vantage), place);
  }
  return [...places.values()];
}

function planeOf({ workload, dataPlane }: RealityPod): DataPlane {
  return workload === KUBELET ? 'host' : dataPlane;
}
