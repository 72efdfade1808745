/** NetworkPolicies between a probe pod and its controller, and the one that would let them meet. Pure. */
import type { Mesh } from '../../declared/mesh.ts';
import { networkVerdict } from '../../declared/network-policy.ts';
import { OUR_LABELS, ROLE_LABEL } from '../../install/names.ts';
import { addressText } from '../../../proto/vocabulary.ts';
import type { Address } from '../../../proto/vocabulary.ts';

/** The controller's pod, as far as it is known. */
export interface ControllerPlace {
  readonly namespace: string;
  readonly podName: string;
  readonly address: Address;
}

/**
 * Why policies do not let the probe pod (`namespace/name`) to its controller; undefined: they do. Nothing is ever applied
 * by us: where no policy isolates the probes, one more would.
 */
export function isolationOf(mesh: Mesh, probe: string, controller: ControllerPlace): string | undefined {
  const { namespace, podName, address } = controller;
  const pod = mesh.podsByKey.get(probe) ?? null;
  const destination = { pod: mesh.podsByKey.get(`${namespace}/${podName}`) ?? null, address: address.host };
  const verdict = networkVerdict(mesh.networkPolicies, { pod, address: null }, destination, address.port);
  if (verdict.isAllowed || pod === null) return undefined;
  const names = verdict.objects.map((object) => `${object.namespace}/${object.name}`).join(', ');
  const policy = verdict.direction === 'egress' ? wayOut(pod.namespace, controller) : wayIn(controller);
  return (
    `NetworkPolicy ${names} does not let the probe pod to its controller at ${addressText(address)}. ` +
    `This one would, beside it: ${JSON.stringify(policy)}`
  );
}

function wayOut(namespace: string, controller: ControllerPlace): unknown {
  const to = { ...namespaceNamed(controller.namespace), ...podsOf('controller') };
  return policy(namespace, 'meshproof-probes', 'probe', 'Egress', { egress: [{ to: [to], ports: ports(controller) }] });
}

function wayIn(controller: ControllerPlace): unknown {
  const from = { namespaceSelector: {}, ...podsOf('probe') };
  const rule = { ingress: [{ from: [from], ports: ports(controller) }] };
  return policy(controller.namespace, 'meshproof-controller', 'controller', 'Ingress', rule);
}

function policy(namespace: string, name: string, role: string, direction: string, rules: object): unknown {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: { ...podsOf(role), policyTypes: [direction], ...rules },
  };
}

function podsOf(role: string): { readonly podSelector: unknown } {
  return {
    podSelector: {
      matchLabels: { 'app.kubernetes.io/part-of': OUR_LABELS['app.kubernetes.io/part-of'], [ROLE_LABEL]: role },
    },
  };
}

function namespaceNamed(name: string): { readonly namespaceSelector: unknown } {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

function ports({ address }: ControllerPlace): readonly unknown[] {
  return [{ protocol: 'TCP', port: address.port }];
}
