/** Protections that do not protect: STRICT in front of a port that takes plaintext, and identity rules that plaintext slips past. */
import { targetKey } from '../../proto/vocabulary.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { TrailAgent } from '../declared/trail.ts';
import { causeOf, objectName, objectPlace } from './cause.ts';
import type { CauseCode } from './causes.ts';
import type { ConflictDraft } from './conflict-draft.ts';
import type { Cell } from './finding.ts';
import { routeName } from './sentences.ts';
import type { Declared } from './subject.ts';
import { effectiveStep, stepsOf } from './trail-reading.ts';

/** All critical. Looks at what gets through in plaintext, endpoint by endpoint. */
export function protectionConflicts(mesh: Mesh, cells: readonly Cell[]): readonly ConflictDraft[] {
  return cells.flatMap((cell) =>
    openEndpoints(mesh, cell).flatMap((open) => [...unenforced(mesh, cell, open), ...slipped(cell, open)]),
  );
}

interface Open {
  readonly declared: Pick<Declared, 'trail' | 'transport' | 'outcome'>;
  /** `namespace/pod`; undefined: any of them. */
  readonly pod?: string;
}

function openEndpoints(mesh: Mesh, { expectation, target }: Cell): readonly Open[] {
  const isOpen = ({ expect, transport }: Pick<Declared, 'transport'> & { readonly expect: string }): boolean =>
    expect === 'allow' && transport === 'plaintext';
  if (expectation.endpoints !== undefined) {
    return expectation.endpoints.filter(isOpen).map((endpoint) => ({ declared: endpoint, pod: endpoint.pod }));
  }
  if (!isOpen(expectation)) return [];
  if (target.kind === 'pod') return [{ declared: expectation, pod: `${target.namespace}/${target.name}` }];
  const port = mesh.servicesByKey
    .get(`${target.namespace}/${target.name}`)
    ?.ports.find((candidate) => candidate.port === target.port);
  const pods = (port?.endpoints ?? []).flatMap(({ pod }) => (pod === null ? [] : [pod]));
  return pods.map((pod) => ({ declared: expectation, pod }));
}

/** Ways around the sidecar that are meant to be there: its own status port, the kubelet of the same node, the pod itself. */
const MEANT: ReadonlySet<TrailAgent> = new Set(['reserved-port', 'same-node', 'own-address']);

/** Whether a policy that lost its scope would have mattered is seen by looking at the policies, not at one flow. */
const OUTRANKED: ReadonlySet<TrailAgent> = new Set(['older-duplicate', 'root-namespace-selector']);

function unenforced(mesh: Mesh, cell: Cell, { declared, pod }: Open): readonly ConflictDraft[] {
  const step = stepsOf(declared.trail, 'peer-authentication').findLast(
    ({ isInEffect, result, by }) =>
      isInEffect === false && result === 'STRICT' && !(by !== undefined && OUTRANKED.has(by)),
  );
  const shadowed = stepsOf(declared.trail, 'authorization').find(({ result }) => result === 'shadowed');
  const protection = step?.object ?? shadowed?.object;
  if (protection === undefined) return [];
  const capture = effectiveStep(declared.trail, 'capture');
  if (capture?.by !== undefined && MEANT.has(capture.by)) return [];
  const code = codeFor(step?.by, capture?.result);
  if (code === 'MP1008' && !isMeantForMesh(mesh, pod, protection.namespace)) return [];
  const place = pod === undefined ? targetKey(cell.target) : (mesh.podsByKey.get(pod)?.workload ?? pod);
  const isPolicy = code === 'MP1006';
  const outdated = code === 'MP1008' ? outdatedPod(mesh, pod) : undefined;
  const why = capture?.by === undefined || isPolicy ? (step?.by ?? '') : capture.by;
  const says =
    step === undefined ? `${objectPlace(protection)} would deny it` : `${objectPlace(protection)} says STRICT`;
  return [
    {
      key: isPolicy ? `${code} ${objectName(protection)}` : `${code} ${place}`,
      severity: 'critical',
      cause: causeOf(
        code,
        `${routeName(cell)} is open to plaintext although ${says}${why === '' ? '' : `: ${outdated?.why ?? WHY[why] ?? why}`}.`,
        { objects: [protection, capture?.object, outdated?.object], ...(outdated && { fix: outdated.fix }) },
      ),
      cells: [cell],
    },
  ];
}

