/** Every right that meshproof asks for, and why: manifests, docs and doctor are made from here. */
import { KINDS } from '../snapshot/cluster/kinds.ts';
import type { Kind } from '../snapshot/cluster/kinds.ts';
import { API_GROUP } from './names.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/**
 * Where a right is needed: on objects without a namespace; in each measured namespace, our own and the mesh's; in the
 * namespace of the mesh's control plane; or in our own alone.
 */
export type PermissionScope = 'cluster' | 'targets' | 'root' | 'own';

export interface Permission {
  readonly scope: PermissionScope;
  /** Empty: the core group. */
  readonly apiGroup: string;
  readonly resources: readonly string[];
  readonly verbs: readonly Verb[];
  /** One sentence. */
  readonly why: string;
  /** What is lost without it, one sentence; absent where meshproof cannot do without. */
  readonly without?: string;
}

/** A snapshot lists and watches, and whoever may list finds one object by its name as well. */
const FOLLOW: readonly Verb[] = ['list', 'watch'];
/** doctor looks at them by name, as it does where they may not be listed. */
const ASKED_BY_NAME: ReadonlySet<string> = new Set(['namespaces']);

const SCOPES = { cluster: 'cluster', namespaces: 'targets', 'control-plane': 'root' } as const;

/** By plural, or by API group where all of its kinds are read for the same reason. */
const WHY_READ: Readonly<Record<string, string>> = {
  namespaces: 'Their labels decide on injection, and NetworkPolicies select by them.',
  nodes: 'Their addresses decide on what a NetworkPolicy does to health checks.',
  pods: 'What runs, with which labels, containers and addresses; and why a probe pod does not start.',
  services: 'What is called.',
  serviceaccounts: 'Who calls.',
  configmaps: 'The configuration of the mesh and of its injector.',
  replicationcontrollers: 'Workloads, and what their pods are to be.',
  apps: 'Workloads, and what their pods are to be.',
  'discovery.k8s.io': 'Which pods stand behind a Service, and which of them are ready.',
  policy: 'A budget that would count a probe pod blocks drains: no probe is placed where one would.',
  cronjobs: 'Workloads that run from time to time.',
  'networking.k8s.io': 'What the network lets through at all.',
  'security.istio.io': 'Mutual TLS modes and authorization: what is declared.',
  'networking.istio.io': 'How clients speak to servers, through which gateways, and what may change it.',
  'extensions.istio.io': 'Extensions that may change an answer: cells that they touch carry a warning.',
  'gateway.networking.k8s.io': 'Routes through gateways.',
  'policy.networking.k8s.io': 'Policies that are not modelled: cells that they touch carry a warning.',
  'cilium.io': 'Policies that are not modelled: cells that they touch carry a warning.',
  'crd.projectcalico.org': 'Policies that are not modelled: cells that they touch carry a warning.',
};

/** By plural, or by API group. */
const WITHOUT: Readonly<Record<string, string>> = {
  namespaces: 'They are read one by one, by name.',
  policy: 'A budget that counts a probe pod is not seen, and blocks drains while that pod is there.',
  nodes: 'What comes from a node is judged without its address.',
  'policy.networking.k8s.io': 'What they say is not known.',
  ciliumclusterwidenetworkpolicies: 'What they say is not known.',
  globalnetworkpolicies: 'What they say is not known.',
};

const JOBS: Permission = {
  scope: 'targets',
  apiGroup: 'batch',
  resources: ['jobs'],
  verbs: [...FOLLOW, 'create', 'delete'],
  why: 'Each probe pod is a Job of its own, deleted at the end of the sweep; Jobs of others are workloads.',
};

/** Of the sweep itself, in its pod. No Secret, no pod's log, no exec, and nothing is written but its own Jobs. */
export const CONTROLLER_PERMISSIONS: readonly Permission[] = [
  ...reads(KINDS.filter(({ plural }) => plural !== 'jobs')),
  JOBS,
  {
    scope: 'targets',
    apiGroup: '',
    resources: ['events'],
    verbs: ['list'],
    why: 'Why a probe pod does not start, in the words of the cluster.',
  },
  {
    scope: 'cluster',
    apiGroup: 'authentication.k8s.io',
    resources: ['tokenreviews'],
    verbs: ['create'],
    why: 'An agent is let in by the token of its service account, which the API server checks.',
    without: 'Tokens are checked against the published keys of the cluster instead.',
  },
];

