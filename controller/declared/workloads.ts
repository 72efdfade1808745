/** Workloads and their pods, out of Pods, templates and owners. */
import { inboundCapture, outboundCapture, statusPort } from './capture.ts';
import { containerPorts, healthChecksOf } from './health-checks.ts';
import { isEnrolledInAmbient, isInjected } from './injection.ts';
import type { InboundCapture, Pod, Workload, WorkloadPlane } from './model.ts';
import type { MeshConfig } from './mesh-config.ts';
import type { NamespaceLabels } from './namespaces.ts';
import type { K8sObject, ObjectMetadata } from './objects.ts';
import { compareText, groupBy } from './order.ts';
import { fields, isFields, list, text, textMap } from './reading.ts';
import type { Fields } from './reading.ts';
import { isSubset, labelMatcher } from './selector.ts';
import type { Labels } from './selector.ts';

export interface WorkloadSources {
  readonly config: MeshConfig;
  readonly namespaceLabels: NamespaceLabels;
  readonly pods: readonly K8sObject[];
  /** Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, ReplicationController. */
  readonly owners: readonly K8sObject[];
  /** Selectors of Istio Gateways: what they select and looks like a proxy is a gateway. */
  readonly gatewaySelectors: readonly Labels[];
}

interface PodDraft {
  readonly metadata: Pick<
    ObjectMetadata,
    'namespace' | 'name' | 'labels' | 'annotations' | 'deletionTimestamp' | 'creationTimestamp'
  >;
  readonly spec: Fields;
  readonly status: Fields;
  readonly isLive: boolean;
  readonly workload: string;
}

/** Every pod belongs to exactly one workload; both lists are sorted by key. */
export function readWorkloads(sources: WorkloadSources): { workloads: readonly Workload[]; pods: readonly Pod[] } {
  const owners = ownerIndex(sources.owners);
  const drafts = sources.pods.map((pod) => podDraft(pod, owners));
  const taken = new Set(drafts.map((draft) => draft.workload));
  for (const owner of sources.owners) {
    const draft = templateDraft(owner);
    if (draft !== null && !taken.has(draft.workload)) drafts.push(draft);
  }
  const pods = drafts.map((draft) => toPod(draft, sources)).sort((a, b) => compareText(a.key, b.key));
  const workloads = [...groupBy(pods, (pod) => pod.workload).values()].map(toWorkload);
  return { workloads: workloads.sort((a, b) => compareText(a.key, b.key)), pods };
}

function toWorkload(pods: readonly Pod[]): Workload {
  const [first] = pods as readonly [Pod];
  const { namespace, serviceAccount, labels, dataPlane, workload } = first;
  const name = workload.slice(namespace.length + 1);
  return { key: workload, namespace, name, serviceAccount, labels, dataPlane, pods };
}

type OwnerIndex = (kind: string, namespace: string, name: string) => K8sObject | undefined;

function ownerIndex(owners: readonly K8sObject[]): OwnerIndex & { readonly all: readonly K8sObject[] } {
  const byKey = new Map(
    owners.map((owner) => [ownerKey(owner.kind, owner.metadata.namespace, owner.metadata.name), owner]),
  );
  const find: OwnerIndex = (kind, namespace, name) => byKey.get(ownerKey(kind, namespace, name));
  return Object.assign(find, { all: owners });
}

function ownerKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/** The topmost owner's name: Pod → ReplicaSet → Deployment, Pod → Job → CronJob, whether or not those are in the snapshot. */
function workloadName(pod: K8sObject, owners: ReturnType<typeof ownerIndex>): string {
  const { namespace, name, labels, ownerReferences } = pod.metadata;
  const controller = ownerReferences.find((owner) => owner.controller === true) ?? ownerReferences[0];
  if (controller === undefined || controller.kind === 'Node') return ownerByName(pod, owners.all) ?? name;
  const owner = owners(controller.kind, namespace, controller.name);
  const above = owner?.metadata.ownerReferences[0];
  if (above !== undefined) return above.name;
  const hash = labels['pod-template-hash'];
  if (controller.kind === 'ReplicaSet' && hash !== undefined && controller.name.endsWith(`-${hash}`)) {
    return controller.name.slice(0, -hash.length - 1);
  }
  return controller.name;
}

