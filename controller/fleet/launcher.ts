/** How agents come into being and what they can dial: the sandbox and Kubernetes both fit in here. */
import type { Address, Target, Vantage } from '../../proto/vocabulary.ts';
import type { PlacedVantage } from '../plan/plan.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { TokenCheck } from './join-tokens.ts';

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
  /** The agent is awaited from now on: until it comes, or is lost, its vantage has a reason for what is not measured. */
  readonly expect: (agentId: string, vantage: Vantage) => void;
  /** Expects the agent, and gives a one-time join token for it. */
  readonly joinTokenFor: (agentId: string, vantage: Vantage) => string;
}

/** How agents of this launcher get to their controller. */
export interface Meeting {
  /** Where the controller listens. */
  readonly listen: Address;
  /** Name or address by which agents dial it; its certificate is for this one. */
  readonly host: string;
  /** @default one-time join tokens */
  readonly tokens?: TokenCheck;
}

/** Agents on this machine, with join tokens. */
export const LOOPBACK_MEETING: Meeting = { listen: { host: '127.0.0.1', port: 0 }, host: '127.0.0.1' };

/** Where agents will be, and the declared state with their pods in it. */
export interface Placement {
  readonly snapshot: Snapshot;
  readonly vantages: readonly PlacedVantage[];
}

/** Agent ids are unique over all launches of a launcher. */
export type LostListener = (agentId: string, why: string) => void;

export interface Launcher extends AsyncDisposable {
  readonly meeting: Meeting;
  /** Where this launcher can place agents in the declared state; called before `launch`, and again when the state changes. */
  readonly place: (snapshot: Snapshot) => Placement;
  /**
   * Starts one agent a vantage. Resolves when they are started, not when they are connected. May be called again, for
   * vantages of the latest `place` that are new or whose agent is lost: whoever is there for them still is replaced.
   */
  readonly launch: (vantages: readonly Vantage[], controller: ControllerEndpoint, signal: AbortSignal) => Promise<void>;
  /** Ends the agents of these vantages, and calls no listener for them. Absent: agents end with the launcher only. */
  readonly retire?: (vantages: readonly Vantage[]) => Promise<void>;
  /** What a probe from the vantage dials for the target; empty: nothing is there (the cell becomes `untested: no-address`). */
  readonly addressesOf: (vantage: Vantage, target: Target) => readonly DialTarget[];
  /** TLS facts of the mesh that a task needs. */
  readonly trustDomain: string;
  /** Calls the listener with an agent's id when its process ended unasked, until the returned function is called. */
  readonly onLost: (listener: LostListener) => () => void;
}
