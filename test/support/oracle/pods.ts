/** The pods that manifests speak of, and whether each has a sidecar. */
import { isSubset, namespaceOf } from './manifests.ts';
import type { Labels, Manifest, PodSpec } from './manifests.ts';

export interface OraclePod {
  readonly namespace: string;
  readonly name: string;
  readonly workload: string;
  readonly serviceAccount: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly address: string | null;
  readonly containerPorts: readonly {
    readonly name: string | null;
    readonly port: number;
    readonly protocol: string;
  }[];
  readonly isMeshed: boolean;
  /** Clients speak mTLS to it (label `security.istio.io/tlsMode`). */
  readonly takesMtls: boolean;
}

/** Pods as given, and one pod for each template that none of them belongs to. */
export function podsOf(objects: readonly Manifest[]): readonly OraclePod[] {
  const given = objects
    .filter((object) => object.kind === 'Pod')
    .map((pod) =>
      podFrom(objects, {
        namespace: namespaceOf(pod),
        name: pod.metadata.name,
        workload: workloadOf(objects, pod),
        labels: pod.metadata.labels ?? {},
        annotations: pod.metadata.annotations ?? {},
        address: pod.status?.podIP ?? null,
        spec: pod.spec,
      }),
    );
  const predicted = objects
    .filter((object) => object.kind === 'Deployment')
    .filter(
      (deployment) =>
        !given.some((pod) => pod.namespace === namespaceOf(deployment) && pod.workload === deployment.metadata.name),
    )
    .map((deployment) =>
      podFrom(objects, {
        namespace: namespaceOf(deployment),
        name: deployment.metadata.name,
        workload: deployment.metadata.name,
        labels: deployment.spec.template.metadata?.labels ?? {},
        annotations: deployment.spec.template.metadata?.annotations ?? {},
        address: null,
        spec: deployment.spec.template.spec,
      }),
    );
  return [...given, ...predicted];
}

interface Facts {
  readonly namespace: string;
  readonly name: string;
  readonly workload: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly address: string | null;
  readonly spec: PodSpec;
}

function podFrom(objects: readonly Manifest[], facts: Facts): OraclePod {
  const { spec, ...names } = facts;
  const isMeshed = hasSidecar(facts) || isInjected(objects, facts);
  const tlsMode = facts.labels['security.istio.io/tlsMode'] ?? (isMeshed ? 'istio' : 'disabled');
  return {
    ...names,
    serviceAccount: spec.serviceAccountName ?? 'default',
    containerPorts: spec.containers
      .flatMap((container) => container.ports ?? [])
      .map((port) => ({ name: port.name ?? null, port: port.containerPort, protocol: port.protocol ?? 'TCP' })),
    isMeshed,
    takesMtls: tlsMode === 'istio',
  };
}

/** Pods of a ReplicaSet belong to its Deployment. */
function workloadOf(objects: readonly Manifest[], object: Manifest): string {
  const owner = object.metadata.ownerReferences?.[0];
  if (owner === undefined) return object.metadata.name;
  const found = objects.find(
    (candidate) =>
      candidate.kind === owner.kind &&
      candidate.metadata.name === owner.name &&
      namespaceOf(candidate) === namespaceOf(object),
  );
  return found === undefined ? owner.name : workloadOf(objects, found);
}

function hasSidecar({ spec, annotations }: Facts): boolean {
  const proxies = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always'),
  ];
  return annotations['sidecar.istio.io/status'] !== undefined && proxies.some(({ name }) => name === 'istio-proxy');
}

const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'];

/**
 * Both gates of the injector: the webhook's selectors, then the pod itself (istio: istio-discovery
 * templates/mutatingwebhook.yaml; pkg/kube/inject/inject.go:injectRequired).
 */
function isInjected(objects: readonly Manifest[], { namespace, labels, annotations, spec }: Facts): boolean {
  const ofNamespace =
    objects.find((object) => object.kind === 'Namespace' && object.metadata.name === namespace)?.metadata.labels ?? {};
  const injection = ofNamespace['istio-injection'];
  const revision = ofNamespace['istio.io/rev'];
  const inject = labels['sidecar.istio.io/inject'];
  const isLabelled = injection !== undefined || revision !== undefined;
  const webhook =
    (injection === undefined && revision !== undefined && inject !== 'false') ||
    (!isLabelled && labels['istio.io/rev'] !== undefined && inject !== 'false') ||
    (injection === 'enabled' && inject !== 'false') ||
    (!isLabelled && inject === 'true' && labels['istio.io/rev'] === undefined);
  if (!webhook || spec.hostNetwork === true || SYSTEM_NAMESPACES.includes(namespace)) return false;
  const asked = inject ?? annotations['sidecar.istio.io/inject'];
  return asked !== 'false';
}

/** Pods of `namespace/workload-or-pod`. */
export function podsNamed(objects: readonly Manifest[], key: string): readonly OraclePod[] {
  const pods = podsOf(objects);
  const byPod = pods.filter((pod) => `${pod.namespace}/${pod.name}` === key);
  return byPod.length > 0 ? byPod : pods.filter((pod) => `${pod.namespace}/${pod.workload}` === key);
}

/** Whether a connection to this port of the pod meets its proxy (istio: tools/istio-iptables/pkg/capture/run.go). */
export function isCaptured(pod: OraclePod, port: number): boolean {
  if (!pod.isMeshed || port === 15008) return false;
  const include = pod.annotations['traffic.sidecar.istio.io/includeInboundPorts'] ?? '*';
  if (include !== '*') return portList(include).includes(port);
  const exclude = pod.annotations['traffic.sidecar.istio.io/excludeInboundPorts'] ?? '';
  return ![15090, 15021, 15020, ...portList(exclude)].includes(port);
}

export function isOutboundExcluded(pod: OraclePod, port: number): boolean {
  return portList(pod.annotations['traffic.sidecar.istio.io/excludeOutboundPorts'] ?? '').includes(port);
}

function portList(text: string): readonly number[] {
  return text
    .split(',')
    .filter((word) => word.trim() !== '')
    .map(Number);
}

export function selects(selector: Labels | undefined, pod: OraclePod): boolean {
  return isSubset(selector, pod.labels);
}
