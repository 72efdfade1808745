/** What a probe is, and which one attempts which kind of route. */
import type { SecureContext } from 'node:tls';
import type { Outcome } from '../../proto/outcome.ts';
import type { Address, ClientCertificate, DataPlane, Task } from '../../proto/vocabulary.ts';

/** Where the agent's own certificates come from. */
export interface Credentials {
  /**
   * A context for this kind of client certificate; the same object until the certificate changes. It trusts the mesh's
   * root. Rejects with MPE_CERTIFICATE_REFUSED where the mesh CA gave none.
   */
  readonly contextFor: (certificate: ClientCertificate, signal: AbortSignal) => Promise<SecureContext>;
}

export interface ProbeDeps {
  readonly credentials: Credentials;
  readonly dataPlane: DataPlane;
  /** Where the pod's own sidecar takes outbound traffic that no iptables rule leads there. */
  readonly capture: Address | undefined;
  /**
   * Name servers, as `host:port`, that are asked where a target's name is what is probed.
   * @default those of the system
   */
  readonly nameServers?: readonly string[];
  /** A text that no other attempt has. */
  readonly newToken: () => string;
}

/** Never rejects: whatever happens on the wire is the answer. Settles within `task.timeoutMs`, one socket an attempt. */
export type Probe<T extends Task['probe'] = Task['probe']> = (
  task: Task & { readonly probe: T },
  deps: ProbeDeps,
  signal: AbortSignal,
) => Promise<Outcome>;
