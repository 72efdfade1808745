/** From the caller's side to one endpoint: the network first, then the pod. */
import { together } from './authorize.ts';
import { HBONE_PORT } from './capture.ts';
import { podOf } from './client-transport.ts';
import type { EndpointVerdict } from './combine.ts';
import type { Decider, ObjectRef, OutcomeCode, TrailStep } from './expectation.ts';
import type { Arrival } from './filter-chain.ts';
import { requestOf } from './flow-facts.ts';
import type { Pod, ServiceEndpoint } from './model.ts';
import { networkVerdict } from './network-policy.ts';
import { hostHeader } from './question.ts';
import type { Question, Sending } from './question.ts';
import { serve } from './server.ts';
import type { ServerVerdict } from './connection.ts';
import { step } from './trail.ts';

export function reach(question: Question, endpoint: ServiceEndpoint, sending: Sending): EndpointVerdict {
  const { mesh, flow, facts } = question;
  const pod = podOf(mesh, endpoint);
  if (pod === undefined) return { pod: endpoint.address, verdict: beyondTheMesh(sending, endpoint) };
  const isTunnel = sending.wire === 'hbone' || flow.probe === 'hbone';
  const network = networkStep(question, pod, isTunnel ? HBONE_PORT : endpoint.port);
  if (network.refusal !== null) return { pod: pod.key, verdict: refusedByNetwork(network.refusal, sending.steps) };
  const verdict = serve(mesh, {
    pod,
    port: endpoint.port,
    arrival: named(question, pod, endpoint.port, sending.wire, spoken(question, pod, endpoint.port, sending.arrival)),
    wire: sending.wire,
    isHttpClient: sending.isHttpClient,
    acceptedServers: sending.acceptedServers ?? null,
    clientObject: sending.object,
    sourceAddress: facts.address,
    wouldBe: facts.identity,
    http: requestOf(flow, hostHeader(question)),
    isGrpc: flow.probe === 'grpc',
    isTlsApplication: mesh.portOwner(pod, endpoint.port)?.port.isTls ?? false,
    isTunnel,
    isSameNode: isSameNode(question, pod),
  });
  return { pod: pod.key, verdict: { ...verdict, steps: [...sending.steps, network.step, ...verdict.steps] } };
}

/** A raw TLS probe that says nothing of a request speaks what the port was declared for. */
function spoken({ mesh, flow }: Question, pod: Pod, port: number, arrival: Arrival): Arrival {
  if (flow.request !== undefined || (flow.probe !== 'tls' && flow.probe !== 'mtls')) return arrival;
  const protocol = mesh.portOwner(pod, port)?.port.protocol;
  return protocol === 'http' || protocol === 'grpc' ? { ...arrival, bytes: 'http' } : arrival;
}

/**
 * The server name in a handshake of Istio's clients, and of our own raw ones, which do as they do: of the called port, or of
 * the Service that owns the pod's port. istio: pilot/pkg/model/service.go:BuildDNSSrvSubsetKey (subsets are left out here)
 */
function named({ callee, mesh }: Question, pod: Pod, port: number, wire: Sending['wire'], arrival: Arrival): Arrival {
  if (arrival.handshake === null || (wire !== null && wire !== 'istio-mtls')) return arrival;
  const called = callee.kind === 'service' ? callee : mesh.portOwner(pod, port);
  if (called === null) return arrival;
  const serverName = `outbound_.${String(called.port.port)}_._.${called.service.fqdn}`;
  return { ...arrival, handshake: { ...arrival.handshake, serverName } };
}

export interface NetworkStep {
  readonly step: TrailStep;
  /** The policies that isolate, where the connection is refused. */
  readonly refusal: readonly ObjectRef[] | null;
}

/** `port` is what is on the wire: the container port, or 15008 for HBONE. */
export function networkStep(question: Question, pod: Pod, port: number): NetworkStep {
  const { mesh, facts } = question;
  const isLocalNode = isSameNode(question, pod);
  // What runs on the pod's own node is always let in (comment of NetworkPolicySpec).
  if (isLocalNode) return { step: step('network-policy', 'allow', { by: 'local-node' }), refusal: null };
  const verdict = networkVerdict(
    mesh.networkPolicies,
    { pod: facts.pod, address: facts.address },
    { pod, address: pod.addresses[0] ?? null },
    port,
  );
  const [object] = verdict.objects;
  return {
    step: step('network-policy', verdict.isAllowed ? 'allow' : 'deny', { object }),
    refusal: verdict.isAllowed ? null : verdict.objects,
  };
}

function isSameNode({ caller }: Question, pod: Pod): boolean {
  switch (caller.kind) {
    case 'kubelet':
      return true;
    case 'node':
      return caller.name === pod.node;
    case 'pod':
      return caller.pod.isHostNetwork && caller.pod.node !== '' && caller.pod.node === pod.node;
    case 'outside':
      return false;
  }
}

export function refusedByNetwork(objects: readonly ObjectRef[], steps: readonly TrailStep[]): ServerVerdict {
  const denied = objects.map((object) => step('network-policy', 'deny', { object }));
  return stopped('DENY_NETPOL', [...steps, ...denied], together('network-policy', objects));
}

/** An address that is no pod of the snapshot: nothing is declared about what is behind it. */
export function beyondTheMesh({ steps, arrival, wire }: Sending, endpoint?: ServiceEndpoint): ServerVerdict {
  const absent = [...steps, step('capture', 'absent')];
  if (wire === 'istio-mtls' && endpoint?.tlsMode === 'istio') {
    const warning = `${endpoint.address} is no pod: that it speaks mTLS is taken from its WorkloadEntry`;
    const identity = arrival.handshake?.identity ?? null;
    return { ...stopped('ALLOW_MTLS', absent, null), transport: 'mtls', identity, warnings: [warning] };
  }
  if (wire === 'istio-mtls') return stopped('CLIENT_TLS_MISMATCH', absent, null);
  const transport = arrival.handshake === null ? 'plaintext' : 'tls';
  return { ...stopped('ALLOW_UNCAPTURED', absent, null), transport };
}

/** Nothing of the flow gets any further. */
export function stopped(outcome: OutcomeCode, steps: readonly TrailStep[], decidedBy: Decider | null): ServerVerdict {
  return { outcome, transport: 'none', identity: null, decidedBy, steps, warnings: [] };
}
