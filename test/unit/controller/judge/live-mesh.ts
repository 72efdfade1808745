/** A small mesh as a cluster would show it, and matrices measured on it, for causes that rest on more than one cell. */
import { expectFlow } from '../../../../controller/declared/expect.ts';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import type { K8sObject, ObjectMetadata } from '../../../../controller/declared/objects.ts';
import type { MeasuredCell } from '../../../../controller/judge/measured-cell.ts';
import { flowOf } from '../../../../controller/plan/flow.ts';
import { makePlan } from '../../../../controller/plan/plan.ts';
import type { PlacedVantage } from '../../../../controller/plan/plan.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import type { DataPlane } from '../../../../proto/vocabulary.ts';
import { probeKey, targetKey } from '../../../../proto/vocabulary.ts';

const GROUPS: Readonly<Record<string, string>> = {
  PeerAuthentication: 'security.istio.io/v1',
  EnvoyFilter: 'networking.istio.io/v1alpha3',
  DestinationRule: 'networking.istio.io/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
};

export function object(kind: string, key: string, spec: unknown, metadata: Partial<ObjectMetadata> = {}): K8sObject {
  const [namespace = '', name = ''] = key.split('/');
  const own = { uid: key, namespace, name, labels: {}, annotations: {}, ownerReferences: [], resourceVersion: '1' };
  return { apiVersion: GROUPS[kind] ?? 'v1', kind, metadata: { ...own, ...metadata }, spec };
}

interface PodFacts {
  readonly isMeshed?: boolean;
  readonly isReady?: boolean;
  readonly metadata?: Partial<ObjectMetadata>;
  readonly container?: Record<string, unknown>;
}

/** Runs, and listens on 8080. */
export function pod(key: string, facts: PodFacts = {}): K8sObject {
  const [, app = ''] = key.split('/');
  const { isMeshed = true, isReady = true, metadata, container } = facts;
  const labels = { app, ...(isMeshed && { 'security.istio.io/tlsMode': 'istio' }) };
  const own = { name: 'app', ports: [{ containerPort: 8080 }], ...container };
  const containers = isMeshed ? [own, { name: 'istio-proxy' }] : [own];
  const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
  const made = object('Pod', key, { serviceAccountName: app, containers }, { labels, ...metadata });
  return { ...made, status: { phase: 'Running', podIP: `10.0.0.${String(app.length)}`, conditions } };
}

export function service(key: string, protocol = 'http'): K8sObject {
  const [, app = ''] = key.split('/');
  return object('Service', key, { selector: { app }, ports: [{ name: protocol, port: 80, targetPort: 8080 }] });
}

export function peerAuthentication(key: string, mode: string, metadata: Partial<ObjectMetadata> = {}): K8sObject {
  return object('PeerAuthentication', key, { mtls: { mode } }, metadata);
}

export function meshOf(...objects: readonly K8sObject[]): Mesh {
  return buildMesh({ objects, digest: '', warnings: [] });
}

export function placed(workload: string, dataPlane: DataPlane = 'sidecar'): PlacedVantage {
  const [namespace = '', serviceAccount = ''] = workload.split('/');
  return { vantage: { namespace, serviceAccount, dataPlane }, workload };
}

export const PROBER = placed('meshproof/prober', 'naked');

/** What was seen of a cell that is drawn as `web/front → shop/pay:80 http GET /`; undefined: what is declared. */
export type Seen = (drawn: string) => Outcome | undefined;

/** Seen at 1 s and 11 s after 1970, unless told otherwise. */
export interface Measuring {
  readonly startedAtMs?: readonly number[];
}

const FACTS = { address: 0, timings: { totalMs: 1 } };

export function measured(
  mesh: Mesh,
  vantages: readonly PlacedVantage[],
  seen: Seen,
  { startedAtMs = [1000, 11_000] }: Measuring = {},
): readonly MeasuredCell[] {
  return makePlan(mesh, vantages).cells.map((cell): MeasuredCell => {
    const { table, key, route, source } = cell;
    const expectation = expectFlow(mesh, flowOf(route, source));
    const outcome =
      seen(`${source} → ${targetKey(route.target)} ${probeKey(route.probe)}`) ??
      asDeclared(expectation, cell.route.probe.kind);
    const attempts = startedAtMs.map((at) => ({ startedAtMs: at, address: '10.0.0.1:8080', outcome }));
    return { table, key, ...route, source, expectation, outcome, attempts };
  });
}

/** The plainest outcome that fits. */
function asDeclared({ expect, outcome }: MeasuredCell['expectation'], probe: string): Outcome {
  if (expect === 'allow' && (outcome !== 'ALLOW_UNCAPTURED' || probe === 'http' || probe === 'health')) {
    return { kind: 'reached', transport: 'unproved', status: 200, ...FACTS };
  }
  switch (outcome) {
    case 'DENY_TLS_NO_CERT':
      return refusal('tls', 'certificate-required');
    case 'DENY_TLS_BAD_CA':
      return refusal('tls', 'certificate-refused');
    case 'DENY_NO_CHAIN_TLS':
      return refusal('tls', 'reset');
    case 'PROTO_MISMATCH':
    case 'ALLOW_UNCAPTURED':
      return refusal('tls', 'speaks-plaintext');
    case 'DENY_NETPOL':
      return { kind: 'silent', layer: 'tcp', afterMs: 2000, ...FACTS };
    default:
      return refusal('application', 'reset');
  }
}

type Refused = Extract<Outcome, { kind: 'refused' }>;

export function refusal(layer: Refused['layer'], signature: Refused['signature'], status?: number): Outcome {
  return { kind: 'refused', layer, signature, detail: '', ...(status !== undefined && { status }), ...FACTS };
}

export const ANSWER = { kind: 'reached', transport: 'unproved', status: 200, ...FACTS } as const satisfies Outcome;
export const SILENCE = { kind: 'silent', layer: 'tcp', afterMs: 2000, ...FACTS } as const satisfies Outcome;
