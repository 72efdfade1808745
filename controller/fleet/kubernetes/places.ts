/** Where probe pods can stand in a cluster: as whom, on which data plane, and what puts them there. */
import { isEnrolledInAmbient, isInjected } from '../../declared/injection.ts';
import type { Mesh, Pod } from '../../declared/mesh.ts';
import { compareText, groupBy } from '../../declared/order.ts';
import { isOurs } from '../../plan/options.ts';
import type { HostVantage } from '../../plan/options.ts';
import { wishesOf } from '../../plan/wishes.ts';
import type { DataPlane, Vantage } from '../../../proto/vocabulary.ts';
import { probePodName, vantageKey } from '../../../proto/vocabulary.ts';
import { PROBER_ACCOUNT } from '../../install/names.ts';

type Labels = Readonly<Record<string, string>>;

export interface ProbePlace {
  readonly vantage: Vantage;
  /** Name under which the probe pod stands in the declared state; the same in every sweep. */
  readonly name: string;
  /** Put the pod on its data plane, as far as namespace and mesh do not do so by themselves. */
  readonly labels: Labels;
  /** Why no pod of ours can stand there. */
  readonly hindrance?: string;
}

export interface PlaceOptions {
  /** Whose workloads are callers. `all` leaves out the namespaces of Kubernetes itself and the mesh's own. */
  readonly namespaces: ReadonlySet<string> | 'all';
  readonly ownNamespace: string;
  readonly hostVantage: HostVantage;
}

type WorkloadPlane = Extract<DataPlane, 'naked' | 'sidecar' | 'ambient'>;

const INJECT = 'sidecar.istio.io/inject';
const REVISION = 'istio.io/rev';
const AMBIENT_MODE = 'istio.io/dataplane-mode';
const KUBERNETES_NAMESPACES: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

/**
 * One place for every (namespace, service account, data plane) that a running workload has, and one for the prober.
 * Gateways and waypoints call nobody of their own will; what runs in the node's network is no vantage of the mesh.
 * Sorted by the vantage's key.
 */
export function probePlaces(mesh: Mesh, options: PlaceOptions): readonly ProbePlace[] {
  const { ownNamespace } = options;
  const { allowsPod } = wishesOf(mesh);
  const callers = mesh.pods.filter(
    (pod) =>
      pod.isLive &&
      !pod.isEnding &&
      !isOurs(pod, ownNamespace) &&
      covers(mesh, options, pod.namespace) &&
      allowsPod(pod),
  );
  const byVantage = groupBy(
    callers.flatMap((pod) => (isWorkloadPlane(pod.dataPlane) ? [{ pod, vantage: vantageOf(pod, pod.dataPlane) }] : [])),
    ({ vantage }) => vantageKey(vantage),
  );
  const prober: Vantage = { namespace: ownNamespace, serviceAccount: PROBER_ACCOUNT, dataPlane: 'naked' };
  return [
    ...[...byVantage.values()].map((found) => placeLike(mesh, found)),
    { vantage: prober, name: 'prober', labels: nakedLabels(mesh, ownNamespace) },
    ...hostPlaces(mesh, options, { ...prober, dataPlane: 'host' }),
  ].sort((a, b) => compareText(vantageKey(a.vantage), vantageKey(b.vantage)));
}

function hostPlaces(mesh: Mesh, options: PlaceOptions, host: Vantage): readonly ProbePlace[] {
  const labels = { [INJECT]: 'false' };
  if (options.hostVantage === false) return [];
  if (options.hostVantage === true) return [{ vantage: host, name: 'kubelet', labels }];
  return nodesOf(mesh, options).map((node) => ({ vantage: { ...host, node }, name: `kubelet-${node}`, labels }));
}

/** Of measured pods; one that no scheduler has seen yet has none. */
function nodesOf(mesh: Mesh, options: PlaceOptions): readonly string[] {
  const measured = mesh.pods.filter(
    (pod) => pod.isLive && !pod.isEnding && !isOurs(pod, options.ownNamespace) && covers(mesh, options, pod.namespace),
  );
  return [...new Set(measured.map(({ node }) => node))].filter((node) => node !== '').sort(compareText);
}

function covers(mesh: Mesh, { namespaces }: PlaceOptions, namespace: string): boolean {
  if (namespaces !== 'all') return namespaces.has(namespace);
  return !KUBERNETES_NAMESPACES.has(namespace) && namespace !== mesh.rootNamespace;
}

function isWorkloadPlane(plane: Pod['dataPlane']): plane is WorkloadPlane {
  return plane === 'naked' || plane === 'sidecar' || plane === 'ambient';
}

function vantageOf(
  { namespace, serviceAccount }: Pod,
  dataPlane: WorkloadPlane,
): Vantage & { dataPlane: WorkloadPlane } {
  return { namespace, serviceAccount, dataPlane };
}

function placeLike(mesh: Mesh, found: readonly { readonly pod: Pod; readonly vantage: Vantage }[]): ProbePlace {
  const [{ vantage }] = found as readonly [(typeof found)[number]];
  const name = probePodName(vantage);
  const place = { vantage, name };
  switch (vantage.dataPlane) {
    case 'sidecar':
      return {
        ...place,
        ...injected(
          mesh,
          vantage.namespace,
          found.map(({ pod }) => pod.labels[REVISION]),
        ),
      };
    case 'ambient':
      return { ...place, ...enrolled(mesh, vantage.namespace) };
    default:
      return { ...place, labels: nakedLabels(mesh, vantage.namespace) };
  }
}

/**
 * The namespace's own injection where it has one, so that nothing about the probe is special; else the wish that the
 * workload's pods themselves carry. Of theirs only the revision is taken over: no label of a workload is ever copied.
 */
function injected(
  mesh: Mesh,
  namespace: string,
  revisions: readonly (string | undefined)[],
): Pick<ProbePlace, 'labels' | 'hindrance'> {
  const revision = revisions.find((given) => given !== undefined && given !== '');
  const wishes: readonly Labels[] = [
    {},
    { [INJECT]: 'true' },
    ...(revision === undefined ? [] : [{ [INJECT]: 'true', [REVISION]: revision }]),
  ];
  const labels = wishes.find((wish) => isInjected(candidate(mesh, namespace, wish), mesh.config));
  if (labels !== undefined) return { labels };
  const hindrance =
    `pods with a sidecar run in namespace ${namespace}, but no new pod there is given one: ` +
    'injection was switched off since, or their sidecars were put in by hand';
  return { labels: {}, hindrance };
}

function enrolled(mesh: Mesh, namespace: string): Pick<ProbePlace, 'labels' | 'hindrance'> {
  const wishes: readonly Labels[] = [{ [INJECT]: 'false' }, { [INJECT]: 'false', [AMBIENT_MODE]: 'ambient' }];
  const labels = wishes.find((wish) => isEnrolledInAmbient(candidate(mesh, namespace, wish)));
  return { labels: labels ?? { [INJECT]: 'false' } };
}

function nakedLabels(mesh: Mesh, namespace: string): Labels {
  const labels = { [INJECT]: 'false' };
  return isEnrolledInAmbient(candidate(mesh, namespace, labels)) ? { ...labels, [AMBIENT_MODE]: 'none' } : labels;
}

function candidate(mesh: Mesh, namespace: string, labels: Labels): Parameters<typeof isInjected>[0] {
  return { namespace, namespaceLabels: mesh.namespaceLabels(namespace), labels, annotations: {}, isHostNetwork: false };
}
