/** Whether the NetworkPolicies of both ends let a connection between two pods through. */
import { isInBlock } from './addresses.ts';
import { isSubset, namespaceOf } from './manifests.ts';
import type { Labels, LabelSelector, Manifest, NetworkPolicy } from './manifests.ts';
import type { NetworkPolicyPeer, NetworkPolicyPort } from './manifests.ts';
import type { OraclePod } from './pods.ts';

type Direction = 'Ingress' | 'Egress';

interface PolicyRule {
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: readonly NetworkPolicyPort[];
}

/** The policies that isolate an end and let nothing of the kind through: null, the connection may pass. */
export function isolating(
  objects: readonly Manifest[],
  source: OraclePod,
  target: OraclePod,
  port: number,
): Readonly<Record<Direction, readonly NetworkPolicy[]>> | null {
  const at = (pod: OraclePod, peer: OraclePod, direction: Direction): readonly NetworkPolicy[] => {
    const policies = objects
      .filter((object) => object.kind === 'NetworkPolicy')
      .filter((policy) => namespaceOf(policy) === pod.namespace)
      .filter(({ spec }) => fits(spec.podSelector ?? {}, pod.labels) && typesOf(spec).includes(direction));
    const isOpen = policies.some((policy) =>
      rulesOf(policy, direction).some(
        ({ peers, ports }) =>
          (peers.length === 0 || peers.some((wanted) => isPeer(objects, namespaceOf(policy), wanted, peer))) &&
          (ports.length === 0 || ports.some((wanted) => isPort(wanted, target, port))),
      ),
    );
    return isOpen ? [] : policies;
  };
  const Egress = at(source, target, 'Egress');
  const Ingress = at(target, source, 'Ingress');
  return Egress.length + Ingress.length === 0 ? null : { Egress, Ingress };
}

function typesOf(spec: NetworkPolicy['spec']): readonly Direction[] {
  if (spec.policyTypes !== undefined && spec.policyTypes.length > 0) return spec.policyTypes;
  return (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function rulesOf({ spec }: NetworkPolicy, direction: Direction): readonly PolicyRule[] {
  return direction === 'Ingress'
    ? (spec.ingress ?? []).map((rule) => ({ peers: rule.from ?? [], ports: rule.ports ?? [] }))
    : (spec.egress ?? []).map((rule) => ({ peers: rule.to ?? [], ports: rule.ports ?? [] }));
}

function isPeer(objects: readonly Manifest[], own: string, wanted: NetworkPolicyPeer, pod: OraclePod): boolean {
  const { ipBlock, podSelector, namespaceSelector } = wanted;
  if (ipBlock !== undefined) {
    const { address } = pod;
    if (address === null) throw new Error('the oracle knows no address to match with a block');
    return isInBlock(address, ipBlock.cidr) && !(ipBlock.except ?? []).some((except) => isInBlock(address, except));
  }
  const ofNamespace =
    objects.find((object) => object.kind === 'Namespace' && object.metadata.name === pod.namespace)?.metadata.labels ??
    {};
  const isNamespace = namespaceSelector === undefined ? pod.namespace === own : fits(namespaceSelector, ofNamespace);
  return isNamespace && fits(podSelector ?? {}, pod.labels);
}

/** A name is one of the target's container ports, whichever direction is judged. */
function isPort(wanted: NetworkPolicyPort, target: OraclePod, port: number): boolean {
  if ((wanted.protocol ?? 'TCP') !== 'TCP') return false;
  if (wanted.port === undefined) return true;
  if (typeof wanted.port === 'string') {
    return target.containerPorts.some(
      (declared) => declared.name === wanted.port && declared.protocol === 'TCP' && declared.port === port,
    );
  }
  return port >= wanted.port && port <= (wanted.endPort ?? wanted.port);
}

function fits(selector: LabelSelector, labels: Labels): boolean {
  const expressions = selector.matchExpressions ?? [];
  return (
    isSubset(selector.matchLabels, labels) &&
    expressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
      }
    })
  );
}