/** The labels ask for a sidecar now; the pod came before they did, or nobody was there to inject it. */
function outdatedPod(mesh: Mesh, key: string | undefined) {
  const pod = key === undefined ? undefined : mesh.podsByKey.get(key);
  if (pod === undefined || !pod.isLive || !pod.wantsSidecar) return undefined;
  const since = pod.createdAtMs === undefined ? '' : ` since ${new Date(pod.createdAtMs).toISOString().slice(0, 19)}Z`;
  return {
    why: `its labels ask for a sidecar, and ${pod.key} runs${since} without one`,
    fix: `Restart the pods of ${pod.workload}; if they still come without a sidecar, look at the injector's webhook.`,
    object: { kind: 'Pod', namespace: pod.namespace, name: pod.name },
  };
}

const WHY: Readonly<Record<string, string>> = {
  excludeInboundPorts: 'the pod excludes the port from capture (excludeInboundPorts)',
  includeInboundPorts: 'the pod captures other ports only (includeInboundPorts)',
  interceptionMode: 'nothing of the pod is captured (interceptionMode NONE)',
  'not-injected': 'the pod has no sidecar',
  'host-network': 'the pod uses the network of its node and has no sidecar',
  'bypass-inbound-capture': 'the pod takes no part in inbound capture',
  'service-port-key': 'it names the port of the Service, not the container port',
};

function codeFor(by: TrailAgent | undefined, capture: string | undefined): CauseCode {
  if (by === 'service-port-key') return 'MP1006';
  return capture === 'absent' ? 'MP1008' : 'MP1010';
}

/** A mesh-wide policy over a workload that was never part of the mesh is no contradiction; one of its own namespace is. */
function isMeantForMesh(mesh: Mesh, podKey: string | undefined, policyNamespace: string): boolean {
  const pod = podKey === undefined ? undefined : mesh.podsByKey.get(podKey);
  return pod === undefined || policyNamespace === pod.namespace || besideMeshed(mesh).has(pod.key);
}

/** Found out once a mesh: every open cell of a naked target asks. */
const besideMeshedOf = new WeakMap<Mesh, ReadonlySet<string>>();

/** Keys of pods behind a Service port that has a pod with a sidecar, too. */
function besideMeshed(mesh: Mesh): ReadonlySet<string> {
  const known = besideMeshedOf.get(mesh);
  if (known !== undefined) return known;
  const found = new Set<string>();
  for (const port of mesh.services.flatMap(({ ports }) => ports)) {
    const pods = port.endpoints.flatMap(({ pod }) => pod ?? []);
    if (!pods.some((key) => mesh.podsByKey.get(key)?.dataPlane === 'sidecar')) continue;
    for (const key of pods) found.add(key);
  }
  besideMeshedOf.set(mesh, found);
  return found;
}

function slipped(cell: Cell, { declared }: Open): readonly ConflictDraft[] {
  return stepsOf(declared.trail, 'authorization').flatMap(({ result, object }) => {
    if (result !== 'slipped' || object === undefined) return [];
    const message = `${routeName(cell)} is let through although ${objectPlace(object)} is about such callers: plaintext proves no identity.`;
    const mode = effectiveStep(declared.trail, 'peer-authentication')?.object;
    const cause = causeOf('MP1202', message, { objects: [object, mode] });
    return [{ key: `MP1202 ${objectName(object)}`, severity: 'critical', cause, cells: [cell] }];
  });
}
