/**
 * Meshed callers that still act on an old policy (MP1017). A PeerAuthentication outside the root namespace is pushed to
 * the proxies of its own namespace; those of others keep the transport that they chose before, until something else
 * reaches them. istio: pilot/pkg/xds/proxy_dependencies.go:ConfigAffectsProxy, pilot/pkg/xds/eds.go
 */
import type { ObjectRef } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import { targetKey } from '../../proto/vocabulary.ts';
import { causeOf, objectName } from './cause.ts';
import type { Cause, Cell } from './finding.ts';
import { routeName, seen } from './sentences.ts';
import { stepsOf } from './trail-reading.ts';

/** Causes by key of the cell. */
export function staleClients(mesh: Mesh, cells: readonly Cell[]): ReadonlyMap<string, Cause> {
  const found = new Map<string, Cause>();
  const byTarget = Map.groupBy(
    cells.filter(({ target }) => target.kind === 'service' && target.via === undefined),
    ({ target }) => targetKey(target),
  );
  const fingerprints = Map.groupBy(
    cells.filter(({ table }) => table === 'transport'),
    ({ target }) => targetKey(target),
  );
  for (const callers of byTarget.values()) {
    const suspects = callers.filter((cell) => isSuspect(mesh, cell));
    const [first] = suspects;
    if (first === undefined || !othersAgree(mesh, first, callers, fingerprints)) continue;
    for (const cell of suspects) {
      const policy = policyOf(mesh, cell);
      if (policy !== undefined) found.set(cell.key, causeFor(cell, policy));
    }
  }
  return found;
}

/** What a proxy says, or does with the connection, when its transport is not the one that the server takes. */
const MISMATCHED: ReadonlySet<string> = new Set(['upstream-plaintext', 'upstream-reset', 'reset', 'closed']);

function isSuspect(mesh: Mesh, cell: Cell): boolean {
  const { drift, vantage, target, outcome } = cell;
  return (
    drift === 'blocked' &&
    vantage.dataPlane === 'sidecar' &&
    vantage.namespace !== target.namespace &&
    outcome.kind === 'refused' &&
    outcome.layer !== 'tcp' &&
    MISMATCHED.has(outcome.signature) &&
    policyOf(mesh, cell) !== undefined
  );
}

/** The policy in force at the target, where it is one that is not pushed to everybody. */
function policyOf(mesh: Mesh, { expectation }: Cell): ObjectRef | undefined {
  const trails = [expectation.trail, ...(expectation.endpoints ?? []).map(({ trail }) => trail)];
  return trails
    .flatMap((trail) => stepsOf(trail, 'peer-authentication'))
    .filter(({ isInEffect }) => isInEffect !== false)
    .flatMap(({ object }) => object ?? [])
    .find(({ namespace }) => namespace !== mesh.rootNamespace);
}

/**
 * The server is as declared, as naked probes see it, and callers of its own namespace get on with it: so it is the
 * others. At least one of the two must have been measured; neither may disagree.
 */
function othersAgree(
  mesh: Mesh,
  { target }: Cell,
  callers: readonly Cell[],
  fingerprints: ReadonlyMap<string, readonly Cell[]>,
): boolean {
  const neighbours = callers.filter(
    ({ vantage }) => vantage.namespace === target.namespace || vantage.dataPlane === 'naked',
  );
  const shown = endpointsOf(mesh, target).flatMap((endpoint) => fingerprints.get(endpoint) ?? []);
  const witnesses = [...neighbours, ...shown].filter(({ drift }) => drift !== 'unknown');
  return witnesses.length > 0 && witnesses.every(({ drift }) => drift === 'agrees');
}

function endpointsOf(mesh: Mesh, target: Cell['target']): readonly string[] {
  const service = mesh.servicesByKey.get(`${target.namespace}/${target.name}`);
  const port = service?.ports.find((candidate) => candidate.port === target.port);
  return (port?.endpoints ?? []).flatMap((endpoint) =>
    endpoint.pod === null ? [] : [`pod:${endpoint.pod}:${String(endpoint.port)}`],
  );
}

function causeFor(cell: Cell, policy: ObjectRef): Cause {
  const { namespace } = cell.target;
  const message =
    `${routeName(cell)} ${seen(cell.outcome)}, although the port is as ${objectName(policy)} says: ` +
    `naked probes and callers of ${namespace} see so. Proxies outside ${namespace} still act on what held before.`;
  return causeOf('MP1017', message, { objects: [policy] });
}
