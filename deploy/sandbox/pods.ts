/** The pods of a reality, one by one: workload facts and pod facts laid over each other. */
import { spiffeId } from '../../proto/vocabulary.ts';
import type { Reality, RealityPort, RealityWorkload } from './reality.ts';

/** One pod with everything that is true of it; nothing is inherited any more. */
export interface RealityPod {
  /** `namespace/pod`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** `namespace/workload`. */
  readonly workload: string;
  readonly serviceAccount: string;
  /** What its service account entitles it to; the certificate that it really holds may say something else. */
  readonly spiffeId: string;
  readonly dataPlane: RealityWorkload['dataPlane'];
  readonly certificate: RealityWorkload['certificate'];
  readonly ports: ReadonlyMap<number, RealityPort>;
  readonly probers: RealityWorkload['probers'];
  readonly authorization: RealityWorkload['authorization'];
  readonly outbound: RealityWorkload['outbound'];
  /** Present: a standalone proxy. Its own ports are those that its routes name. */
  readonly gateway?: NonNullable<RealityWorkload['gateway']>;
}

/** All pods, in the order of the file. A workload without a list of pods has one, which bears its name. */
export function podsOf(reality: Reality): readonly RealityPod[] {
  return Object.entries(reality.workloads).flatMap(([workloadKey, workload]) => {
    const [namespace = '', name = ''] = workloadKey.split('/');
    const serviceAccount = workload.serviceAccount ?? name;
    return (workload.pods ?? [{ name }]).map((pod): RealityPod => {
      const facts = { ...workload, ...definedFields(pod) };
      return {
        key: `${namespace}/${pod.name}`,
        namespace,
        name: pod.name,
        workload: workloadKey,
        serviceAccount,
        spiffeId: spiffeId(reality.trustDomain, namespace, serviceAccount),
        dataPlane: facts.dataPlane,
        certificate: facts.certificate,
        ports: new Map(Object.entries(facts.ports).map(([port, entry]) => [Number(port), entry])),
        probers: facts.probers,
        authorization: workload.authorization,
        outbound: workload.outbound,
        ...(workload.gateway === undefined ? {} : { gateway: workload.gateway }),
      };
    });
  });
}

/** Ports on which the pod's own address answers or would answer: its app's, or its gateway listeners'. */
export function portsOf(pod: RealityPod): readonly number[] {
  return pod.gateway === undefined
    ? [...pod.ports.keys()]
    : [...new Set(pod.gateway.routes.map((route) => route.port))];
}

/** Whether callers find a sidecar that takes part in mutual TLS. A gateway's own listeners do not. */
export function isMeshed(pod: RealityPod): boolean {
  return pod.dataPlane === 'sidecar' && pod.gateway === undefined;
}

/** The pods behind a service: entries name workloads (all their pods) or single pods. Each pod once. */
export function endpointPods(endpoints: readonly string[], pods: readonly RealityPod[]): readonly RealityPod[] {
  return pods.filter((pod) => endpoints.includes(pod.workload) || endpoints.includes(pod.key));
}

type PodFacts = NonNullable<RealityWorkload['pods']>[number];

function definedFields(
  pod: PodFacts,
): Partial<Pick<RealityWorkload, 'dataPlane' | 'certificate' | 'ports' | 'probers'>> {
  return {
    ...(pod.dataPlane === undefined ? {} : { dataPlane: pod.dataPlane }),
    ...(pod.certificate === undefined ? {} : { certificate: pod.certificate }),
    ...(pod.ports === undefined ? {} : { ports: pod.ports }),
    ...(pod.probers === undefined ? {} : { probers: pod.probers }),
  };
}
