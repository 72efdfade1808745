/** What a sweep as a whole proves of single vantages and pod ports: who was alive, and which certificates were shown. */
import type { IdentityFault, Outcome, PeerCertificate } from '../../proto/outcome.ts';
import type { Target, Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { Attempt } from './finding.ts';
import { certificateOf, showsOwnProxy, showsTarget } from './life.ts';
import type { MeasuredCell } from './measured-cell.ts';

export interface ShownFault {
  /** `namespace/pod`. */
  readonly pod: string;
  readonly certificate: PeerCertificate;
  readonly fault: IdentityFault;
}

export interface Evidence {
  /** The vantage reached something in this sweep, or its reports themselves show that it could have. */
  readonly isVantageAlive: (vantage: Vantage) => boolean;
  /** Something got an answer from the target in this sweep, or was shown its certificate; or the kubelet does. */
  readonly isTargetAlive: (target: Target) => boolean;
  /** A workload certificate (with a SPIFFE id) was shown behind the target: mutual TLS is terminated there. */
  readonly showsCertificate: (target: Target) => boolean;
  /** Certificates with a fault that were shown behind the target, by pod port; sorted. */
  readonly certificateFaults: (target: Target) => readonly ShownFault[];
}

/** Reads every attempt once. `sessionsAreControl`: see JudgeOptions. Pure. */
export function gatherEvidence(mesh: Mesh, cells: readonly MeasuredCell[], sessionsAreControl = false): Evidence {
  const vantages = new Set<string>();
  const places = new Set<string>();
  const certified = new Set<string>();
  const faults = new Map<string, ShownFault>();
  for (const cell of cells) {
    for (const { attempt, outcome } of seenIn(cell)) {
      if (sessionsAreControl && reportShowsLife(cell.vantage, outcome)) vantages.add(vantageKey(cell.vantage));
      if (showsTarget(outcome)) {
        vantages.add(vantageKey(cell.vantage));
        for (const place of creditedTo(mesh, cell.target, attempt, outcome)) places.add(place);
      }
      const certificate = certificateOf(outcome);
      if (certificate === undefined) continue;
      for (const place of creditedTo(mesh, cell.target, attempt, outcome)) {
        if (certificate.spiffeId !== null || certificate.fault === 'untrusted-root') certified.add(place);
        if (certificate.fault !== null) {
          faults.set(place, { pod: place.slice(0, place.lastIndexOf(':')), certificate, fault: certificate.fault });
        }
      }
    }
  }
  const isPlaceAlive = (place: string): boolean => places.has(place) || isReadyAt(mesh, place);
  const placesOf = (target: Target): readonly string[] => placesBehind(mesh, target);
  return {
    isVantageAlive: (vantage) => vantages.has(vantageKey(vantage)),
    isTargetAlive: (target) => places.has(serviceKeyOf(target)) || placesOf(target).some(isPlaceAlive),
    showsCertificate: (target) => placesOf(target).some((place) => certified.has(place)),
    certificateFaults: (target) =>
      placesOf(target)
        .toSorted()
        .flatMap((place) => faults.get(place) ?? []),
  };
}

/**
 * A report came over the pod's own network: for a vantage without proxy that is all that an attempt needs. The stream of
 * a meshed one leads past its sidecar; that this one lives is shown by what it says itself. A ztunnel says nothing.
 */
function reportShowsLife({ dataPlane }: Vantage, outcome: Outcome): boolean {
  if (outcome.kind === 'untested') return false;
  return dataPlane === 'naked' || dataPlane === 'host' || (dataPlane === 'sidecar' && showsOwnProxy(outcome));
}

/** The kubelet got its answer at that port, past every policy: it is let in by NetworkPolicies, and rewriting by the mesh. */
function isReadyAt(mesh: Mesh, place: string): boolean {
  const colon = place.lastIndexOf(':');
  const pod = mesh.podsByKey.get(place.slice(0, colon));
  if (pod === undefined || !pod.isLive || !pod.isReady) return false;
  return pod.healthChecks.some(
    (check) =>
      check.kind === 'network' &&
      check.check === 'readiness' &&
      // A rewritten check is answered at the status port, on behalf of the port that it was written for.
      [check.original.port, check.kubelet.port].includes(Number(place.slice(colon + 1))) &&
      // A sidecar accepts every connection, whatever is behind it.
      (check.original.action.kind !== 'tcpSocket' || check.isRewritten || pod.dataPlane !== 'sidecar'),
  );
}

function seenIn(cell: MeasuredCell): readonly { readonly attempt?: Attempt; readonly outcome: Outcome }[] {
  if (cell.attempts.length === 0) return [{ outcome: cell.outcome }];
  return cell.attempts.map((attempt) => ({ attempt, outcome: attempt.outcome }));
}

/** The pod port that must have answered; where several could have, the Service's port as a whole. */
function creditedTo(mesh: Mesh, target: Target, attempt: Attempt | undefined, outcome: Outcome): readonly string[] {
  if (target.kind === 'pod') return placesBehind(mesh, target);
  const places = placesBehind(mesh, target);
  const [only] = places;
  if (places.length === 1 && only !== undefined) return [only];
  const pod = attempt?.pod ?? (outcome.kind === 'reached' ? outcome.witness?.pod : undefined);
  const place = pod === undefined ? undefined : places.find((candidate) => candidate.startsWith(`${pod}:`));
  return place === undefined ? [serviceKeyOf(target)] : [place, serviceKeyOf(target)];
}

function placesBehind(mesh: Mesh, target: Target): readonly string[] {
  if (target.kind === 'pod') return [`${target.namespace}/${target.name}:${String(target.port)}`];
  const service = mesh.servicesByKey.get(`${target.namespace}/${target.name}`);
  const port = service?.ports.find((candidate) => candidate.port === target.port);
  return (port?.endpoints ?? []).flatMap((endpoint) =>
    endpoint.pod === null ? [] : [`${endpoint.pod}:${String(endpoint.port)}`],
  );
}

/** Apart from every pod port by its prefix. */
function serviceKeyOf(target: Target): string {
  return `service:${target.namespace}/${target.name}:${String(target.port)}`;
}
