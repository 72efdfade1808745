/** What can be changed of a reality while it is in force, in the words of reality.yaml. */
import { z } from 'zod';
import { MeshproofError } from '../../proto/errors.ts';
import { chainOf } from './plans.ts';
import { podsOf, type RealityPod } from './pods.ts';
import {
  application,
  certificateState,
  outboundMode,
  portNumber,
  portMode,
  qualifiedName,
  spiffe,
  type Reality,
  type RealityPort,
  type RealityWorkload,
} from './reality.ts';

export const changeSchema = z.strictObject({
  /** `namespace/name` of a workload, for all its pods, or of a pod. */
  target: qualifiedName,
  /** For `mode` and `app`. Default: every port that they can be said of. */
  port: portNumber.optional(),
  /** The mutual-TLS mode that the sidecar enforces. A port that is not captured has none. */
  mode: portMode.exclude(['uncaptured']).optional(),
  /** What answers behind the port; `none`: nothing listens. The sidecar's chains stay those that it has. */
  app: application.optional(),
  /** The state of the certificate that the sidecar holds. */
  certificate: certificateState.optional(),
  /** The identity in it; `own`: that of the namespace and service account. */
  identity: z.union([z.literal('own'), spiffe]).optional(),
  /** The workload's authorization rules: enforced, or not. */
  authorization: z.enum(['on', 'off']).optional(),
  /** What the workload's sidecar does when it calls a service. */
  outbound: z
    .strictObject({
      to: qualifiedName,
      /** The service port; default: all of them. */
      port: portNumber.optional(),
      tls: outboundMode,
    })
    .optional(),
});

export type Change = z.infer<typeof changeSchema>;

type Certificate = RealityWorkload['certificate'];
type PodFacts = NonNullable<RealityWorkload['pods']>[number];

interface Chosen {
  /** `namespace/workload`. */
  readonly workloadKey: string;
  readonly workload: RealityWorkload;
  readonly pods: readonly RealityPod[];
  /** The target names the workload, and not one of its pods. */
  readonly isWhole: boolean;
}

/**
 * The reality `now` with one change more. `declared` is the scenario's own: where authorization comes from when it is
 * turned on again. Throws MPE_USAGE, with what there is, for what does not exist or cannot be said of the target.
 */
export function applyChange(declared: Reality, now: Reality, change: Change): Reality {
  const steps: readonly ((reality: Reality) => Reality)[] = [
    (reality) => (change.mode === undefined ? reality : setMode(reality, change, change.mode)),
    (reality) => (change.app === undefined ? reality : setApp(reality, change, change.app)),
    (reality) => setCertificate(reality, change),
    (reality) =>
      change.authorization === undefined ? reality : setAuthorization(declared, reality, change, change.authorization),
    (reality) => (change.outbound === undefined ? reality : setOutbound(reality, change, change.outbound)),
  ];
  choose(now, change.target);
  return steps.reduce((reality, step) => step(reality), now);
}

/** A port of a pod whose sidecar enforces a mode on it. */
export function hasMode(pod: RealityPod, entry: RealityPort): boolean {
  return pod.dataPlane === 'sidecar' && pod.gateway === undefined && entry.mode !== 'uncaptured';
}

/** A pod with a proxy, and so with a certificate. */
export function hasCertificate(pod: RealityPod): boolean {
  return pod.dataPlane === 'sidecar' || pod.gateway !== undefined;
}

function setMode(reality: Reality, { target, port }: Change, mode: NonNullable<Change['mode']>): Reality {
  const why = 'no sidecar captures it, so no mode is in force there';
  return withPorts(reality, target, port, { isSaid: hasMode, why, become: (entry) => ({ ...entry, mode }) });
}

function setApp(reality: Reality, { target, port }: Change, app: RealityPort['app']): Reality {
  return withPorts(reality, target, port, {
    isSaid: () => true,
    why: 'no application listens there',
    become: (entry) => ({ ...entry, app, chain: chainOf(entry) }),
  });
}

interface PortChange {
  readonly isSaid: (pod: RealityPod, entry: RealityPort) => boolean;
  /** Of a port of which it cannot be said. */
  readonly why: string;
  readonly become: (entry: RealityPort) => RealityPort;
}

