/** What every pod of a controller has in common: its account, its environment, and as little of the node as possible. */
import type { Fields } from '../declared/reading.ts';
import { COMMAND, CONTAINER, CONTROLLER_ACCOUNT, NOBODY, NODE_OPTIONS } from './names.ts';

export interface ControllerContainer {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly Fields[];
  readonly resources: Fields;
  /** Beside those of every controller. @default none */
  readonly env?: readonly Fields[];
  readonly [more: string]: unknown;
}

/** Of the pod's spec; satisfies Pod Security "restricted". */
export function controllerPod(container: ControllerContainer): Fields {
  const { image, args, env = [], ports, resources, ...more } = container;
  return {
    serviceAccountName: CONTROLLER_ACCOUNT,
    enableServiceLinks: false,
    // Time to delete the probes of a sweep that is cut short, or to give the Lease back.
    terminationGracePeriodSeconds: 30,
    securityContext: POD_SECURITY,
    containers: [
      {
        name: CONTAINER,
        image,
        imagePullPolicy: 'IfNotPresent',
        command: COMMAND,
        args,
        env: [...ENVIRONMENT, ...env],
        ports,
        resources,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        ...more,
      },
    ],
  };
}

export const POD_SECURITY: Fields = {
  runAsNonRoot: true,
  runAsUser: NOBODY,
  runAsGroup: NOBODY,
  seccompProfile: { type: 'RuntimeDefault' },
};

const ENVIRONMENT: readonly Fields[] = [
  fromPod('MESHPROOF_POD_NAME', 'metadata.name'),
  fromPod('MESHPROOF_POD_NAMESPACE', 'metadata.namespace'),
  fromPod('MESHPROOF_POD_IP', 'status.podIP'),
  { name: 'NODE_OPTIONS', value: NODE_OPTIONS },
];

function fromPod(name: string, fieldPath: string): Fields {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
