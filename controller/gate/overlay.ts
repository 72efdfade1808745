/** A declared state with some objects applied and others deleted, as a cluster would have it once everything has settled. */
import type { ObjectRef } from '../declared/expectation.ts';
import type { K8sObject } from '../declared/objects.ts';
import { refOf } from '../declared/order.ts';
import { fields, list, text } from '../declared/reading.ts';

export interface ObjectName {
  readonly kind: string;
  /** Empty for objects without a namespace. */
  readonly namespace: string;
  readonly name: string;
}

export interface ObjectChange {
  readonly change: 'added' | 'replaced' | 'deleted';
  readonly object: ObjectRef;
}

export interface Overlay {
  readonly objects: readonly K8sObject[];
  readonly changes: readonly ObjectChange[];
  /** Names to delete that are nobody's. */
  readonly missing: readonly ObjectName[];
}

/**
 * What is replaced keeps its age, and what is new is younger than everything that is there: of two policies of one
 * scope the older one counts. Pods of a workload whose template changes (or that is deleted) go, and what comes in their
 * place is predicted from the template; running pods do not notice a new label of their namespace.
 */
export function overlay(
  base: readonly K8sObject[],
  applied: readonly K8sObject[],
  deleted: readonly ObjectName[],
): Overlay {
  const after = new Map(base.map((object) => [identityOf(object), object]));
  const changes: ObjectChange[] = [];
  const missing: ObjectName[] = [];
  const gone: K8sObject[] = [];
  const changed: (readonly [before: K8sObject, after: K8sObject])[] = [];
  for (const name of deleted) {
    const found = [...after].filter(([, object]) => isNamed(object, name));
    if (found.length === 0) missing.push(name);
    for (const [key, object] of found) {
      after.delete(key);
      gone.push(object);
      changes.push({ change: 'deleted', object: refOf(object) });
    }
  }
  const youngest = afterAll(base);
  for (const object of applied) {
    const before = after.get(identityOf(object));
    const { creationTimestamp = youngest } = before?.metadata ?? {};
    const stored = { ...object, metadata: { ...object.metadata, creationTimestamp } };
    if (before !== undefined) changed.push([before, stored]);
    // An object without a time is older than all that have one, and stays so.
    const isAgeless = before !== undefined && before.metadata.creationTimestamp === undefined;
    after.set(identityOf(object), isAgeless ? object : stored);
    changes.push({ change: before === undefined ? 'added' : 'replaced', object: refOf(object) });
  }
  return { objects: settled([...after.values()], gone, changed), changes, missing };
}

/** Versions of one group are the same object. */
function identityOf({ apiVersion, kind, metadata }: K8sObject): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return `${group}|${kind}|${metadata.namespace}|${metadata.name}`;
}

function isNamed({ kind, metadata }: K8sObject, name: ObjectName): boolean {
  return (
    kind.toLowerCase() === name.kind.toLowerCase() &&
    metadata.namespace === name.namespace &&
    metadata.name === name.name
  );
}

function afterAll(objects: readonly K8sObject[]): string {
  const times = objects.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''));
  const latest = times.reduce((a, b) => (b > a ? b : a), 0);
  return new Date(latest + 1000).toISOString();
}

/** Takes out what the control plane would have replaced or collected. */
function settled(
  objects: readonly K8sObject[],
  gone: readonly K8sObject[],
  changed: readonly (readonly [before: K8sObject, after: K8sObject])[],
): readonly K8sObject[] {
  const namespaces = new Set(gone.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name));
  const owners = new Set(gone.map(ownerKey));
  const services = new Set(gone.filter(({ kind }) => kind === 'Service').map(placeOf));
  for (const [before, after] of changed) {
    if (!isSame(templateOf(before), templateOf(after))) owners.add(ownerKey(before));
    if (before.kind === 'Service' && !isSame(before['spec'], after['spec'])) services.add(placeOf(before));
  }
  let left = objects.filter(({ metadata }) => !namespaces.has(metadata.namespace));
  const pods = new Set<string>();
  for (let before = -1; before !== left.length;) {
    before = left.length;
    left = left.filter((object) => {
      const isOwned = object.metadata.ownerReferences.some(({ kind, name }) =>
        owners.has(`${kind} ${object.metadata.namespace}/${name}`),
      );
      if (isOwned) owners.add(ownerKey(object));
      if (isOwned && object.kind === 'Pod') pods.add(placeOf(object));
      return !isOwned;
    });
  }
  return left.filter((object) => !isStale(object, services, pods));
}

/** Endpoints that name pods or Services of before: selectors say better who is meant. */
function isStale(object: K8sObject, services: ReadonlySet<string>, pods: ReadonlySet<string>): boolean {
  const { kind, metadata } = object;
  if (kind !== 'EndpointSlice' && kind !== 'Endpoints') return false;
  const service = kind === 'Endpoints' ? metadata.name : (metadata.labels['kubernetes.io/service-name'] ?? '');
  if (services.has(`${metadata.namespace}/${service}`)) return true;
  const addresses =
    kind === 'EndpointSlice'
      ? list(object['endpoints'])
      : list(object['subsets']).flatMap((subset) => list(fields(subset)['addresses']));
  return addresses.some((address) =>
    pods.has(`${metadata.namespace}/${text(fields(address, 'targetRef')['name']) ?? ''}`),
  );
}

function templateOf({ kind, spec }: K8sObject): unknown {
  return kind === 'CronJob' ? fields(spec, 'jobTemplate', 'spec', 'template') : fields(spec)['template'];
}

function ownerKey({ kind, metadata }: K8sObject): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

function placeOf({ metadata }: K8sObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
