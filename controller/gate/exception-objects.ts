/** Exceptions to STRICT as objects: ports of workloads in PeerAuthentications, and labels that ask for a sidecar. */
import type { Mesh, Pod } from '../declared/mesh.ts';
import type { K8sObject } from '../declared/objects.ts';
import { compareText } from '../declared/order.ts';
import { fields, isFields, textMap } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';
import type { NeededException } from './needed-exceptions.ts';

export interface StrictState {
  readonly mesh: Mesh;
  readonly objects: readonly K8sObject[];
  /** Ports that STRICT closes: `namespace/pod:port`. */
  readonly closed: ReadonlySet<string>;
}

/** As they would be stored: PeerAuthentications, and workloads with their label. */
export function exceptionObjects(state: StrictState, exceptions: readonly NeededException[]): readonly K8sObject[] {
  const { objects } = state;
  const ports = exceptions.filter((exception) => exception.kind === 'port');
  const callers = exceptions.flatMap((exception) =>
    exception.kind === 'injection' ? (injected(objects, exception.workload) ?? []) : [],
  );
  return [...portPolicies(state, ports).map(policyObject), ...callers];
}

/** A PeerAuthentication with a selector: one that is there and counts, or one to be made. */
interface Policy {
  readonly existing: K8sObject | null;
  readonly namespace: string;
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: Set<number>;
}

type PortException = Extract<NeededException, { kind: 'port' }>;

/**
 * One workload policy counts for a pod, the oldest: what is there is added to. Of those to be made the first by name
 * counts, for in that order they are made.
 */
function portPolicies(state: StrictState, exceptions: readonly PortException[]): readonly Policy[] {
  const { mesh, objects } = state;
  const existing = new Map<K8sObject, Policy>();
  const planned = new Map<string, Policy>();
  const wanting: { readonly pod: Pod; readonly port: number }[] = [];
  for (const { workload, port } of exceptions) {
    for (const pod of podsAt(state, workload, port)) {
      const policy = policyInForce(mesh, objects, pod);
      if (policy === undefined) {
        wanting.push({ pod, port });
        const made = planned.get(workload) ?? policyFor(mesh, objects, workload);
        if (made !== null) planned.set(workload, made);
      } else {
        const { namespace, name } = policy.metadata;
        const added = existing.get(policy) ?? { existing: policy, namespace, name, selector: {}, ports: new Set() };
        added.ports.add(port);
        existing.set(policy, added);
      }
    }
  }
  const made = [...planned.values()].sort(
    (a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name),
  );
  for (const { pod, port } of wanting) made.find((policy) => isSelected(policy, pod))?.ports.add(port);
  return [...existing.values(), ...made.filter(({ ports }) => ports.size > 0)];
}

/** Its pods of which the port becomes STRICT. No sidecar reads a policy with a selector in the root namespace. */
function podsAt({ mesh, closed }: StrictState, workload: string, port: number): readonly Pod[] {
  const pods = mesh.workloadsByKey.get(workload)?.pods ?? [];
  return pods.filter(({ key, namespace }) => namespace !== mesh.rootNamespace && closed.has(`${key}:${String(port)}`));
}

function policyInForce(mesh: Mesh, objects: readonly K8sObject[], pod: Pod): K8sObject | undefined {
  const ref = mesh.peerAuthenticationOf(pod).workload?.ref;
  return objects.find(
    ({ kind, metadata: { namespace, name } }) => kind === ref?.kind && namespace === ref.namespace && name === ref.name,
  );
}

/** Null where its pods have no labels that they could be selected by. */
function policyFor(mesh: Mesh, objects: readonly K8sObject[], workload: string): Policy | null {
  const pods = mesh.workloadsByKey.get(workload)?.pods ?? [];
  const own = pods.filter((pod) => policyInForce(mesh, objects, pod) === undefined);
  const [first] = own;
  const selector = first === undefined ? {} : selectorFor(mesh, objects, workload, own);
  if (first === undefined || Object.keys(selector).length === 0) return null;
  const { namespace } = first;
  const name = freeName(objects, namespace, `${workload.slice(namespace.length + 1)}-plaintext`);
  return { existing: null, namespace, name, selector, ports: new Set() };
}

function isSelected({ namespace, selector }: Policy, pod: Pod): boolean {
  return namespace === pod.namespace && Object.entries(selector).every(([key, value]) => pod.labels[key] === value);
}

