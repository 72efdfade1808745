/** The Job of one probe pod, and the same pod as the engine is to know it. Pure. */
import { createHash } from 'node:crypto';
import type { Address, Vantage } from '../../../proto/vocabulary.ts';
import { addressText, vantageKey } from '../../../proto/vocabulary.ts';
import type { K8sObject } from '../../declared/objects.ts';
import { fields, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { NOBODY, OUR_LABELS, ROLE_LABEL, SWEEP_LABEL } from '../../install/names.ts';
import { AGENT_NODE_OPTIONS } from '../agent-options.ts';
import type { ProbePlace } from './places.ts';

type Labels = Readonly<Record<string, string>>;

/** Everything that a probe's pod has of its controller's. */
export interface ProbeTemplate {
  readonly image: string;
  /** Absent: the image's own. */
  readonly command?: readonly string[];
  readonly imagePullPolicy?: string;
  readonly imagePullSecrets?: readonly unknown[];
  readonly nodeSelector?: Labels;
  readonly tolerations?: readonly unknown[];
}

/** What is known before any controller listens; the engine is told of it. */
export interface ProbeIdentity {
  readonly sweepId: string;
  /** Address of the controller's pod, or of its Service: what goes there passes by the sidecar. */
  readonly controllerHost: string;
  /** Ranges that the mesh keeps from capture by default; an annotation of a pod's own takes their place. */
  readonly excludedRanges: readonly string[];
}

/** Where certificates of the mesh come from. */
export interface MeshAccess {
  readonly trustDomain: string;
  /** istiod's certificate service; undefined: none was found. */
  readonly ca: { readonly address: Address; readonly serverName: string } | undefined;
}

export interface ProbeJobOptions extends ProbeIdentity {
  readonly agentId: string;
  readonly controller: { readonly address: Address; readonly caPem: string };
  readonly mesh: MeshAccess;
  readonly template: ProbeTemplate;
  /** After these, the pod is ended by Kubernetes, whoever else is still there. Absent: never. */
  readonly deadlineSeconds?: number;
  /** Without a controller for so long, the agent ends by itself. @default 60 s: who was killed does not come back */
  readonly giveUpAfterMs?: number;
  /** In the same namespace only: the garbage collector deletes what has owners elsewhere. */
  readonly owner?: Fields;
}

export const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';
export const AGENT_CONTAINER = 'agent';

/** How long a Job that has ended stays where nobody deletes it. */
const TTL_SECONDS = 60;
const TOKEN_AUDIENCE = 'meshproof';
const MESH_TOKEN_AUDIENCE = 'istio-ca';
/** The kubelet replaces tokens at four fifths of their life, and the agent reads them anew each time. */
const TOKEN_SECONDS = 3600;
const CA_ANNOTATION = 'meshproof.io/controller-ca';
const MADE_AS_ANNOTATION = 'meshproof.io/made-as';
const FILES = '/var/run/meshproof';
/** Of the pod: the agent hands over in less than this or never. */
const GRACE_SECONDS = 5;
/** A fleet of probes is small; they may all come back at once. */
const RECONNECT_JITTER_MS = '500';
const GIVE_UP_AFTER_MS = 60_000;

/**
 * Name of the Job and of its agent: at most 57 characters, so that the five that Kubernetes adds for the pod fit in a
 * label. Unlike those of any other sweep or launch, as long as their ids differ.
 */
export function agentIdOf(vantage: Vantage, sweepId: string, launch: string): string {
  const digest = createHash('sha256')
    .update(`${sweepId} ${launch} ${vantageKey(vantage)}`)
    .digest('hex');
  const readable = `${slug(sweepId, 12)}-${slug(vantage.serviceAccount, 20)}`;
  return `meshproof-${readable}-${digest.slice(0, 10)}`;
}

function slug(text: string, most: number): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, most);
  return plain.replace(/^-+|-+$/g, '');
}

/** None of them is a workload's: whatever selects the pod selects it as ours, or selects everything. */
export function probeLabels({ labels }: Pick<ProbePlace, 'labels'>, sweepId: string): Labels {
  return { ...OUR_LABELS, [ROLE_LABEL]: 'probe', [SWEEP_LABEL]: sweepId, ...labels };
}

