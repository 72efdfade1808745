/** Causes that no cell shows by itself: what the rest of the matrix, or the cluster, says of it. */
import type { Mesh, Pod } from '../declared/mesh.ts';
import { causeOf, objectName } from './cause.ts';
import type { Cause, Cell } from './finding.ts';
import { listed, routeName, seen } from './sentences.ts';
import { staleClients } from './stale-clients.ts';

/** Drift stays as it is; only what it is laid at may change. In the order of the cells. */
export function attribute(mesh: Mesh, cells: readonly Cell[]): readonly Cell[] {
  const stale = staleClients(mesh, cells);
  return cells.map((cell) => {
    const cause = stale.get(cell.key) ?? (cell.drift === 'blocked' ? unready(mesh, cell) : undefined);
    if (cause !== undefined) return { ...cell, cause };
    return cell.cause === null ? cell : { ...cell, cause: generatedCause(mesh, cell.cause) };
  });
}

/** A DestinationRule that has an owner is not mended where it stands: MP1016 in the place of MP1002. */
export function generatedCause(mesh: Mesh, cause: Cause): Cause {
  if (cause.code !== 'MP1002') return cause;
  for (const rule of cause.objects) {
    if (rule.kind !== 'DestinationRule') continue;
    const [owner] = mesh.metadataOf(rule.kind, rule.namespace, rule.name)?.ownerReferences ?? [];
    if (owner === undefined) continue;
    const origin = objectName({ kind: owner.kind, namespace: rule.namespace, name: owner.name });
    const message = `${cause.message} ${objectName(rule)} is generated from ${origin}.`;
    return causeOf('MP1016', message, { objects: cause.objects });
  }
  return cause;
}

/** Endpoints that are published although they are not ready: no proxy, or no application, can be counted on there. */
function unready(mesh: Mesh, cell: Cell): Cause | undefined {
  const pods = podsOf(mesh, cell);
  const [first] = pods;
  if (first === undefined || cell.table === 'health') return undefined;
  if (pods.some(({ isReady }) => isReady)) return undefined;
  const message = `${routeName(cell)} ${seen(cell.outcome)}: ${listed(pods.map(({ key }) => key))} ${pods.length > 1 ? 'are' : 'is'} not ready.`;
  return causeOf('MP1014', message, {
    objects: pods.map(({ namespace, name }) => ({ kind: 'Pod', namespace, name })),
  });
}

/** Those that refused, where it is known; all that could have, otherwise. */
function podsOf(mesh: Mesh, { target, attempts }: Cell): readonly Pod[] {
  const refusing = attempts.flatMap(({ pod, outcome }) => (outcome.kind === 'reached' ? [] : [pod]));
  const known = refusing.every((pod) => pod !== undefined) ? new Set(refusing) : new Set<string>();
  const keys = known.size > 0 ? [...known] : keysBehind(mesh, target);
  return keys.flatMap((key) => mesh.podsByKey.get(key) ?? []);
}

function keysBehind(mesh: Mesh, target: Cell['target']): readonly string[] {
  if (target.kind === 'pod') return [`${target.namespace}/${target.name}`];
  const service = mesh.servicesByKey.get(`${target.namespace}/${target.name}`);
  const port = service?.ports.find((candidate) => candidate.port === target.port);
  return (port?.endpoints ?? []).flatMap(({ pod }) => pod ?? []);
}