/** For pods written by hand: the owner whose selector takes it and whose name its own begins with; the longest name wins. */
function ownerByName(pod: K8sObject, owners: readonly K8sObject[]): string | null {
  let found: string | null = null;
  for (const owner of owners) {
    const { namespace, name } = owner.metadata;
    if (namespace !== pod.metadata.namespace || (found !== null && name.length <= found.length)) continue;
    if (pod.metadata.name !== name && !pod.metadata.name.startsWith(`${name}-`)) continue;
    if (labelMatcher(fields(owner, 'spec', 'selector'))(pod.metadata.labels)) found = name;
  }
  return found;
}

function podDraft(pod: K8sObject, owners: ReturnType<typeof ownerIndex>): PodDraft {
  const status = fields(pod['status']);
  return {
    metadata: pod.metadata,
    spec: fields(pod['spec']),
    status,
    isLive: fields(pod.metadata)['uid'] !== undefined && text(status['phase']) !== undefined,
    workload: `${pod.metadata.namespace}/${workloadName(pod, owners)}`,
  };
}

/** Null where the owner stands for no pod: it has an owner itself, or was scaled to nothing. */
function templateDraft(owner: K8sObject): PodDraft | null {
  const spec = fields(owner, 'spec');
  if (owner.metadata.ownerReferences.length > 0 || spec['replicas'] === 0) return null;
  const template =
    owner.kind === 'CronJob' ? fields(spec, 'jobTemplate', 'spec', 'template') : fields(spec, 'template');
  if (!isFields(template['spec'])) return null;
  const { namespace, name } = owner.metadata;
  return {
    metadata: {
      namespace,
      name,
      labels: textMap(fields(template, 'metadata')['labels']),
      annotations: textMap(fields(template, 'metadata')['annotations']),
    },
    spec: template['spec'],
    status: {},
    isLive: false,
    workload: `${namespace}/${name}`,
  };
}

function toPod({ metadata, spec, status, isLive, workload }: PodDraft, sources: WorkloadSources): Pod {
  const { config } = sources;
  const { namespace, name, annotations } = metadata;
  const containers = [...list(spec['containers']), ...list(spec['initContainers'])].filter(isFields);
  const isHostNetwork = spec['hostNetwork'] === true;
  const candidate = {
    namespace,
    namespaceLabels: sources.namespaceLabels(namespace),
    labels: metadata.labels,
    annotations,
    isHostNetwork,
  };
  const proxy = containers.find((container) => container['name'] === 'istio-proxy');
  const isStandalone = isGateway(candidate.labels, annotations, proxy, sources.gatewaySelectors);
  const carriesSidecar = !isStandalone && proxy !== undefined;
  const wantsSidecar = !isStandalone && isInjected(candidate, config);
  const isMeshed = carriesSidecar || (!isLive && wantsSidecar);
  const isAmbient =
    !isMeshed &&
    !isStandalone &&
    (annotations['ambient.istio.io/redirection'] === 'enabled' || (!isLive && isEnrolledInAmbient(candidate)));
  const dataPlane: WorkloadPlane = isStandalone
    ? isWaypoint(candidate.labels, annotations)
      ? 'waypoint'
      : 'gateway'
    : isMeshed
      ? 'sidecar'
      : isAmbient
        ? 'ambient'
        : isHostNetwork
          ? 'host'
          : 'naked';
  const tlsMode = metadata.labels['security.istio.io/tlsMode'] ?? (isMeshed && !carriesSidecar ? 'istio' : 'disabled');
  const labels =
    isMeshed && !carriesSidecar ? { 'security.istio.io/tlsMode': tlsMode, ...metadata.labels } : metadata.labels;
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    workload,
    serviceAccount: text(spec['serviceAccountName']) ?? text(spec['serviceAccount']) ?? 'default',
    labels,
    annotations,
    dataPlane,
    ports: containers.filter((container) => container !== proxy || isStandalone).flatMap(containerPorts),
    healthChecks: healthChecksOf({
      spec,
      annotations,
      isMeshed,
      isMutated: carriesSidecar,
      isRewriteDefault: config.injection.isProbeRewriteDefault,
      statusPort: statusPort(annotations, config),
    }),
    addresses: addressesOf(status),
    node: text(spec['nodeName']) ?? '',
    isHostNetwork,
    isLive,
    isReady: !isLive || conditionOf(status, 'Ready') !== 'False',
    isEnding: metadata.deletionTimestamp !== undefined,
    wantsSidecar,
    ...createdAt(metadata.creationTimestamp),
    tlsMode,
    isTunnelCapable:
      isAmbient ||
      candidate.labels['networking.istio.io/tunnel'] === 'http' ||
      (isMeshed && config.injection.isHboneEnabled),
    inbound: inboundOf(dataPlane, proxy, annotations, config),
    outbound: outboundCapture(annotations, dataPlane === 'sidecar' && !isEnvoyDisabled(proxy)),
  };
}

