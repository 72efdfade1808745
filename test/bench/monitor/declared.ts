/** What is declared in the bench: STRICT pods, and Services that lead out of the mesh. */
import type { K8sObject, Snapshot } from '../../../controller/declared/objects.ts';
import type { PlacedVantage } from '../../../controller/plan/plan.ts';
import { spiffeId } from '../../../proto/vocabulary.ts';
import type { Scale } from './scale.ts';

export const TRUST_DOMAIN = 'cluster.local';
export const OWN_NAMESPACE = 'meshproof';
const MESHED = 'meshed';
const OUTSIDE = 'outside';
const PORT = 8080;

/** Of every meshed pod. */
export const TARGET_ID = spiffeId(TRUST_DOMAIN, MESHED, 'target');

/** Asks the meshed pods, in all five ways. */
export const PROBER: PlacedVantage = {
  vantage: { namespace: OWN_NAMESPACE, serviceAccount: 'prober', dataPlane: 'naked' },
  workload: `${OWN_NAMESPACE}/prober`,
};
/** Calls the Services. */
export const CALLER: PlacedVantage = {
  vantage: { namespace: OUTSIDE, serviceAccount: 'caller', dataPlane: 'naked' },
  workload: `${OUTSIDE}/caller`,
};

/** As a cluster would show it. No Service leads to the pods: its calls would be targets besides. */
export function declare({ meshed, outside }: Scale): Snapshot {
  const objects = [
    ...Array.from({ length: outside }, (_, index) => endpointSlice(nameOf(OUTSIDE, index), declaredAddress(20, index))),
    object('Namespace', '', MESHED),
    object('Namespace', '', OUTSIDE),
    object('Namespace', '', OWN_NAMESPACE),
    { ...object('PeerAuthentication', MESHED, 'default', 'security.istio.io/v1'), spec: { mtls: { mode: 'STRICT' } } },
    ...Array.from({ length: meshed }, (_, index) => meshedPod(nameOf(MESHED, index), declaredAddress(10, index))),
    nakedPod(OWN_NAMESPACE, 'prober', '10.30.0.1'),
    nakedPod(OUTSIDE, 'caller', '10.30.0.2'),
    ...Array.from({ length: outside }, (_, index) => service(nameOf(OUTSIDE, index))),
  ];
  return { objects, digest: 'bench', warnings: [] };
}

/** Which of the targets it is, from 0. */
export function indexOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}

function nameOf(namespace: string, index: number): string {
  return `${namespace}-${String(index)}`;
}

function declaredAddress(block: number, index: number): string {
  return `10.${String(block)}.${String(index >> 8)}.${String(index & 255)}`;
}

function object(kind: string, namespace: string, name: string, apiVersion = 'v1'): K8sObject {
  return { apiVersion, kind, metadata: { namespace, name, labels: {}, annotations: {}, ownerReferences: [] } };
}

function meshedPod(name: string, podIP: string): K8sObject {
  const containers = [{ name: 'app', ports: [{ name: 'http', containerPort: PORT }] }, { name: 'istio-proxy' }];
  const spec = { serviceAccountName: 'target', containers };
  return runningPod(MESHED, name, podIP, spec, { 'security.istio.io/tlsMode': 'istio' });
}

function nakedPod(namespace: string, serviceAccountName: string, podIP: string): K8sObject {
  return runningPod(namespace, serviceAccountName, podIP, { serviceAccountName, containers: [{ name: 'app' }] });
}

function runningPod(
  namespace: string,
  name: string,
  podIP: string,
  spec: object,
  labels: Readonly<Record<string, string>> = {},
): K8sObject {
  const made = object('Pod', namespace, name);
  const status = { phase: 'Running', podIP, conditions: [{ type: 'Ready', status: 'True' }] };
  return { ...made, metadata: { ...made.metadata, labels: { app: name, ...labels } }, spec, status };
}

/** Without a selector: what it leads to is no pod. */
function service(name: string): K8sObject {
  return { ...object('Service', OUTSIDE, name), spec: { ports: [{ name: 'http', port: 80, targetPort: PORT }] } };
}

function endpointSlice(name: string, address: string): K8sObject {
  const made = object('EndpointSlice', OUTSIDE, name, 'discovery.k8s.io/v1');
  return {
    ...made,
    metadata: { ...made.metadata, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: PORT }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  };
}
