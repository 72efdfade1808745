/** What says whether the pods of a workload are being replaced; as `kubectl rollout status` reads it. */
import { fields, isFields, list } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { picked } from './needed-metadata.ts';

/** kubernetes: kubectl/pkg/polymorphichelpers/rollout_status.go; of the digest it is no part, as all status but a pod's. */
const STATUS_FIELDS = [
  'observedGeneration',
  // Deployments and StatefulSets
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'currentRevision',
  'updateRevision',
  // DaemonSets
  'desiredNumberScheduled',
  'updatedNumberScheduled',
  'numberAvailable',
] as const;

/** Whether it goes on at all: pods that wait to be deleted by hand, or a part that is held back, are no rollout. */
export function neededStrategy(spec: Fields): Fields {
  const { type, rollingUpdate } = fields(spec['updateStrategy']);
  const held = picked(fields(rollingUpdate), ['partition']);
  return {
    ...picked(spec, ['paused']),
    ...(type !== undefined && {
      updateStrategy: { type, ...(Object.keys(held).length > 0 && { rollingUpdate: held }) },
    }),
  };
}

/** `Progressing` of a Deployment turns false where it has made no progress for too long. */
export function neededRollout(status: Fields): Fields {
  const conditions = list(status['conditions'])
    .filter(isFields)
    .filter(({ type }) => type === 'Progressing')
    .map((condition) => picked(condition, ['type', 'status', 'reason']));
  return { ...picked(status, STATUS_FIELDS), ...(conditions.length > 0 && { conditions }) };
}
