/** Which PeerAuthentication is in force on a port of a pod. */
import { byAge, namespaceOf } from './manifests.ts';
import type { Manifest, PeerAuthentication, TlsMode } from './manifests.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { selects } from './pods.ts';
import type { OraclePod } from './pods.ts';

export interface Mode {
  readonly mode: Exclude<TlsMode, 'UNSET'>;
  /** Null: nothing is declared. */
  readonly by: PeerAuthentication | null;
}

const DEFAULT: Mode = { mode: 'PERMISSIVE', by: null };

/** istio: pilot/pkg/security/authn/policy_applier.go:ComposePeerAuthentication. */
export function modeOfPort(objects: readonly Manifest[], settings: MeshSettings, pod: OraclePod, port: number): Mode {
  const inherited = modeOfNamespace(objects, settings, pod.namespace);
  if (pod.namespace === settings.rootNamespace) return inherited;
  const policy = policiesIn(objects, pod.namespace).find(
    (candidate) => !isForAll(candidate) && selects(candidate.spec?.selector?.matchLabels, pod),
  );
  const own = policy === undefined ? inherited : overridden(inherited, policy, policy.spec?.mtls?.mode);
  const ofPort = policy?.spec?.portLevelMtls?.[String(port)];
  return policy === undefined || ofPort === undefined ? own : overridden(own, policy, ofPort.mode);
}

/** Namespace over mesh, workloads left aside: also what clients infer a service by. */
export function modeOfNamespace(objects: readonly Manifest[], settings: MeshSettings, namespace: string): Mode {
  const [ofMesh] = policiesIn(objects, settings.rootNamespace).filter(isForAll);
  const mesh = ofMesh === undefined ? DEFAULT : overridden(DEFAULT, ofMesh, ofMesh.spec?.mtls?.mode);
  if (namespace === settings.rootNamespace) return mesh;
  const [own] = policiesIn(objects, namespace).filter(isForAll);
  return own === undefined ? mesh : overridden(mesh, own, own.spec?.mtls?.mode);
}

function overridden(inherited: Mode, by: PeerAuthentication, mode: TlsMode = 'UNSET'): Mode {
  return mode === 'UNSET' ? inherited : { mode, by };
}

function policiesIn(objects: readonly Manifest[], namespace: string): readonly PeerAuthentication[] {
  return byAge(
    objects.filter((object) => object.kind === 'PeerAuthentication').filter((pa) => namespaceOf(pa) === namespace),
  );
}

function isForAll(policy: PeerAuthentication): boolean {
  return Object.keys(policy.spec?.selector?.matchLabels ?? {}).length === 0;
}
