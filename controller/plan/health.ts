/** The health table: every container check as the kubelet sends it, and the ways around the rewriting. */
import type { Mesh, Pod } from '../declared/mesh.ts';
import type { HealthAction, HealthVariant } from '../../proto/vocabulary.ts';
import { isApplication } from './facts.ts';
import { OWN_NAMESPACE } from './cell.ts';
import type { PlacedVantage, Proposal } from './cell.ts';

type NetworkCheck = Extract<Pod['healthChecks'][number], { kind: 'network' }>;

interface Sent {
  readonly variant: HealthVariant;
  readonly port: number;
  readonly action: HealthAction;
}

/** From the node's own network, where the kubelet is. Checks that run inside the container have no part in this. */
export function planHealth(mesh: Mesh, kubelets: readonly PlacedVantage[]): readonly Proposal[] {
  const pods = mesh.pods.filter((pod) => pod.namespace !== OWN_NAMESPACE && isApplication(pod));
  return kubelets.flatMap((placed) =>
    pods.flatMap((pod) =>
      pod.healthChecks.flatMap((check) =>
        check.kind === 'exec' ? [] : variantsOf(check).map((sent) => proposalOf(placed, pod, check, sent)),
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
    authority: '',
    serverName: '',
    peerIdentities: [],
    attempts: 1,
  };
}