function policyObject({ existing, namespace, name, selector, ports }: Policy): K8sObject {
  const spec = fields(existing?.['spec']);
  const before = existing === null ? { selector: { matchLabels: selector } } : spec;
  const added = Object.fromEntries(
    [...ports].sort((a, b) => a - b).map((port) => [String(port), { mode: 'PERMISSIVE' }]),
  );
  return {
    apiVersion: existing?.apiVersion ?? 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: existing?.metadata ?? { name, namespace, labels: {}, annotations: {}, ownerReferences: [] },
    spec: { ...before, portLevelMtls: { ...fields(spec, 'portLevelMtls'), ...added } },
  };
}

/** Labels that controllers and Istio put on pods, which are others for every pod or every version. */
const FLEETING =
  /^(?:pod-template-hash|pod-template-generation|controller-revision-hash|controller-uid|job-name|(?:statefulset|apps)\.kubernetes\.io\/.*|batch\.kubernetes\.io\/.*|security\.istio\.io\/.*|service\.istio\.io\/.*|topology\.istio\.io\/.*|sidecar\.istio\.io\/.*|istio\.io\/.*)$/;

/** What its own controller selects its pods by; where that would select others as well, all labels that its pods share. */
function selectorFor(
  mesh: Mesh,
  objects: readonly K8sObject[],
  workload: string,
  pods: readonly Pod[],
): Readonly<Record<string, string>> {
  const [first] = pods;
  if (first === undefined) return {};
  const owner = objects.find((object) => isController(object) && ownerName(object) === workload);
  const own = textMap(fields(owner?.['spec'], 'selector', 'matchLabels'));
  const isOwn = Object.keys(own).length > 0 && Object.entries(own).every(([key, value]) => first.labels[key] === value);
  const strangers = mesh.pods.filter((pod) => pod.namespace === first.namespace && pod.workload !== workload);
  const selects = (selector: Readonly<Record<string, string>>): boolean =>
    strangers.some(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value));
  return isOwn && !selects(own) ? own : sharedLabels(pods);
}

/** Of all of these pods, and of whoever takes their place. */
export function sharedLabels(pods: readonly Pod[]): Readonly<Record<string, string>> {
  const labels = Object.entries(pods[0]?.labels ?? {});
  return Object.fromEntries(
    labels.filter(([key, value]) => !FLEETING.test(key) && pods.every((pod) => pod.labels[key] === value)),
  );
}

function freeName(objects: readonly K8sObject[], namespace: string, wanted: string): string {
  const taken = new Set(
    objects.flatMap(({ kind, metadata }) =>
      kind === 'PeerAuthentication' && metadata.namespace === namespace ? [metadata.name] : [],
    ),
  );
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${String(number)}`;
  return name;
}

/** Pods of a Job cannot be changed, nor those that nobody would make again. */
const RESTARTED = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'];

function isController({ kind }: K8sObject): boolean {
  return RESTARTED.includes(kind);
}

function ownerName({ metadata: { namespace, name } }: K8sObject): string {
  return `${namespace}/${name}`;
}

/** istio: pkg/kube/inject/inject.go:injectRequired; the label counts before the annotation of the same name. */
const INJECT = 'sidecar.istio.io/inject';

/** The workload with a label on its pods that asks for a sidecar; null where there is no template to put it on. */
export function injected(objects: readonly K8sObject[], workload: string): K8sObject | null {
  const owner = objects.find((object) => isController(object) && ownerName(object) === workload);
  if (owner === undefined) return null;
  const path = templatePath(owner);
  if (!isFields(fields(owner, ...path)['spec']) || fields(owner, ...path, 'spec')['hostNetwork'] === true) return null;
  return { ...owner, spec: withLabel(fields(owner['spec']), path.slice(1)) };
}

function templatePath({ kind }: K8sObject): readonly string[] {
  return kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template'];
}

function withLabel(here: Fields, path: readonly string[]): Fields {
  const [key, ...rest] = path;
  if (key !== undefined) return { ...here, [key]: withLabel(fields(here[key]), rest) };
  const metadata = fields(here, 'metadata');
  return { ...here, metadata: { ...metadata, labels: { ...fields(metadata, 'labels'), [INJECT]: 'true' } } };
}

/** Of a workload only what changes, for kubectl apply --server-side: the rest is its owner's. */
export function manifestOf({ apiVersion, kind, metadata, spec, ...object }: K8sObject): Fields {
  const { namespace, name } = metadata;
  const head = { apiVersion, kind, metadata: { name, namespace } };
  if (kind === 'PeerAuthentication') return { ...head, spec };
  const path = templatePath({ apiVersion, kind, metadata, ...object }).slice(1);
  return {
    ...head,
    spec: path.reduceRight<Fields>((inner, key) => ({ [key]: inner }), { metadata: { labels: { [INJECT]: 'true' } } }),
  };
}
