/** Kubernetes and Istio objects of the test mesh, in few words. */
import { COMMAND, NOBODY } from '../../../controller/install/names.ts';
import { TEST_LABELS } from './lane.ts';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface PortSpec {
  /** Istio takes the protocol from it. */
  readonly name: string;
  readonly containerPort: number;
  /** What the witness speaks there; nothing listens where it is absent. */
  readonly answers?: 'http' | 'grpc' | 'tcp';
  /** A sidecar stands before the port. @default the pod is meshed */
  readonly isProxied?: boolean;
  /** The container names the port. @default true */
  readonly isDeclared?: boolean;
}

export interface WorkloadSpec {
  readonly name: string;
  readonly namespace: string;
  readonly account: string;
  readonly isMeshed: boolean;
  readonly ports: readonly PortSpec[];
  /** @default the name */
  readonly app?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly readinessProbe?: Readonly<Record<string, unknown>>;
  readonly livenessProbe?: Readonly<Record<string, unknown>>;
}

/** Without sidecars, whose set-up takes more, the namespace admits what is "restricted" and nothing else. */
export function namespaceOf(name: string, isInjected: boolean): KubernetesObject {
  const labels = {
    ...TEST_LABELS,
    'istio-injection': isInjected ? 'enabled' : 'disabled',
    ...(!isInjected && { 'pod-security.kubernetes.io/enforce': 'restricted' }),
  };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export function accountOf(namespace: string, name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels: TEST_LABELS } };
}

/** One witness pod. `image` runs meshproof. */
export function workloadOf(spec: WorkloadSpec, image: string): KubernetesObject {
  const { name, namespace, account, isMeshed, app = name, annotations = {}, labels = {} } = spec;
  const selected = { app };
  const probes = {
    ...(spec.readinessProbe !== undefined && { readinessProbe: spec.readinessProbe }),
    ...(spec.livenessProbe !== undefined && { livenessProbe: spec.livenessProbe }),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: TEST_LABELS },
    spec: {
      selector: { matchLabels: { ...selected, variant: name } },
      // Two versions of a pod side by side would be another mesh than the one that is described.
      strategy: { type: 'Recreate' },
      template: {
        metadata: { labels: { ...selected, variant: name, ...injectionLabel(isMeshed), ...labels }, annotations },
        spec: {
          serviceAccountName: account,
          terminationGracePeriodSeconds: 1,
          securityContext: { runAsNonRoot: true, runAsUser: NOBODY, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'app',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: [...COMMAND, 'witness', ...witnessArguments(spec)],
              env: [
                { name: 'MESHPROOF_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'MESHPROOF_POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
              ],
              ports: spec.ports
                .filter(({ isDeclared = true }) => isDeclared)
                .map(({ name: portName, containerPort }) => ({ name: portName, containerPort })),
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              resources: { requests: { cpu: '5m', memory: '48Mi' }, limits: { memory: '128Mi' } },
              ...probes,
            },
          ],
        },
      },
    },
  };
}

function injectionLabel(isMeshed: boolean): Readonly<Record<string, string>> {
  return isMeshed ? {} : { 'sidecar.istio.io/inject': 'false' };
}

function witnessArguments({ ports, isMeshed }: WorkloadSpec): readonly string[] {
  return ports.flatMap(({ containerPort, answers, isProxied = isMeshed }) => {
    if (answers === undefined) return [];
    const port = String(containerPort);
    return [`--${answers}`, port, ...(isProxied ? ['--behind-proxy', port] : [])];
  });
}

export interface ServiceSpec {
  readonly name: string;
  readonly namespace: string;
  readonly app: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number }[];
  /** @default false */
  readonly isHeadless?: boolean;
}

export function serviceOf({ name, namespace, app, ports, isHeadless = false }: ServiceSpec): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: TEST_LABELS },
    spec: { selector: { app }, ports, ...(isHeadless && { clusterIP: 'None' }) },
  };
}

export function peerAuthentication(
  namespace: string,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): KubernetesObject {
  return { ...istio('security.istio.io/v1', 'PeerAuthentication', namespace, name), spec };
}

export function authorizationPolicy(
  namespace: string,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): KubernetesObject {
  return { ...istio('security.istio.io/v1', 'AuthorizationPolicy', namespace, name), spec };
}

export function destinationRule(
  namespace: string,
  name: string,
  host: string,
  mode: string,
  more: Readonly<Record<string, unknown>> = {},
): KubernetesObject {
  const spec = { host, trafficPolicy: { tls: { mode } }, ...more };
  return { ...istio('networking.istio.io/v1', 'DestinationRule', namespace, name), spec };
}

export function istio(apiVersion: string, kind: string, namespace: string, name: string): KubernetesObject {
  return { apiVersion, kind, metadata: { name, namespace, labels: TEST_LABELS } };
}

/** Key of an object in its cluster, as `kubectl delete` takes it. */
export function nameOf({ kind, metadata }: Pick<KubernetesObject, 'kind' | 'metadata'>): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}
