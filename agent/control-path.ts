/** Whether the agent's stream reaches its controller as it left: what a proxy has taken it may have taken for itself. */
import { isIP } from 'node:net';
import type { Untested } from '../proto/outcome.ts';
import { addressText } from '../proto/vocabulary.ts';
import type { Address, DataPlane } from '../proto/vocabulary.ts';
import type { Log } from './log.ts';

export type Path =
  | 'direct'
  /** The same pod, but another socket: a proxy of its own has opened it anew. */
  | 'captured'
  /** Addresses are translated on the way, or one side does not know; nothing follows from it. */
  | 'unproved';

/** `observed`: where the stream comes from, as the controller sees it; `own`: the socket that it was opened with. */
export function pathBetween(observed: Address | undefined, own: Address | undefined): Path {
  if (observed === undefined || own === undefined) return 'unproved';
  const host = plain(own.host);
  // No capture in a pod leads by way of its loopback to another machine; whoever relays there is meant to.
  if (plain(observed.host) !== host || isLoopback(host)) return 'unproved';
  return observed.port === own.port ? 'direct' : 'captured';
}

/** What the latest stream has shown. A vantage of which we know that it is not what it should be measures nothing. */
export class ControlPath {
  readonly #dataPlane: DataPlane;
  readonly #log: Log;
  #path: Path = 'unproved';
  #hasWarned = false;

  constructor(dataPlane: DataPlane, log: Log) {
    this.#dataPlane = dataPlane;
    this.#log = log;
  }

  /** At each Welcome. */
  hear(observed: Address | undefined, own: Address | undefined): void {
    this.#path = pathBetween(observed, own);
    if (this.#path !== 'unproved' || this.#hasWarned || own === undefined || isLoopback(plain(own.host))) return;
    this.#hasWarned = true;
    const seen = observed === undefined ? 'nowhere' : addressText(observed);
    this.#log.info('whether the way to the controller is direct cannot be proved', { own: addressText(own), seen });
  }

  /** In ambient mode the node carries everything, the agent's own stream included. */
  get fault(): Untested | undefined {
    if (this.#path !== 'captured' || this.#dataPlane === 'ambient') return undefined;
    return { kind: 'untested', why: 'agent-not-ready', detail: CAPTURED[this.#dataPlane] };
  }
}

const CAPTURED = {
  sidecar:
    "the agent's own stream passes through its sidecar: the pod lacks the controller's address in its annotation " +
    'traffic.sidecar.istio.io/excludeOutboundIPRanges',
  naked: "the agent's own stream passes through a proxy in its pod, and it was to measure without",
  host: "the agent's own stream passes through a proxy on its node, and it was to measure without",
} as const;

/** Sockets that take IPv4 and IPv6 name IPv4 peers in IPv6's form. */
function plain(host: string): string {
  return host.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
