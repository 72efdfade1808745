/** What a port of a pod takes: which mutual-TLS mode is declared to be in force there, and who says so. */
import { ambientMode } from '../declared/ambient-mode.ts';
import { portCapture } from '../declared/capture.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import type { Mesh, Pod } from '../declared/mesh.ts';
import { modeAt } from '../declared/peer-authentication.ts';

/** `bypassed`: past the sidecar; `none`: there is no proxy. Both take plaintext, whatever policies say. */
export type DoorMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE' | 'bypassed' | 'none';

export interface Door {
  /** `namespace/pod`. */
  readonly pod: string;
  /** The container port. */
  readonly port: number;
  readonly mode: DoorMode;
  /** Null: no object says so; it is the default, or the want of a proxy. */
  readonly object: ObjectRef | null;
  /** What lets the port past its sidecar, as trails name it. */
  readonly by?: string;
}

export function doorOf(mesh: Mesh, pod: Pod, port: number): Door {
  const place = { pod: pod.key, port };
  if (pod.dataPlane === 'ambient') {
    const { isStrict, object } = ambientMode(mesh.peerAuthentications, pod, port);
    return { ...place, mode: isStrict ? 'STRICT' : 'PERMISSIVE', object };
  }
  const capture = portCapture(pod, port);
  if (capture.result === 'captured') {
    const { mode, object } = modeAt(mesh.peerAuthenticationOf(pod), port);
    return { ...place, mode, object };
  }
  const self: ObjectRef = { kind: 'Pod', namespace: pod.namespace, name: pod.name };
  if (capture.result === 'absent') return { ...place, mode: 'none', object: null };
  return { ...place, mode: 'bypassed', object: self, ...(capture.by === undefined ? {} : { by: capture.by }) };
}

export function takesPlaintext({ mode }: Pick<Door, 'mode'>): boolean {
  return mode !== 'STRICT';
}

/** The sidecar's own listeners are not the workload's. */
const SIDECAR_PORTS: ReadonlySet<number> = new Set([15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090]);

/** TCP ports that the pod declares, or that a Service leads to; in order. */
export function portsOf(mesh: Mesh, pod: Pod): readonly number[] {
  const declared = pod.ports.filter(({ protocol }) => protocol === 'TCP').map(({ port }) => port);
  return [...new Set([...declared, ...mesh.ownedPortsOf(pod)])]
    .filter((port) => pod.dataPlane !== 'sidecar' || !SIDECAR_PORTS.has(port))
    .sort((a, b) => a - b);
}
