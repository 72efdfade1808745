/** Roles and their bindings, from the list of rights. */
import type { Fields } from '../declared/reading.ts';
import { BASELINES_ROLE, CONTROLLER_ACCOUNT, OUR_LABELS, SERVE_ROLE, USER_ROLE, VIEWER_ROLE } from './names.ts';
import {
  BASELINES_PERMISSIONS,
  CONTROLLER_PERMISSIONS,
  EVENTS_PERMISSIONS,
  REPORTS_PERMISSIONS,
  SERVE_PERMISSIONS,
  USER_PERMISSIONS,
  VIEWER_PERMISSIONS,
} from './permissions.ts';
import type { Permission, PermissionScope } from './permissions.ts';

export interface RbacOptions {
  readonly ownNamespace: string;
  /** Where the control plane of the mesh is. */
  readonly rootNamespace: string;
  /** `all`: cluster-wide; else Roles in these, and no right on anything else. */
  readonly namespaces: readonly string[] | 'all';
  /** Sweeps that run in the cluster by themselves may keep baselines there. @default false */
  readonly baselines?: boolean;
  /** The controller that stays. @default none */
  readonly serve?: ServeRights;
}

export interface ServeRights {
  /** `--events`. */
  readonly events: boolean;
  /** `--reports`. */
  readonly reports: boolean;
}

type Rule = Pick<Permission, 'apiGroup' | 'resources' | 'verbs' | 'why'>;

export interface RbacObject {
  readonly object: Fields;
  /** Of its rules, one each; empty for a binding. */
  readonly whys: readonly string[];
}

const API_GROUP = 'rbac.authorization.k8s.io';

/** A Namespace is authorized as an object within itself (kubernetes: apiserver/pkg/endpoints/request/requestinfo.go). */
const GET_NAMESPACE: Rule = {
  apiGroup: '',
  resources: ['namespaces'],
  verbs: ['get'],
  why: 'Labels of this namespace.',
};

const TARGETS = CONTROLLER_PERMISSIONS.filter(({ scope }) => scope === 'targets');
const ROOT = CONTROLLER_PERMISSIONS.filter(({ scope }) => scope === 'root');

/** The policies of the root namespace hold for the whole mesh; but no probe is placed there. */
const READ_ONLY = TARGETS.filter(({ verbs }) => verbs.includes('watch')).map(({ apiGroup, resources, why }): Rule => {
  return { apiGroup, resources, verbs: ['list', 'watch'], why };
});

/** Rules of each role that an installation may have. */
export const RULES = {
  /** Cluster-wide reading, and Jobs in every namespace. */
  cluster: CONTROLLER_PERMISSIONS.filter(({ scope }) => scope === 'cluster' || scope === 'targets'),
  /** In the namespace of the control plane, beside cluster-wide rights. */
  root: ROOT,
  /** There, where nothing is given cluster-wide. */
  rootAlone: [...ROOT, ...READ_ONLY, GET_NAMESPACE],
  /** In a measured namespace and in our own, where nothing is given cluster-wide. */
  namespace: [...TARGETS, GET_NAMESPACE],
  /** For those who start sweeps. */
  user: USER_PERMISSIONS,
  /** Of sweeps that keep baselines in the cluster, in our own namespace. */
  baselines: BASELINES_PERMISSIONS,
  /** Of the controller that stays, in our own namespace; and beside cluster-wide rights. */
  serve: inScope(SERVE_PERMISSIONS, 'own'),
  serveCluster: inScope(SERVE_PERMISSIONS, 'cluster', 'targets'),
  /** In a measured namespace; and beside cluster-wide rights. */
  events: inScope(EVENTS_PERMISSIONS, 'targets'),
  eventsCluster: inScope(EVENTS_PERMISSIONS, 'cluster', 'targets'),
  reports: inScope(REPORTS_PERMISSIONS, 'targets'),
  reportsCluster: inScope(REPORTS_PERMISSIONS, 'cluster', 'targets'),
  /** For those who look at the page. */
  viewer: VIEWER_PERMISSIONS,
} as const satisfies Record<string, readonly Rule[]>;

