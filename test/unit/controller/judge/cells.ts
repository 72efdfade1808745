/** Cells, outcomes and a small mesh to judge in tests. */
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import type { Pod, Service } from '../../../../controller/declared/model.ts';
import type { Expectation, ObjectRef, TrailStep } from '../../../../controller/declared/expectation.ts';
import type { Attempt, Table } from '../../../../controller/judge/finding.ts';
import type { MeasuredCell } from '../../../../controller/judge/measured-cell.ts';
import { routeKey } from '../../../../proto/vocabulary.ts';
import type {
  Layer,
  Outcome,
  PeerCertificate,
  Reached,
  Refused,
  Signature,
  Silent,
} from '../../../../proto/outcome.ts';
import type { DataPlane, Probe, Target } from '../../../../proto/vocabulary.ts';

const facts = { address: 0, timings: { totalMs: 3 } };

export const reached = (more: Partial<Reached> = {}): Reached => ({
  kind: 'reached',
  transport: 'unproved',
  status: 200,
  ...facts,
  ...more,
});

export const refused = (layer: Layer, signature: Signature, more: Partial<Refused> = {}): Refused => ({
  kind: 'refused',
  layer,
  signature,
  detail: '',
  ...facts,
  ...more,
});

export const silent = (layer: Layer): Silent => ({ kind: 'silent', layer, afterMs: 5000, ...facts });

export const untested: Outcome = { kind: 'untested', why: 'agent-lost', detail: '' };

export const certificate = (fault: PeerCertificate['fault'] = null): PeerCertificate => ({
  spiffeId: 'spiffe://cluster.local/ns/shop/sa/pay',
  notBeforeMs: Date.UTC(2025, 0, 1),
  notAfterMs: Date.UTC(2025, 0, 2),
  issuerFingerprint: 'ab',
  fault,
});

export const STRICT: ObjectRef = {
  kind: 'PeerAuthentication',
  namespace: 'shop',
  name: 'default',
  path: 'spec.mtls.mode',
};

export const strictStep: TrailStep = {
  stage: 'peer-authentication',
  result: 'STRICT',
  by: 'namespace',
  object: STRICT,
};

export const allow = (more: Partial<Expectation> = {}): Expectation => ({
  expect: 'allow',
  outcome: 'ALLOW_MTLS',
  transport: 'mtls',
  identity: 'spiffe://cluster.local/ns/web/sa/front',
  decidedBy: null,
  trail: [],
  warnings: [],
  ...more,
});

export const plain = (more: Partial<Expectation> = {}): Expectation =>
  allow({ outcome: 'ALLOW_PLAINTEXT', transport: 'plaintext', identity: null, ...more });

export const deny = (more: Partial<Expectation> = {}): Expectation => ({
  expect: 'deny',
  outcome: 'DENY_STRICT',
  transport: 'none',
  identity: null,
  decidedBy: { stage: 'peer-authentication', ...STRICT },
  trail: [strictStep],
  warnings: [],
  ...more,
});

export const PAY: Target = { kind: 'service', namespace: 'shop', name: 'pay', port: 8080 };
export const PAY_POD: Target = { kind: 'pod', namespace: 'shop', name: 'pay', port: 8080 };
export const HTTP: Probe = { kind: 'http', method: 'GET', path: '/' };
export const MTLS: Probe = { kind: 'mtls', alpn: ['istio-http/1.1'], application: 'http' };
export const TLS: Probe = { kind: 'tls', alpn: [] };

export interface CellDraft {
  readonly source?: string;
  readonly plane?: DataPlane;
  readonly target?: Target;
  readonly probe?: Probe;
  readonly table?: Table;
  readonly expectation: Expectation;
  readonly outcome: Outcome;
  /** Pod and outcome of each attempt. */
  readonly attempts?: readonly (readonly [pod: string | undefined, outcome: Outcome])[];
}