function withPorts(reality: Reality, target: string, port: number | undefined, change: PortChange): Reality {
  const { pods } = choose(reality, target);
  const all = [...new Set(pods.flatMap((pod) => [...pod.ports.keys()]))];
  if (port !== undefined && !all.includes(port)) {
    throw usage(`${target} has no port ${String(port)}`, `It has ${all.length === 0 ? 'none' : all.join(', ')}.`);
  }
  const isMeant = (pod: RealityPod, number: number, entry: RealityPort): boolean =>
    (port === undefined || number === port) && change.isSaid(pod, entry);
  if (!pods.some((pod) => [...pod.ports].some(([number, entry]) => isMeant(pod, number, entry)))) {
    throw usage(`${target}${port === undefined ? '' : `:${String(port)}`}: ${change.why}`);
  }
  return withPods(reality, target, (pod) => ({
    ports: Object.fromEntries(
      [...pod.ports].map(([number, entry]) => [
        String(number),
        isMeant(pod, number, entry) ? change.become(entry) : entry,
      ]),
    ),
  }));
}

function setCertificate(reality: Reality, { target, certificate: state, identity }: Change): Reality {
  if (state === undefined && identity === undefined) return reality;
  if (!choose(reality, target).pods.some(hasCertificate)) throw usage(`${target} has no sidecar, so no certificate`);
  return withPods(reality, target, (pod) => {
    if (!hasCertificate(pod)) return {};
    const { identity: before, state: stateBefore } = pod.certificate;
    const wanted = identity ?? before ?? 'own';
    const certificate: Certificate = {
      state: state ?? stateBefore,
      ...(wanted !== 'own' && wanted !== pod.spiffeId && { identity: wanted }),
    };
    return { certificate };
  });
}

function setAuthorization(declared: Reality, now: Reality, { target }: Change, wanted: 'on' | 'off'): Reality {
  const { workloadKey, workload } = wholeWorkload(now, target, 'authorization');
  const rules = declared.workloads[workloadKey]?.authorization ?? [];
  if (rules.length === 0) throw usage(`${target} has no authorization rules that could be turned ${wanted}`);
  return withWorkload(now, workloadKey, { ...workload, authorization: wanted === 'on' ? rules : [] });
}

function setOutbound(
  reality: Reality,
  { target }: Change,
  { to, port, tls }: NonNullable<Change['outbound']>,
): Reality {
  const { workloadKey, workload, pods } = wholeWorkload(reality, target, 'tls');
  if (!pods.some(hasCertificate)) throw usage(`${target} has no sidecar: it calls as it does, in plaintext`);
  const service = reality.services[to];
  if (service === undefined) {
    throw usage(`there is no service ${to}`, `There are ${Object.keys(reality.services).join(', ')}.`);
  }
  if (port !== undefined && service.ports[String(port)] === undefined) {
    throw usage(`service ${to} has no port ${String(port)}`, `It has ${Object.keys(service.ports).join(', ')}.`);
  }
  const kept = workload.outbound.filter((entry) => entry.to !== to || (port !== undefined && entry.port !== port));
  const entry = { to, ...(port !== undefined && { port }), tls };
  return withWorkload(reality, workloadKey, { ...workload, outbound: [...kept, entry] });
}

function wholeWorkload(reality: Reality, target: string, key: string): Chosen {
  const chosen = choose(reality, target);
  if (chosen.isWhole) return chosen;
  throw usage(`${key} is of a whole workload, and ${target} is one pod of ${chosen.workloadKey}`);
}

function choose(reality: Reality, target: string): Chosen {
  const pods = podsOf(reality);
  const found = reality.workloads[target];
  if (found !== undefined) {
    const own = pods.filter(({ workload }) => workload === target);
    return { workloadKey: target, workload: found, pods: own, isWhole: true };
  }
  const pod = pods.find(({ key }) => key === target);
  const workload = pod && reality.workloads[pod.workload];
  if (pod !== undefined && workload !== undefined) {
    return { workloadKey: pod.workload, workload, pods: [pod], isWhole: false };
  }
  throw usage(
    `there is no workload or pod ${target}`,
    `There are ${[...new Set(pods.flatMap(({ workload: name, key }) => [name, key]))].join(', ')}.`,
  );
}

/** Facts of the chosen pods become facts of their own; what other pods inherit stays as it is. */
function withPods(reality: Reality, target: string, factsOf: (pod: RealityPod) => Partial<PodFacts>): Reality {
  const { workloadKey, workload, pods } = choose(reality, target);
  const [, name = ''] = workloadKey.split('/');
  const listed = (workload.pods ?? [{ name }]).map((facts): PodFacts => {
    const pod = pods.find((one) => one.name === facts.name);
    return pod === undefined ? facts : { ...facts, ...factsOf(pod) };
  });
  return withWorkload(reality, workloadKey, { ...workload, pods: listed });
}

function withWorkload(reality: Reality, key: string, workload: RealityWorkload): Reality {
  return { ...reality, workloads: { ...reality.workloads, [key]: workload } };
}

function usage(message: string, hint?: string): MeshproofError {
  return new MeshproofError('MPE_USAGE', message, hint === undefined ? {} : { hint });
}
