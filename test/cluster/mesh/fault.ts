/** A fault, as the tests plant it into the healthy mesh and look for it, and what several of them are made of. */
import type { Authority } from './certificates.ts';
import { MIXED } from './healthy.ts';
import { serviceOf } from './objects.ts';
import type { KubernetesObject, WorkloadSpec } from './objects.ts';

export interface Soil {
  /** Runs meshproof. */
  readonly image: string;
  /** The mesh's own CA. */
  readonly authority: Authority;
}

export interface Fault {
  /** A sentence: what is wrong. */
  readonly name: string;
  /** In steps: a later one is younger by a second at least. */
  readonly plant: (soil: Soil) => readonly (readonly KubernetesObject[])[];
  /** That are swept; whatever can meet the fault. */
  readonly namespaces: readonly string[];
  /** All findings of the sweep: `conflict SEVERITY CODE` or `DRIFT CODE`, each once. */
  readonly found: readonly string[];
  /** Names of the targets (`namespace/name:port`) that the findings are about. */
  readonly targets: readonly string[];
}

export const HTTP = { name: 'http', containerPort: 8080, answers: 'http' } as const;

/** A workload that answers on 8080 behind its sidecar. */
export function witness(name: string, namespace: string = MIXED, account = 'clerk'): WorkloadSpec {
  return { name, namespace, account, isMeshed: true, ports: [HTTP] };
}

/** Its Service, on port 80. */
export function frontOf(app: string, namespace: string = MIXED): KubernetesObject {
  return serviceOf({ name: app, namespace, app, ports: [{ name: 'http', port: 80, targetPort: 8080 }] });
}
