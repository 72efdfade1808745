/** What a plan covers, and how long its attempts may take. */

export interface Timeouts {
  /** @default 2000 */
  readonly connectTimeoutMs: number;
  /** Of a whole attempt, body included. @default 5000 */
  readonly timeoutMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connectTimeoutMs: 2000, timeoutMs: 5000 };

/**
 * Whether to probe from the network of a node, as the kubelet does: from one node for all, or from every `node` that
 * measured pods run on. Pod Security must allow it in our own namespace.
 */
export type HostVantage = boolean | 'node';

export interface PlanOptions extends Timeouts {
  /** Where our own prober is. Nothing in it is a target, and its naked vantages are probers. @default meshproof */
  readonly ownNamespace: string;
  /**
   * Callers and targets are of these alone; the gateways on the way may be elsewhere. `all` leaves out the namespaces of
   * Kubernetes itself and the mesh's root namespace. @default all
   */
  readonly namespaces: ReadonlySet<string> | 'all';
}

export const DEFAULT_PLAN_OPTIONS: PlanOptions = { ...DEFAULT_TIMEOUTS, ownNamespace: 'meshproof', namespaces: 'all' };

/** Label that everything of ours carries: it belongs to the measuring, not to what is measured. */
const PART_OF = 'app.kubernetes.io/part-of';

/** Ours, wherever it is: by its label, or because it is in our own namespace. @param ownNamespace default `meshproof` */
export function isOurs(
  object: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  ownNamespace: string = DEFAULT_PLAN_OPTIONS.ownNamespace,
): boolean {
  return object.namespace === ownNamespace || object.labels[PART_OF] === 'meshproof';
}
