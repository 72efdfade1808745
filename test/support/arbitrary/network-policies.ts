/** NetworkPolicies of both directions, by label, namespace, block and port. */
import fc from 'fast-check';
import type { LabelSelector, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../oracle/manifests.ts';
import { oneOf, rarely, selectorLabels, sparse } from './drawing.ts';
import { about } from './transport-policies.ts';
import type { Given } from './workloads.ts';

type Expressions = NonNullable<LabelSelector['matchExpressions']>;
type Spec = NetworkPolicy['spec'];

const expressions = oneOf<Expressions>(
  [{ key: 'app', operator: 'In', values: ['a', 'c'] }],
  [{ key: 'tier', operator: 'NotIn', values: ['front'] }],
  [{ key: 'version', operator: 'Exists' }],
  [{ key: 'version', operator: 'DoesNotExist' }],
  [
    { key: 'app', operator: 'Exists' },
    { key: 'tier', operator: 'In', values: ['back'] },
  ],
);
const podSelector = sparse<LabelSelector>({
  matchLabels: rarely(selectorLabels, 4),
  matchExpressions: rarely(expressions, 7),
});
const namespaceSelector = oneOf<LabelSelector>(
  {},
  { matchLabels: { team: 'red' } },
  { matchLabels: { 'kubernetes.io/metadata.name': 'bar' } },
  { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['red'] }] },
);
const block = oneOf<NonNullable<NetworkPolicyPeer['ipBlock']>>(
  { cidr: '10.0.0.0/16' },
  { cidr: '10.0.0.0/24' },
  { cidr: '10.0.0.0/16', except: ['10.0.1.0/24', '10.0.2.1/32'] },
  { cidr: '192.168.0.0/16' },
);

const bySelector: fc.Arbitrary<NetworkPolicyPeer> = fc.oneof(
  podSelector.map((drawn) => ({ podSelector: drawn })),
  namespaceSelector.map((drawn) => ({ namespaceSelector: drawn })),
  fc.record({ podSelector, namespaceSelector }),
);

const port = oneOf<NetworkPolicyPort>(
  { port: 8080 },
  { protocol: 'TCP', port: 8080 },
  { port: 80 },
  { port: 'http-app' },
  { port: 'web-app', protocol: 'TCP' },
  { port: 7000, endPort: 8080 },
  { port: 8081, endPort: 9090 },
  { protocol: 'UDP', port: 8080 },
  { protocol: 'TCP' },
);

export function networkPolicy(given: Given): fc.Arbitrary<NetworkPolicy> {
  const peer =
    given === 'pods'
      ? fc.oneof({ weight: 3, arbitrary: bySelector }, { weight: 1, arbitrary: block.map((ipBlock) => ({ ipBlock })) })
      : bySelector;
  const peers = rarely(fc.array(peer, { minLength: 1, maxLength: 2 }), 3);
  const ports = rarely(fc.array(port, { minLength: 1, maxLength: 2 }), 4);
  const ingress = fc.array(sparse<NonNullable<Spec['ingress']>[number]>({ from: peers, ports }), { maxLength: 2 });
  const egress = fc.array(sparse<NonNullable<Spec['egress']>[number]>({ to: peers, ports }), { maxLength: 2 });
  return fc
    .record({
      metadata: about,
      spec: sparse<Spec>({
        podSelector: fc.oneof(podSelector, podSelector, fc.constant({})),
        policyTypes: rarely(
          oneOf<('Ingress' | 'Egress')[]>(['Ingress'], ['Ingress'], ['Egress'], ['Ingress', 'Egress']),
          4,
        ),
        ingress: rarely(ingress, 3),
        egress: rarely(egress, 7),
      }),
    })
    .map((drawn) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', ...drawn }));
}
