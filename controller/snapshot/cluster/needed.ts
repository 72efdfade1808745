/** An object as the API server gives it, cut down to what the expectation rests on, and frozen. */
import type { K8sObject } from '../../declared/objects.ts';
import { fields, integer, isFields, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { uniform } from '../objects.ts';
import { apiVersionOf } from './kinds.ts';
import type { ServedKind } from './kinds.ts';
import { neededMetadata, picked } from './needed-metadata.ts';
import { neededRollout, neededStrategy } from './needed-rollout.ts';
import { neededPodSpec, neededPodStatus, neededTemplate } from './needed-pod.ts';

/** Null: the object says nothing about what is declared or running. */
export function neededOf(kind: ServedKind, given: unknown): K8sObject | null {
  if (!isFields(given)) return null;
  const metadata = fields(given['metadata']);
  const name = text(metadata['name']);
  if (name === undefined || (kind.leavesOutOurs && isOurs(metadata))) return null;
  const content = contentOf(kind.kind, given, metadata);
  if (content === null) return null;
  return frozen(uniform({ ...content, metadata: neededMetadata(metadata) }, kind.kind, apiVersionOf(kind), name));
}

function isOurs(metadata: Fields): boolean {
  return fields(metadata['labels'])['app.kubernetes.io/part-of'] === 'meshproof';
}

function contentOf(kind: string, given: Fields, metadata: Fields): Fields | null {
  const spec = fields(given['spec']);
  const status = fields(given['status']);
  switch (kind) {
    case 'Pod':
      return { spec: neededPodSpec(spec), status: neededPodStatus(status) };
    case 'Deployment':
    case 'StatefulSet':
      return rolledOut(spec, status);
    case 'ReplicationController':
      return { spec: ownerSpec(spec) };
    case 'ReplicaSet':
      return replicaSet(spec, metadata);
    case 'DaemonSet':
      // No node for it: unlike other owners it says so in its status only.
      return integer(status['desiredNumberScheduled']) === 0 ? null : rolledOut(spec, status);
    case 'Job':
      return job(spec, status);
    case 'CronJob': {
      const template = fields(spec, 'jobTemplate', 'spec', 'template');
      return { spec: { jobTemplate: { spec: { template: neededTemplate(template) } } } };
    }
    case 'PodDisruptionBudget':
      return { spec: picked(spec, ['selector', 'minAvailable', 'maxUnavailable']) };
    case 'EndpointSlice':
      return endpointSlice(given);
    case 'Node':
      return { status: { addresses: list(status['addresses']) } };
    case 'Namespace':
    case 'ServiceAccount':
      return {};
    case 'ConfigMap':
      return meshConfiguration(given, metadata);
    default:
      return { spec };
  }
}

function rolledOut(spec: Fields, status: Fields): Fields {
  return { spec: { ...ownerSpec(spec), ...neededStrategy(spec) }, status: neededRollout(status) };
}

function ownerSpec(spec: Fields): Fields {
  return { ...picked(spec, ['replicas', 'selector']), template: neededTemplate(fields(spec['template'])) };
}

/** Of one that a Deployment made, who made it is all that counts; old revisions stand for no pods. */
function replicaSet(spec: Fields, metadata: Fields): Fields | null {
  if (list(metadata['ownerReferences']).length === 0) return { spec: ownerSpec(spec) };
  return spec['replicas'] === 0 ? null : { spec: picked(spec, ['replicas']) };
}

/** One that is over, or held, runs no pods; without this its template would stand for one. */
function job(spec: Fields, status: Fields): Fields | null {
  const isOver = list(status['conditions']).some((value) => {
    const { type, status: holds } = fields(value);
    return (type === 'Complete' || type === 'Failed') && holds === 'True';
  });
  return isOver || spec['suspend'] === true ? null : { spec: ownerSpec(spec) };
}

function endpointSlice(given: Fields): Fields {
  return {
    ports: list(given['ports']),
    endpoints: list(given['endpoints'])
      .filter(isFields)
      .map((endpoint) => ({
        ...picked(endpoint, ['addresses']),
        conditions: picked(fields(endpoint['conditions']), ['ready']),
        targetRef: picked(fields(endpoint['targetRef']), ['kind', 'name', 'namespace']),
      })),
  };
}

/** The mesh's own, and the injector's, of every revision; leases and certificates stand beside them under other names. */
function meshConfiguration(given: Fields, metadata: Fields): Fields | null {
  const name = text(metadata['name']) ?? '';
  const data = fields(given['data']);
  const isMesh = (name === 'istio' || name.startsWith('istio-')) && 'mesh' in data;
  if (!isMesh && !name.startsWith('istio-sidecar-injector')) return null;
  return { data: picked(data, ['mesh', 'values', 'config']) };
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}
