/** The page of every right that meshproof asks for, and the rules that the Helm chart takes, from the list in the code. */
import { stringify } from 'yaml';
import { CONTROLLER_PERMISSIONS, USER_PERMISSIONS } from '../controller/install/permissions.ts';
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
  own: ['In our own namespace', 'Role `meshproof-user`, which an administrator binds.'],
};

export function permissionsLines(): readonly string[] {
  return [
    'A sweep reads what is declared, makes Jobs for its probes, and deletes them. It reads no Secret and no log, runs nothing',
    'in the pods of others, and changes no object that is not its own. Each right is listed here with the reason for it;',
    '`meshproof install` and the Helm chart give exactly these, and `meshproof doctor` looks for them.',
    '',
    '## Of a sweep: account `meshproof-controller`',
    '',
    'Whoever may make Jobs in a namespace can run pods there under any of its service accounts. That is what a probe is: it',
    'stands where a workload stands. So bind nobody to this account, and give `meshproof-user` to those alone who may act as',
    'any workload of the measured namespaces.',
    '',
    ...(['targets', 'cluster', 'root'] as const).flatMap((scope) => section(scope, CONTROLLER_PERMISSIONS)),
    '## Of a probe: the accounts of the workloads, and `meshproof-prober`',
    '',
    'None. A probe has no token of the API server; its two tokens are for its controller (audience `meshproof`) and for the',
    'certificate authority of the mesh (audience `istio-ca`).',
    '',
    '## Of somebody who starts sweeps from a laptop',
    '',
    ...section('own', USER_PERMISSIONS),
  ];
}

function section(scope: PermissionScope, all: readonly Permission[]): readonly string[] {
  const [title, what] = SCOPES[scope];
  const rows = all.filter((permission) => permission.scope === scope).flatMap(rowsOf);
  return [
    `### ${title}`,
    '',
    what,
    '',
    '| API group | resource | verbs | why | without it |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ];
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
