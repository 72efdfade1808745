/** The certificate that each proxy of a reality really holds, good or bad. */
import type { WorkloadCertificate } from '../data-plane.ts';
import type { RealityPod } from '../pods.ts';
import {
  createRoot,
  expired,
  notYetValid,
  validFor,
  SANDBOX_LIFETIME_MS,
  type MeshRoot,
  type Validity,
} from './mesh-root.ts';

/**
 * By pod key, for every sidecar and gateway. Whatever is wrong with a leaf, the proxy itself trusts the mesh root:
 * a pod that a rotation forgot serves an old leaf long before it stops to know the new root.
 */
export function issueWorkloadCertificates(
  pods: readonly RealityPod[],
  root: MeshRoot,
  nowMs: number,
): ReadonlyMap<string, WorkloadCertificate> {
  let foreignRoot: MeshRoot | undefined;
  const held = pods.filter((pod) => pod.dataPlane === 'sidecar' || pod.gateway !== undefined);
  return new Map(
    held.map(({ key, certificate, spiffeId }): [string, WorkloadCertificate] => {
      const isForeign = certificate.state === 'foreign-root';
      if (isForeign) foreignRoot ??= createRoot('Other mesh', nowMs);
      const issuer = isForeign ? (foreignRoot ?? root) : root;
      const leaf = issuer.issue([certificate.identity ?? spiffeId], validityOf(certificate.state, nowMs));
      return [key, { ...leaf, root: root.rootPem }];
    }),
  );
}

function validityOf(state: RealityPod['certificate']['state'], nowMs: number): Validity {
  switch (state) {
    case 'valid':
    case 'foreign-root':
      return validFor(SANDBOX_LIFETIME_MS, nowMs);
    case 'expired':
      return expired(nowMs);
    case 'not-yet-valid':
      return notYetValid(nowMs);
  }
}
