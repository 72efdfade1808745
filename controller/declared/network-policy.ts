/** Kubernetes NetworkPolicies: additive, per direction, on pod addresses after the Service's address is gone. */
import type { ObjectRef } from './expectation.ts';
import { rangeMatcher } from './ip-ranges.ts';
import type { AddressMatcher } from './ip-ranges.ts';
import type { Pod } from './model.ts';
import type { NamespaceLabels } from './namespaces.ts';
import type { K8sObject } from './objects.ts';
import { compareText, groupBy, refOf } from './order.ts';
import { fields, integer, isFields, list, text, texts } from './reading.ts';
import { labelMatcher } from './selector.ts';
import type { LabelMatcher } from './selector.ts';

/** One end of a connection: a pod of the snapshot, or an address that is none. */
export interface NetworkPeer {
  readonly pod: Pod | null;
  readonly address: string | null;
}

export interface NetworkPolicyRule {
  readonly path: string;
  /** Null: every peer. */
  readonly peers: readonly ((peer: NetworkPeer) => boolean)[] | null;
  /** Null: every port. The pod is the destination: names of ports are resolved there. */
  readonly ports: readonly ((port: number, destination: Pod | null) => boolean)[] | null;
}

export interface NetworkPolicy {
  readonly ref: ObjectRef;
  readonly selects: LabelMatcher;
  /** Null: the policy does not isolate in this direction. */
  readonly ingress: readonly NetworkPolicyRule[] | null;
  readonly egress: readonly NetworkPolicyRule[] | null;
}

export type NetworkPolicies = ReadonlyMap<string, readonly NetworkPolicy[]>;

/** By namespace, in the order of names. kubernetes: staging/src/k8s.io/api/networking/v1/types.go */
export function readNetworkPolicies(objects: readonly K8sObject[], namespaceLabels: NamespaceLabels): NetworkPolicies {
  const policies = objects.map((object): NetworkPolicy => {
    const spec = fields(object, 'spec');
    const types = texts(spec['policyTypes']);
    const egress = list(spec['egress']);
    const isolatesIngress = types.length === 0 || types.includes('Ingress');
    const isolatesEgress = types.length === 0 ? egress.length > 0 : types.includes('Egress');
    const rule = (direction: 'ingress' | 'egress') => (value: unknown, index: number) =>
      toRule(value, `spec.${direction}[${String(index)}]`, direction, object.metadata.namespace, namespaceLabels);
    return {
      ref: refOf(object),
      selects: labelMatcher(spec['podSelector']),
      ingress: isolatesIngress ? list(spec['ingress']).map(rule('ingress')) : null,
      egress: isolatesEgress ? egress.map(rule('egress')) : null,
    };
  });
  return groupBy(
    policies.sort((a, b) => compareText(a.ref.name, b.ref.name)),
    ({ ref }) => ref.namespace,
  );
}

function toRule(
  value: unknown,
  path: string,
  direction: 'ingress' | 'egress',
  namespace: string,
  namespaceLabels: NamespaceLabels,
): NetworkPolicyRule {
  const rule = fields(value);
  const peers = list(rule[direction === 'ingress' ? 'from' : 'to']);
  const ports = list(rule['ports']);
  return {
    path,
    peers: peers.length === 0 ? null : peers.map((peer) => toPeer(peer, namespace, namespaceLabels)),
    ports: ports.length === 0 ? null : ports.map(toPort),
  };
}

/** A peer with nothing set is invalid and matches nothing. */
function toPeer(value: unknown, namespace: string, namespaceLabels: NamespaceLabels): (peer: NetworkPeer) => boolean {
  const peer = fields(value);
  if (isFields(peer['ipBlock'])) {
    const within = rangeMatcher(text(peer['ipBlock']['cidr']) ?? '');
    const excepted = texts(peer['ipBlock']['except'])
      .map(rangeMatcher)
      .filter((range): range is AddressMatcher => range !== null);
    return ({ address }) =>
      address !== null && within !== null && within(address) && !excepted.some((range) => range(address));
  }
  const hasPods = isFields(peer['podSelector']);
  const hasNamespaces = isFields(peer['namespaceSelector']);
  if (!hasPods && !hasNamespaces) return () => false;
  const pods = hasPods ? labelMatcher(peer['podSelector']) : () => true;
  const inNamespace = hasNamespaces ? labelMatcher(peer['namespaceSelector']) : null;
  return ({ pod }) =>
    pod !== null &&
    !pod.isHostNetwork &&
    (inNamespace === null ? pod.namespace === namespace : inNamespace(namespaceLabels(pod.namespace))) &&
    pods(pod.labels);
}

function toPort(value: unknown): (port: number, destination: Pod | null) => boolean {
  const given = fields(value);
  const isTcp = (text(given['protocol']) ?? 'TCP') === 'TCP';
  if (!isTcp) return () => false;
  const name = text(given['port']);
  if (name !== undefined) {
    return (port, destination) =>
      destination?.ports.some((own) => own.name === name && own.port === port && own.protocol === 'TCP') === true;
  }
  const first = integer(given['port']);
  if (first === undefined) return () => given['port'] === undefined;
  const last = integer(given['endPort']) ?? first;
  return (port) => port >= first && port <= last;
}

export interface NetworkVerdict {
  readonly isAllowed: boolean;
  /** Allowed: the rules that let it through. Denied: every policy that isolates. Empty: nothing isolates. */
  readonly objects: readonly ObjectRef[];
  readonly direction: 'ingress' | 'egress' | null;
}

/** Both directions must agree; the node's own processes always reach their pods (comment of NetworkPolicySpec). */
export function networkVerdict(
  policies: NetworkPolicies,
  source: NetworkPeer,
  destination: NetworkPeer,
  port: number,
): NetworkVerdict {
  const egress = oneDirection(policies, source.pod, 'egress', destination, port, destination.pod);
  if (!egress.isAllowed) return egress;
  const ingress = oneDirection(policies, destination.pod, 'ingress', source, port, destination.pod);
  if (!ingress.isAllowed) return ingress;
  return { isAllowed: true, objects: [...egress.objects, ...ingress.objects], direction: null };
}

function oneDirection(
  policies: NetworkPolicies,
  subject: Pod | null,
  direction: 'ingress' | 'egress',
  peer: NetworkPeer,
  port: number,
  destination: Pod | null,
): NetworkVerdict {
  if (subject === null || subject.isHostNetwork) return { isAllowed: true, objects: [], direction: null };
  const isolating: ObjectRef[] = [];
  for (const policy of policies.get(subject.namespace) ?? []) {
    const rules = policy[direction];
    if (rules === null || !policy.selects(subject.labels)) continue;
    isolating.push(policy.ref);
    for (const { peers, ports, path } of rules) {
      if (peers !== null && !peers.some((matches) => matches(peer))) continue;
      if (ports !== null && !ports.some((matches) => matches(port, destination))) continue;
      return { isAllowed: true, objects: [{ ...policy.ref, path }], direction };
    }
  }
  return { isAllowed: isolating.length === 0, objects: isolating, direction };
}
