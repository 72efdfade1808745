/** The controller's own pod: what its probes take over from it, and how the engine is to know it. */
import { MeshproofError } from '../../../proto/errors.ts';
import type { K8sObject } from '../../declared/objects.ts';
import { fields, list, text, textMap, texts } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { CONTAINER } from '../../install/names.ts';
import type { ProbeTemplate } from './probe-job.ts';

/** Where this process runs, by the downward API, and what for. */
export interface OwnPlace {
  readonly podName: string;
  readonly namespace: string;
  /** Of the pod; agents dial it. */
  readonly host: string;
  /** On all that is made for it, and in the names. */
  readonly sweepId: string;
}

/** Taints that Kubernetes lets every pod bear for a while are no wish of the owner's. */
const BORNE_BY_ALL: ReadonlySet<string> = new Set(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);

/** Throws MPE_INVALID_CONFIG where the pod has no container of ours. */
export function templateOf(pod: Fields): ProbeTemplate {
  const spec = fields(pod['spec']);
  const container = list(spec['containers'])
    .map((item) => fields(item))
    .find(({ name }) => name === CONTAINER);
  const image = text(container?.['image']);
  if (container === undefined || image === undefined) {
    throw new MeshproofError('MPE_INVALID_CONFIG', `the controller's pod has no container "${CONTAINER}"`);
  }
  const command = texts(container['command']);
  const imagePullPolicy = text(container['imagePullPolicy']);
  const imagePullSecrets = list(spec['imagePullSecrets']);
  const nodeSelector = textMap(spec['nodeSelector']);
  const tolerations = list(spec['tolerations']).filter((item) => !BORNE_BY_ALL.has(text(fields(item)['key']) ?? ''));
  return {
    image,
    ...(command.length > 0 && { command }),
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    ...(tolerations.length > 0 && { tolerations }),
  };
}

/** Its probes in the same namespace go with it, however it goes. */
export function ownerOf(pod: Fields): Fields {
  const { name, uid } = fields(pod, 'metadata');
  return { apiVersion: 'v1', kind: 'Pod', name, uid };
}

/** NetworkPolicies that let agents to their controller name it by its labels. */
export function declaredController(pod: Fields, { podName, namespace, host }: OwnPlace): K8sObject {
  const { labels, annotations, uid } = fields(pod, 'metadata');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName,
      namespace,
      labels: textMap(labels),
      annotations: textMap(annotations),
      ownerReferences: [],
      ...(typeof uid === 'string' && { uid }),
    },
    spec: { serviceAccountName: fields(pod['spec'])['serviceAccountName'], containers: [] },
    status: { phase: 'Running', podIP: host, podIPs: [{ ip: host }] },
  };
}
