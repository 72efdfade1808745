/** Service accounts with rights of their own, and kubeconfigs to act as them. */
import { writeFile } from 'node:fs/promises';
import { OWN_NAMESPACE, TEST_LABELS } from '../mesh/lane.ts';
import type { KubernetesObject } from '../mesh/objects.ts';
import { kubectl } from './kubectl.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface SingleRight {
  readonly apiGroup: string;
  readonly resource: string;
  readonly verb: string;
}

const RBAC = 'rbac.authorization.k8s.io';

/** An account of our own namespace that may do all of this, everywhere or there alone. */
export function accountWith(
  name: string,
  rights: readonly SingleRight[],
  isClusterWide: boolean,
): readonly KubernetesObject[] {
  const rules = rights.map(({ apiGroup, resource, verb }): Rule => {
    return { apiGroups: [apiGroup], resources: [resource], verbs: [verb] };
  });
  const kind = isClusterWide ? 'ClusterRole' : 'Role';
  const metadata = { name, labels: TEST_LABELS, ...(!isClusterWide && { namespace: OWN_NAMESPACE }) };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: OWN_NAMESPACE, labels: TEST_LABELS } },
    { apiVersion: `${RBAC}/v1`, kind, metadata, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: RBAC, kind, name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: OWN_NAMESPACE }],
    },
  ];
}

let viewed: Promise<string> | undefined;

/** Writes a kubeconfig of the present cluster that acts as the account. */
export async function writeKubeconfigOf(account: string, file: string): Promise<void> {
  viewed ??= kubectl(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']);
  const [token, view] = await Promise.all([kubectl(['create', 'token', account, '-n', OWN_NAMESPACE]), viewed]);
  const { clusters } = JSON.parse(view) as { clusters: readonly { cluster: unknown }[] };
  const name = account;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: clusters[0]?.cluster }],
    users: [{ name, user: { token: token.trim() } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  await writeFile(file, JSON.stringify(config));
}

/** Whether the cluster lets a service account, `namespace:name`, do so in the namespace; of the core group. */
export async function may(account: string, verb: string, resource: string, namespace: string): Promise<boolean> {
  const user = `system:serviceaccount:${account}`;
  const [own = ''] = account.split(':', 1);
  const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${own}`];
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups, resourceAttributes: { verb, resource, namespace } },
  };
  const said = await kubectl(['create', '-f', '-', '-o', 'json'], { input: JSON.stringify(review) });
  return (JSON.parse(said) as { readonly status: { readonly allowed: boolean } }).status.allowed;
}
