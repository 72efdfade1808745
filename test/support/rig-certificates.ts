/** The two pods' certificates for a mesh rig, and the client's good and bad ones, from fresh roots. */
import { createRoot, expired, validFor, WORKLOAD_LIFETIME_MS } from '../../deploy/sandbox/ca/mesh-root.ts';
import { CLIENT_ID, SERVER_ID } from './mesh-rig.ts';
import type { RigCertificates } from './mesh-rig.ts';
import type { ClientCertificates } from './outcome-codes.ts';

export interface IssuedCertificates {
  readonly pods: RigCertificates;
  readonly clients: ClientCertificates;
}

export function issueRigCertificates(nowMs: number): IssuedCertificates {
  const root = createRoot('Mesh', nowMs);
  const otherRoot = createRoot('Other mesh', nowMs);
  const now = validFor(WORKLOAD_LIFETIME_MS, nowMs);
  const client = root.issue([CLIENT_ID], now);
  return {
    pods: {
      server: { ...root.issue([SERVER_ID], now), root: root.rootPem },
      client: { ...client, root: root.rootPem },
    },
    clients: {
      valid: client,
      'untrusted-ca': otherRoot.issue([CLIENT_ID], now),
      'wrong-trust-domain': root.issue(['spiffe://other.example/ns/bar/sa/c'], now),
      expired: root.issue([CLIENT_ID], expired(nowMs)),
    },
  };
}
