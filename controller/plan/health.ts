/** The health table: every container check as the kubelet sends it, and the ways around the rewriting. */
import type { Pod } from '../declared/mesh.ts';
import type { HealthAction, HealthVariant } from '../../proto/vocabulary.ts';
import type { PlacedVantage, Proposal } from './cell.ts';
import type { Scope } from './scope.ts';

type NetworkCheck = Extract<Pod['healthChecks'][number], { kind: 'network' }>;

interface Sent {
  readonly variant: HealthVariant;
  readonly port: number;
  readonly action: HealthAction;
}

/**
 * From a node's own network, or from a pod; where there is a vantage a node, from the pod's own, because a kubelet sends
 * to none but its own pods and NetworkPolicies let in none but their node. Not from a pod where the pod is ambient: its ztunnel lets the kubelet in past
 * every policy, and nobody else. Checks that run inside the container have no part
 * in this.
 */
export function planHealth({ pods, isClosed }: Scope, vantages: readonly PlacedVantage[]): readonly Proposal[] {
  return vantages.flatMap((placed) =>
    pods
      .filter((pod) => placed.vantage.dataPlane === 'host' || pod.dataPlane !== 'ambient')
      .filter(({ node }) => (placed.vantage.node ?? node) === node)
      .flatMap((pod) =>
        pod.healthChecks.flatMap((check) =>
          check.kind === 'exec'
            ? []
            : variantsOf(check)
                .filter(({ port }) => !isClosed(pod, port))
                .map((sent) => proposalOf(placed, pod, check, sent)),
        ),
      ),
  );
}

/**
 * A TCP check is not planned as `original`: it says nothing but that something accepted, which is what the `kubelet`
 * variant (where it was not rewritten) has said already, and which a sidecar does for every port.
 */
function variantsOf({ kubelet, original, isRewritten }: NetworkCheck): readonly Sent[] {
  const variants: Sent[] = [{ variant: 'kubelet', ...kubelet }];
  if (original.action.kind !== 'tcpSocket') variants.push({ variant: 'original', ...original });
  if (isRewritten) variants.push({ variant: 'rewritten', ...kubelet });
  return variants.filter(({ port }) => port !== 0);
}

function proposalOf(placed: PlacedVantage, pod: Pod, check: NetworkCheck, sent: Sent): Proposal {
  const { port, variant, action } = sent;
  return {
    table: 'health',
    route: {
      vantage: placed.vantage,
      target: { kind: 'pod', namespace: pod.namespace, name: pod.name, port },
      probe: { kind: 'health', container: check.container, check: check.check, variant, action },
    },
    source: placed.workload,
    workload: pod.workload,
    authority: '',
    serverName: '',
    peerIdentities: [],
    attempts: 1,
  };
}
