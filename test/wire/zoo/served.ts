/** The certificate of a server as a sidecar is: of the mesh, and asking for ours. */
import type { TlsOptions } from 'node:tls';
import { issue } from '../../support/certificates.ts';
import { MESH, THEIR_ID } from '../../support/probing.ts';

const SERVED = issue(MESH, { uris: [THEIR_ID] });

export function mutual(changes: TlsOptions = {}): TlsOptions {
  return {
    key: SERVED.key,
    cert: SERVED.chain,
    ca: MESH.rootPem,
    requestCert: true,
    rejectUnauthorized: true,
    ...changes,
  };
}