/**
 * The path to the controller passes by the sidecar by its address, not by its port, so that targets on the same port are
 * still reached through the sidecar. istio: tools/istio-iptables/pkg/capture/run.go:Run excludes before it includes.
 */
export function probeAnnotations({ vantage }: ProbePlace, { controllerHost, excludedRanges }: ProbeIdentity): Labels {
  if (vantage.dataPlane !== 'sidecar') return {};
  const own = `${controllerHost}/${controllerHost.includes(':') ? '128' : '32'}`;
  return {
    'traffic.sidecar.istio.io/excludeOutboundIPRanges': [own, ...excludedRanges].join(','),
    // Where sidecars are ordinary containers, an agent could else start to measure before its proxy does.
    'proxy.istio.io/config': JSON.stringify({ holdApplicationUntilProxyStarts: true }),
  };
}

/** The pod belongs to that very Job, not to another one of the same name. */
export function isOfJob(pod: Fields, jobUid: string): boolean {
  return list(fields(pod, 'metadata')['ownerReferences']).some(
    (owner) => fields(owner)['controller'] === true && fields(owner)['uid'] === jobUid,
  );
}

/** As a pod template, which has neither status nor address: what injection makes of it, the engine predicts. */
export function declaredProbe(place: ProbePlace, identity: ProbeIdentity): K8sObject {
  const { vantage, name } = place;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: vantage.namespace,
      labels: { ...probeLabels(place, identity.sweepId), [JOB_NAME_LABEL]: name },
      annotations: probeAnnotations(place, identity),
      ownerReferences: [{ kind: 'Job', name, controller: true }],
    },
    spec: {
      serviceAccountName: vantage.serviceAccount,
      ...(vantage.dataPlane === 'host' && { hostNetwork: true }),
      containers: [{ name: AGENT_CONTAINER }],
    },
  };
}

/** Annotated with what it was made as, but for the name of its agent. */
export function probeJob(place: ProbePlace, options: ProbeJobOptions): Fields {
  const nameless = JSON.stringify(plainJob(place, { ...options, agentId: '' }));
  const job = plainJob(place, options);
  const annotations = { [MADE_AS_ANNOTATION]: createHash('sha256').update(nameless).digest('hex') };
  return { ...job, metadata: { ...fields(job, 'metadata'), annotations } };
}

/** The same for Jobs whose pods differ in nothing but the name of their agent; undefined: it is none of ours. */
export function madeAs(job: unknown): string | undefined {
  return text(fields(job, 'metadata', 'annotations')[MADE_AS_ANNOTATION]);
}

function plainJob(place: ProbePlace, options: ProbeJobOptions): Fields {
  const { vantage } = place;
  const { agentId, sweepId, controller, deadlineSeconds, owner } = options;
  const labels = probeLabels(place, sweepId);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: agentId,
      namespace: vantage.namespace,
      labels,
      ...(owner !== undefined && { ownerReferences: [owner] }),
    },
    spec: {
      // A probe that has ended has ended: another pod would be another start, with nothing left to do.
      backoffLimit: 0,
      ...(deadlineSeconds !== undefined && { activeDeadlineSeconds: deadlineSeconds }),
      ttlSecondsAfterFinished: TTL_SECONDS,
      template: {
        metadata: {
          labels,
          annotations: { ...probeAnnotations(place, options), [CA_ANNOTATION]: controller.caPem },
        },
        spec: podSpec(place, options),
      },
    },
  };
}

