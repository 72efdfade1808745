/** A connection in front of a pod, and what the pod's port makes of it. */
import type { Wire } from './client-transport.ts';
import type { DeclaredTransport, Decider, FlowRequest, ObjectRef, OutcomeCode, TrailStep } from './expectation.ts';
import type { Arrival } from './filter-chain.ts';
import type { Pod } from './model.ts';
import type { PortMode } from './peer-authentication.ts';

/** A connection as it comes out of the network in front of the pod. */
export interface Connection {
  readonly pod: Pod;
  /** Container port. */
  readonly port: number;
  readonly arrival: Arrival;
  /** What the caller's proxy does; null: nobody's proxy, the caller's own bytes. */
  readonly wire: Wire | null;
  /** The caller's proxy speaks HTTP with it: failures come back as 503. */
  readonly isHttpClient: boolean;
  /** SPIFFE ids that the caller was told to accept of the server; null: whatever the mesh knows it by. */
  readonly acceptedServers: readonly string[] | null;
  /** Object that chose the transport on the caller's side. */
  readonly clientObject: ObjectRef | null;
  readonly sourceAddress: string | null;
  /** The caller's SPIFFE id, whether or not it proves it. */
  readonly wouldBe: string | null;
  readonly http: HttpFacts;
  readonly isGrpc: boolean;
  /** The application behind the port is said to speak TLS. */
  readonly isTlsApplication: boolean;
  /** HBONE: the handshake is the tunnel's, and the port is the one inside it. */
  readonly isTunnel: boolean;
  /** The caller is in the network of the pod's node. */
  readonly isSameNode: boolean;
}

export interface HttpFacts {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly token?: FlowRequest['token'];
}

export interface ServerVerdict {
  readonly outcome: OutcomeCode;
  readonly transport: DeclaredTransport;
  readonly identity: string | null;
  readonly httpStatus?: number;
  /** Where the mesh lets through what the application cannot understand, so that the caller gets no answer. */
  readonly isUnanswered?: true;
  readonly decidedBy: Decider | null;
  readonly steps: readonly TrailStep[];
  readonly warnings: readonly string[];
}

/** The connection ends here: nothing is proved, nothing carried. */
export function closed(outcome: OutcomeCode, decidedBy: Decider | null, steps: readonly TrailStep[]): ServerVerdict {
  return { outcome, transport: 'none', identity: null, decidedBy, steps, warnings: [] };
}

/** A proxy that speaks HTTP with its caller says 503 where its own call fails; gRPC has its status elsewhere. */
export function unavailable({ isHttpClient, isGrpc }: Connection): { readonly httpStatus?: number } {
  return isHttpClient && !isGrpc ? { httpStatus: 503 } : {};
}

/** Null where Istio's default permits: nothing declared decides then. */
export function modeDecider({ object }: PortMode, objects: readonly ObjectRef[] = []): Decider | null {
  if (object === null) return null;
  return { stage: 'peer-authentication', ...object, ...(objects.length > 1 ? { objects } : {}) };
}

export function podRef(pod: Pod, path?: string): ObjectRef {
  return { kind: 'Pod', namespace: pod.namespace, name: pod.name, ...(path === undefined ? {} : { path }) };
}