function inboundOf(
  dataPlane: WorkloadPlane,
  proxy: Fields | undefined,
  annotations: Labels,
  config: MeshConfig,
): InboundCapture {
  if (dataPlane !== 'sidecar' || isEnvoyDisabled(proxy)) return { kind: 'nothing', by: 'not-injected' };
  return inboundCapture(annotations, config);
}

/** The agent without Envoy (template grpc-agent): istio: cni/pkg/plugin/plugin.go:doAddRun */
function isEnvoyDisabled(proxy: Fields | undefined): boolean {
  return list(proxy?.['env']).some(
    (item) => fields(item)['name'] === 'DISABLE_ENVOY' && fields(item)['value'] === 'true',
  );
}

const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';

function isGateway(
  labels: Labels,
  annotations: Labels,
  proxy: Fields | undefined,
  gatewaySelectors: readonly Labels[],
): boolean {
  if (labels[GATEWAY_NAME] !== undefined) return true;
  if (annotations['inject.istio.io/templates']?.split(',').includes('gateway') === true) return true;
  if (annotations['sidecar.istio.io/status'] !== undefined) return false;
  if (proxy !== undefined && list(proxy['args']).includes('router')) return true;
  const isSelected = gatewaySelectors.some((selector) => isSubset(selector, labels));
  return isSelected && (proxy !== undefined || /gateway/.test(labels['istio'] ?? ''));
}

function isWaypoint(labels: Labels, annotations: Labels): boolean {
  const classes = [
    labels['gateway.networking.k8s.io/gateway-class-name'],
    annotations['gateway.networking.k8s.io/gateway-class-name'],
  ];
  return classes.includes('istio-waypoint') || labels['gateway.istio.io/managed'] === 'istio.io-mesh-controller';
}

function createdAt(creationTimestamp: string | undefined): { readonly createdAtMs?: number } {
  const createdAtMs = Date.parse(creationTimestamp ?? '');
  return Number.isNaN(createdAtMs) ? {} : { createdAtMs };
}

function conditionOf(status: Fields, type: string): string | undefined {
  return text(fields(list(status['conditions']).find((condition) => fields(condition)['type'] === type))['status']);
}

function addressesOf(status: Fields): readonly string[] {
  const several = list(status['podIPs']).flatMap((item) => text(fields(item)['ip']) ?? []);
  const single = text(status['podIP']);
  return several.length > 0 ? several : single === undefined ? [] : [single];
}
