/** The page of every right that meshproof asks for, and the rules that the Helm chart takes, from the list in the code. */
import { stringify } from 'yaml';
import {
  BASELINES_PERMISSIONS,
  CONTROLLER_PERMISSIONS,
  EVENTS_PERMISSIONS,
  REPORTS_PERMISSIONS,
  SERVE_PERMISSIONS,
  USER_PERMISSIONS,
  VIEWER_PERMISSIONS,
} from '../controller/install/permissions.ts';
import type { Permission, PermissionScope } from '../controller/install/permissions.ts';
import { RULES, ruleObjects } from '../controller/install/rbac.ts';

const SCOPES: Readonly<Record<PermissionScope, readonly [title: string, what: string]>> = {
  targets: [
    'In each measured namespace',
    'Cluster-wide by default. With `install --namespaced -n …` (chart: `namespaced`), a Role in each of the namespaces, and ' +
      'in our own for the prober; in the root namespace the same for reading alone.',
  ],
  cluster: [
    'On the cluster',
    'A ClusterRole gives them. Without one (`--namespaced`) a sweep does without, as the last column says.',
  ],
  root: ["In the namespace of the mesh's control plane", 'A Role there.'],
  own: ['In our own namespace', 'A Role there.'],
};

export function permissionsLines(): readonly string[] {
  return [
    'A sweep reads what is declared, makes Jobs for its probes, and deletes them. It reads no Secret and no log, runs nothing',
    'in the pods of others, and changes no object that is not its own. Each right is listed here with the reason for it;',
    '`meshproof install` and the Helm chart give exactly these, and `meshproof doctor` looks for those of a sweep.',
    '',
    '## Of a sweep: account `meshproof-controller`',
    '',
    'Whoever may make Jobs in a namespace can run pods there under any of its service accounts. That is what a probe is: it',
    'stands where a workload stands. So bind nobody to this account, and give `meshproof-user` to those alone who may act as',
    'any workload of the measured namespaces.',
    '',
    ...(['targets', 'cluster', 'root'] as const).flatMap((scope) => section(scope, CONTROLLER_PERMISSIONS)),
    'Where Jobs in the cluster keep baselines (`install --baselines`, chart: `baselines`), in our own namespace:',
    '',
    ...table(BASELINES_PERMISSIONS),
    '',
    '## Of the controller that stays (`serve`): the same account',
    '',
    'All of the above, and these; only where it is installed (`install --serve`, chart: `serve.enabled`).',
    '',
    ...(['own', 'cluster'] as const).flatMap((scope) => section(scope, SERVE_PERMISSIONS)),
    'With `--events` (chart: `serve.events`):',
    '',
    ...table(EVENTS_PERMISSIONS),
    '',
    'With `--reports` (chart: `serve.reports`):',
    '',
    ...table(REPORTS_PERMISSIONS),
    '',
    '## Of a probe: the accounts of the workloads, and `meshproof-prober`',
    '',
    'None. A probe has no token of the API server; its two tokens are for its controller (audience `meshproof`) and for the',
    'certificate authority of the mesh (audience `istio-ca`).',
    '',
    '## Of somebody who starts sweeps from a laptop',
    '',
    'Role `meshproof-user` in our own namespace, which an administrator binds.',
    '',
    ...table(USER_PERMISSIONS),
    '',
    '## Of somebody who looks at the page or at the API',
    '',
    'Role `meshproof-viewer` in our own namespace, which an administrator binds.',
    '',
    ...table(VIEWER_PERMISSIONS),
  ];
}

function section(scope: PermissionScope, all: readonly Permission[]): readonly string[] {
  const [title, what] = SCOPES[scope];
  const permissions = all.filter((permission) => permission.scope === scope);
  return [`### ${title}`, '', what, '', ...table(permissions), ''];
}

function table(all: readonly Permission[]): readonly string[] {
  return ['| API group | resource | verbs | why | without it |', '|---|---|---|---|---|', ...all.flatMap(rowsOf)];
}

function rowsOf({ apiGroup, resources, verbs, why, without }: Permission): readonly string[] {
  const group = apiGroup === '' ? 'core' : apiGroup;
  const end = without ?? 'exit 77';
  return resources.map((resource) => `| ${group} | ${resource} | ${verbs.join(', ')} | ${why} | ${end} |`);
}

export function rulesYaml(): string {
  const sets = Object.fromEntries(Object.entries(RULES).map(([name, rules]) => [name, ruleObjects(rules)]));
  const head = '# Made by `npm run docs` from controller/install/permissions.ts; edit that instead.\n';
  return head + stringify(sets, { lineWidth: 0, aliasDuplicateObjects: false, collectionStyle: 'any' });
}