function podSpec({ vantage }: ProbePlace, options: ProbeJobOptions): Fields {
  const { imagePullSecrets, nodeSelector, tolerations } = options.template;
  return {
    serviceAccountName: vantage.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: GRACE_SECONDS,
    // Never true, so that the pod is never ready: whatever selects it, no Service routes to it.
    readinessGates: [{ conditionType: 'meshproof.io/never' }],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: NOBODY,
      runAsGroup: NOBODY,
      // Makes the tokens readable for this group; beside a sidecar of another user they would be for everybody.
      fsGroup: NOBODY,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(vantage.dataPlane === 'host' && { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    ...(imagePullSecrets !== undefined && { imagePullSecrets }),
    ...(nodeSelector !== undefined && { nodeSelector }),
    ...(tolerations !== undefined && { tolerations }),
    ...(vantage.node !== undefined && onNode(vantage.node)),
    containers: [container(vantage, options)],
    volumes: [{ name: 'files', projected: { sources: files(options) } }],
  };
}

/**
 * Whatever the node is labelled and tainted with: what is measured runs there. As the pods of a DaemonSet find theirs
 * (kubernetes: pkg/controller/daemon/util/daemonset_util.go:ReplaceDaemonSetPodNodeNameNodeAffinity).
 */
function onNode(node: string): Fields {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  const nodeSelectorTerms = [{ matchFields }];
  return {
    nodeSelector: {},
    tolerations: [{ operator: 'Exists' }],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  };
}

function container(vantage: ProbePlace['vantage'], options: ProbeJobOptions): Fields {
  const { image, command, imagePullPolicy } = options.template;
  return {
    name: AGENT_CONTAINER,
    image,
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    ...(command !== undefined && { command }),
    args: ['agent'],
    env: Object.entries(environment(vantage, options)).map(([name, value]) => ({ name, value })),
    volumeMounts: [{ name: 'files', mountPath: FILES, readOnly: true }],
    // What it said last is the reason of its end, which needs no right to read logs.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: { requests: { cpu: '25m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } },
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function environment(
  { namespace, serviceAccount, dataPlane, node }: ProbePlace['vantage'],
  { agentId, controller, mesh, giveUpAfterMs = GIVE_UP_AFTER_MS }: ProbeJobOptions,
): Labels {
  return {
    MESHPROOF_AGENT_ID: agentId,
    MESHPROOF_CONTROLLER: addressText(controller.address),
    MESHPROOF_CONTROLLER_CA: `${FILES}/controller-ca.pem`,
    MESHPROOF_TOKEN_FILE: `${FILES}/token`,
    MESHPROOF_NAMESPACE: namespace,
    MESHPROOF_SERVICE_ACCOUNT: serviceAccount,
    MESHPROOF_DATA_PLANE: dataPlane,
    ...(node !== undefined && { MESHPROOF_NODE: node }),
    MESHPROOF_TRUST_DOMAIN: mesh.trustDomain,
    MESHPROOF_MESH_ROOT: `${FILES}/mesh-root.pem`,
    ...(mesh.ca !== undefined && {
      MESHPROOF_MESH_CA: addressText(mesh.ca.address),
      MESHPROOF_MESH_CA_SERVER_NAME: mesh.ca.serverName,
      MESHPROOF_MESH_CA_TOKEN_FILE: `${FILES}/mesh-token`,
    }),
    MESHPROOF_RECONNECT_JITTER_MS: RECONNECT_JITTER_MS,
    MESHPROOF_GIVE_UP_AFTER_MS: String(giveUpAfterMs),
    MESHPROOF_LOG_LEVEL: 'warn',
    NODE_OPTIONS: AGENT_NODE_OPTIONS,
  };
}

/** Only the account's own tokens, of two audiences: neither is any good to the API server. */
function files({ mesh }: ProbeJobOptions): readonly Fields[] {
  const token = (audience: string, path: string): Fields => ({
    serviceAccountToken: { audience, path, expirationSeconds: TOKEN_SECONDS },
  });
  const caField = { fieldPath: `metadata.annotations['${CA_ANNOTATION}']` };
  return [
    token(TOKEN_AUDIENCE, 'token'),
    ...(mesh.ca === undefined ? [] : [token(MESH_TOKEN_AUDIENCE, 'mesh-token')]),
    // istiod writes it into every namespace that it serves; where it does not, the pod shall start all the same.
    {
      configMap: {
        name: 'istio-ca-root-cert',
        optional: true,
        items: [{ key: 'root-cert.pem', path: 'mesh-root.pem' }],
      },
    },
    { downwardAPI: { items: [{ path: 'controller-ca.pem', fieldRef: caField }] } },
  ];
}