export function cell(draft: CellDraft): MeasuredCell {
  const { source = 'web/front', plane = 'sidecar', target = PAY, probe = HTTP, table = 'reachability' } = draft;
  const [namespace = '', serviceAccount = ''] = source.split('/');
  const vantage = { namespace, serviceAccount, dataPlane: plane };
  const { expectation, outcome } = draft;
  const attempts = (draft.attempts ?? [[undefined, outcome]]).map(([pod, seen]): Attempt => ({
    startedAtMs: 0,
    address: '127.0.0.1:1',
    ...(pod !== undefined && { pod }),
    outcome: seen,
  }));
  const key = routeKey({ vantage, target, probe });
  return { table, key, vantage, source, target, probe, expectation, outcome, attempts };
}

/** Valid mutual TLS from the naked prober was answered: `shop/pay:8080` lives, and shows its certificate. */
export const proverOf = (target: Target = PAY_POD, fault: PeerCertificate['fault'] = null): MeasuredCell =>
  cell({
    source: 'meshproof/prober',
    plane: 'naked',
    target,
    probe: MTLS,
    table: 'transport',
    expectation: allow({ identity: 'spiffe://cluster.local/ns/meshproof/sa/prober' }),
    outcome: reached({ transport: 'mtls', certificate: certificate(fault) }),
  });

/** The vantage reaches something else: it works. */
export const worksFrom = (source: string, plane: DataPlane): MeasuredCell =>
  cell({ source, plane, target: { ...PAY, name: 'control' }, expectation: plain(), outcome: reached() });

interface PodDraft {
  readonly key: string;
  readonly dataPlane?: DataPlane;
  readonly workload?: string;
}

/** Pods, and Services whose ports lead to port 8080 of them; nothing else is declared. */
export function meshOf(pods: readonly PodDraft[], services: Readonly<Record<string, readonly string[]>>): Mesh {
  const known = pods.map(podOf);
  const built = Object.entries(services).map(([serviceAndPort, endpoints]) => serviceOf(serviceAndPort, endpoints));
  return {
    ...buildMesh({ objects: [], digest: '', warnings: [] }),
    pods: known,
    services: built,
    podsByKey: new Map(known.map((pod) => [pod.key, pod])),
    servicesByKey: new Map(built.map((service) => [service.key, service])),
  };
}

function podOf({ key, dataPlane = 'sidecar', workload = key }: PodDraft): Pod {
  const [namespace = '', name = ''] = key.split('/');
  return {
    key,
    namespace,
    name,
    workload,
    serviceAccount: name,
    labels: {},
    annotations: {},
    dataPlane,
    ports: [],
    healthChecks: [],
    addresses: [],
    node: '',
    isHostNetwork: false,
    isLive: true,
    isReady: true,
    isEnding: false,
    wantsSidecar: dataPlane === 'sidecar',
    tlsMode: dataPlane === 'sidecar' ? 'istio' : 'disabled',
    isTunnelCapable: false,
    inbound: { kind: 'all-but', reserved: new Set(), excluded: new Set() },
    outbound: { isCaptured: true, excludedPorts: new Set(), excludedRanges: [], includedRanges: ['*'] },
  };
}

function serviceOf(serviceAndPort: string, pods: readonly string[]): Service {
  const [key = '', port = ''] = serviceAndPort.split(':');
  const [namespace = '', name = ''] = key.split('/');
  const endpoints = pods.map((pod) => ({ pod, address: '', port: 8080 }));
  return {
    key,
    namespace,
    name,
    fqdn: `${name}.${namespace}.svc.cluster.local`,
    kind: 'Service',
    isHeadless: false,
    isExternal: false,
    isUnresolved: false,
    exportTo: ['*'],
    createdAtMs: 0,
    labels: {},
    clusterIps: [],
    ports: [{ port: Number(port), protocol: 'http', isTls: false, endpoints }],
  };
}

export const SHOP = meshOf([{ key: 'shop/pay' }], { 'shop/pay:8080': ['shop/pay'] });