export function clusterRole({ ownNamespace, serve }: RbacOptions): readonly RbacObject[] {
  const name = `${ownNamespace}-controller`;
  const served = serve === undefined ? [] : RULES.serveCluster;
  const told = [
    ...(serve?.events === true ? RULES.eventsCluster : []),
    ...(serve?.reports === true ? RULES.reportsCluster : []),
  ];
  return [
    withRules(head('ClusterRole', name), [...RULES.cluster, ...served, ...told]),
    binding(head('ClusterRoleBinding', name), 'ClusterRole', name, ownNamespace),
  ];
}

export function rootRole({ ownNamespace, rootNamespace, namespaces }: RbacOptions): readonly RbacObject[] {
  return role(rootNamespace, ownNamespace, namespaces === 'all' ? RULES.root : RULES.rootAlone);
}

/** Where the control plane's namespace is measured as well, its Role has the rules of both. */
export function namespaceRole(
  namespace: string,
  { ownNamespace, rootNamespace, serve }: RbacOptions,
): readonly RbacObject[] {
  const told = [...(serve?.events === true ? RULES.events : []), ...(serve?.reports === true ? RULES.reports : [])];
  const root = namespace === rootNamespace ? RULES.root : [];
  return role(namespace, ownNamespace, [...RULES.namespace, ...told, ...root]);
}

/** For sweeps that keep baselines in the cluster. */
export function baselinesRole({ ownNamespace }: RbacOptions): readonly RbacObject[] {
  return role(ownNamespace, ownNamespace, RULES.baselines, BASELINES_ROLE);
}

/** What the controller that stays may do in our own namespace. */
export function serveRole({ ownNamespace }: RbacOptions): readonly RbacObject[] {
  return role(ownNamespace, ownNamespace, RULES.serve, SERVE_ROLE);
}

/** An administrator binds it. */
export function viewerRole({ ownNamespace }: RbacOptions): RbacObject {
  return withRules(head('Role', VIEWER_ROLE, ownNamespace), RULES.viewer);
}

/** An administrator binds it. */
export function userRole({ ownNamespace }: RbacOptions): RbacObject {
  return withRules(head('Role', USER_ROLE, ownNamespace), RULES.user);
}

export function ruleObjects(rules: readonly Rule[]): readonly Fields[] {
  return rules.map(({ apiGroup, resources, verbs }) => ({ apiGroups: [apiGroup], resources, verbs }));
}

function role(
  namespace: string,
  ownNamespace: string,
  rules: readonly Rule[],
  name = `${ownNamespace}-controller`,
): readonly RbacObject[] {
  return [
    withRules(head('Role', name, namespace), rules),
    binding(head('RoleBinding', name, namespace), 'Role', name, ownNamespace),
  ];
}

function withRules(role: Fields, rules: readonly Rule[]): RbacObject {
  return { object: { ...role, rules: ruleObjects(rules) }, whys: rules.map(({ why }) => why) };
}

function binding(start: Fields, kind: string, name: string, ownNamespace: string): RbacObject {
  const subject = { kind: 'ServiceAccount', name: CONTROLLER_ACCOUNT, namespace: ownNamespace };
  return { object: { ...start, roleRef: { apiGroup: API_GROUP, kind, name }, subjects: [subject] }, whys: [] };
}

function head(kind: string, name: string, namespace?: string): Fields {
  return {
    apiVersion: `${API_GROUP}/v1`,
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }), labels: OUR_LABELS },
  };
}

function inScope(permissions: readonly Permission[], ...scopes: readonly PermissionScope[]): readonly Permission[] {
  return permissions.filter(({ scope }) => scopes.includes(scope));
}