/** Of the controller that stays, beside those of a sweep. */
export const SERVE_PERMISSIONS: readonly Permission[] = [
  {
    scope: 'own',
    apiGroup: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['get', 'create', 'update'],
    why: 'One controller measures at a time: the one that holds the Lease.',
  },
  {
    scope: 'own',
    apiGroup: '',
    resources: ['pods'],
    verbs: ['patch'],
    why: 'The controller that leads labels its own pod, and the Service leads there.',
  },
  {
    scope: 'own',
    apiGroup: '',
    resources: ['configmaps'],
    verbs: ['get', 'list'],
    why: 'A gate is held against the baseline that it names.',
    without: 'Gates that name a baseline are inconclusive.',
  },
  {
    scope: 'cluster',
    apiGroup: 'authorization.k8s.io',
    resources: ['subjectaccessreviews'],
    verbs: ['create'],
    why: 'Whoever asks for the page or the API may do so by the rights of the cluster.',
    without: 'Nobody is let in by a token of the cluster.',
  },
];

/** Of sweeps that keep baselines in the cluster, or hold it against them (`baseline save --in-cluster`, `verify`). */
export const BASELINES_PERMISSIONS: readonly Permission[] = [
  {
    scope: 'own',
    apiGroup: '',
    resources: ['configmaps'],
    verbs: ['get', 'list', 'create', 'update'],
    why: 'A Job that runs before a change keeps a baseline in a ConfigMap, and one after it reads it.',
    without: 'Jobs in the cluster keep no baselines; somebody who starts sweeps from a laptop does.',
  },
];

/** Of `serve --events`. */
export const EVENTS_PERMISSIONS: readonly Permission[] = [
  {
    scope: 'targets',
    apiGroup: 'events.k8s.io',
    resources: ['events'],
    verbs: ['create', 'patch'],
    why: 'What is found is written as an Event of the Service or Pod, and how often.',
    without: 'No Event is written.',
  },
];

const REPORT_VERBS: readonly Verb[] = ['list', 'create', 'patch', 'delete'];

/** Of `serve --reports`. */
export const REPORTS_PERMISSIONS: readonly Permission[] = [
  {
    scope: 'targets',
    apiGroup: 'openreports.io',
    resources: ['reports'],
    verbs: REPORT_VERBS,
    why: 'What is found about a namespace is kept as a Report in it, and deleted when the namespace has no target any more.',
    without: 'No Report is written.',
  },
  {
    scope: 'cluster',
    apiGroup: 'openreports.io',
    resources: ['clusterreports'],
    verbs: REPORT_VERBS,
    why: 'What is about no namespace.',
    without: 'No ClusterReport is written.',
  },
];

/** Of somebody who looks at the page or at the API; all in our own namespace. */
export const VIEWER_PERMISSIONS: readonly Permission[] = [
  {
    scope: 'own',
    apiGroup: API_GROUP,
    resources: ['matrix', 'sweeps'],
    verbs: ['get'],
    why: 'Page, API and metrics. The cluster has no such resources: the controller asks for rights on them by name.',
    without: 'They answer 403, where `--anonymous read` does not let everybody look.',
  },
];

/** Of somebody who starts sweeps from a laptop; all in our own namespace. */
export const USER_PERMISSIONS: readonly Permission[] = [
  {
    scope: 'own',
    apiGroup: 'batch',
    resources: ['cronjobs'],
    verbs: ['get'],
    why: 'The CronJob of the installation is the template of the Job.',
  },
  {
    scope: 'own',
    apiGroup: 'batch',
    resources: ['jobs'],
    verbs: ['create', 'get', 'delete'],
    why: 'The sweep runs as a Job, which is deleted at its end.',
  },
  {
    scope: 'own',
    apiGroup: '',
    resources: ['pods'],
    verbs: ['list'],
    why: 'The pod of the Job is found by its label, and its state says why it does not start.',
  },
  {
    scope: 'own',
    apiGroup: '',
    resources: ['pods/log'],
    verbs: ['get'],
    why: 'Progress and result come back through the log of the Job.',
  },
  {
    scope: 'own',
    apiGroup: '',
    resources: ['events'],
    verbs: ['list'],
    why: 'Why the pod of the Job does not start, in the words of the cluster.',
    without: 'Only the words of the pod itself are shown.',
  },
  {
    scope: 'own',
    apiGroup: '',
    resources: ['configmaps'],
    verbs: ['get', 'list', 'create', 'update', 'delete'],
    why: 'A baseline is kept in a ConfigMap.',
    without: 'Baselines have to be kept in files.',
  },
];

/** Kinds of one group, scope and reason in one rule. */
function reads(kinds: readonly Kind[]): readonly Permission[] {
  const rules = kinds.map((kind): Permission => {
    const without = WITHOUT[kind.plural] ?? WITHOUT[kind.group];
    return {
      scope: SCOPES[kind.scope],
      apiGroup: kind.group,
      resources: [kind.plural],
      verbs: ASKED_BY_NAME.has(kind.plural) ? ['get', ...FOLLOW] : FOLLOW,
      why: WHY_READ[kind.plural] ?? WHY_READ[kind.group] ?? '',
      ...(without !== undefined && { without }),
    };
  });
  const alike = Map.groupBy(rules, (rule) => JSON.stringify({ ...rule, resources: [] }));
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : { ...first, resources: group.flatMap(({ resources }) => resources) };
  });
}
