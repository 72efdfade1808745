/** A flow with its two ends found: what every stage of the engine asks about. */
import type { Wire } from './client-transport.ts';
import type { Callee, Caller } from './ends.ts';
import type { Expectation, Flow, ObjectRef, TrailStep } from './expectation.ts';
import type { Arrival } from './filter-chain.ts';
import type { CallerFacts } from './flow-facts.ts';
import type { Mesh } from './mesh.ts';
import type { ServiceEndpoint, ServicePort } from './model.ts';
import { step } from './trail.ts';

export interface Question {
  readonly mesh: Mesh;
  readonly flow: Flow;
  readonly caller: Caller;
  readonly callee: Callee;
  readonly facts: CallerFacts;
  readonly warnings: readonly string[];
}

/** What leaves the caller's side for one endpoint. */
export interface Sending {
  /** Null: no proxy on the caller's side. */
  readonly wire: Wire | null;
  /** The caller's proxy handles requests, so that failures come back as 503. */
  readonly isHttpClient: boolean;
  /** SPIFFE ids that the caller's proxy was told to accept; null: whatever the mesh knows the server by. */
  readonly acceptedServers?: readonly string[] | null;
  /** What chose the transport, where an object did. */
  readonly object: ObjectRef | null;
  readonly arrival: Arrival;
  /** Stages that this endpoint's connection has passed already. */
  readonly steps: readonly TrailStep[];
}

export function unknownFlow(warning: string): Expectation {
  return {
    expect: 'unknown',
    outcome: 'UNKNOWN',
    transport: 'none',
    identity: null,
    decidedBy: null,
    trail: [],
    warnings: [warning],
  };
}

export function sourceStep({ caller, facts }: Question): TrailStep {
  if (caller.kind === 'kubelet' || caller.kind === 'node') return step('source', 'host');
  const { pod } = facts;
  if (pod === null) return step('source', 'external');
  return step('source', pod.dataPlane === 'waypoint' ? 'gateway' : pod.dataPlane, { note: pod.key });
}

/** The Host header: the flow's own, else the called name with the port where it is not 80. */
export function hostHeader({ flow, callee }: Question): string {
  if (flow.request?.host !== undefined) return flow.request.host;
  const port = flow.port === 80 ? '' : `:${String(flow.port)}`;
  switch (callee.kind) {
    case 'service':
      return `${callee.service.fqdn}${port}`;
    case 'pods':
      return `${callee.pods[0]?.addresses[0] ?? callee.pods[0]?.name ?? ''}${port}`;
    case 'outside':
      return `${callee.host}${port}`;
  }
}

/** Where connections of a caller without proxy can end. */
export function endpointsOf({ flow, callee }: Question): readonly ServiceEndpoint[] {
  switch (callee.kind) {
    case 'service':
      return callee.service.isHeadless ? headlessEndpoints(callee.port) : callee.port.endpoints;
    case 'pods':
      return callee.pods.map((pod) => ({ pod: pod.key, address: pod.addresses[0] ?? '', port: flow.port }));
    case 'outside':
      return [];
  }
}

/** Nobody translates the port of a headless service: callers dial the service's own number at the pod. */
export function headlessEndpoints({ port, endpoints }: ServicePort): readonly ServiceEndpoint[] {
  return endpoints.map((endpoint) => ({ ...endpoint, port }));
}
