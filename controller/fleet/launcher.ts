/** How agents come into being and what they can dial: the sandbox and Kubernetes both fit in here. */
import type { Address, Target, Vantage } from '../../proto/vocabulary.ts';

export interface DialTarget {
  readonly address: Address;
  /** `namespace/pod` behind the address; absent where a virtual address stands for several. */
  readonly pod?: string;
}

/** Where the agents find their controller, and what they have to trust. */
export interface ControllerEndpoint {
  readonly address: Address;
  /** PEM of the CA that signed the controller's serving certificate. */
  readonly caPem: string;
  /** One-time join token for an agent that will claim this id and vantage. */
  readonly joinTokenFor: (agentId: string, vantage: Vantage) => string;
}

/** Agent ids are unique over all launches of a launcher. */
export type LostListener = (agentId: string, why: string) => void;

export interface Launcher extends AsyncDisposable {
  /** Vantages that this launcher can place an agent in, with the workload (`namespace/name`) that stands for each. */
  readonly vantages: () => readonly { readonly vantage: Vantage; readonly workload: string }[];
  /** Starts one agent a vantage. Resolves when they are started, not when they are connected. */
  readonly launch: (vantages: readonly Vantage[], controller: ControllerEndpoint, signal: AbortSignal) => Promise<void>;
  /** What a probe from the vantage dials for the target; empty: nothing is there (the cell becomes `untested: no-address`). */
  readonly addressesOf: (vantage: Vantage, target: Target) => readonly DialTarget[];
  /** TLS facts of the mesh that a task needs. */
  readonly trustDomain: string;
  /** Calls the listener with an agent's id when its process ended unasked, until the returned function is called. */
  readonly onLost: (listener: LostListener) => () => void;
}
