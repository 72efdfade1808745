import t from 'tap';
import { throwIfRefused } from '../../../../controller/api-server/refusal.ts';
import type { Access } from '../../../../controller/api-server/refusal.ts';

const CREATE_JOBS: Access = { verb: 'create', apiGroup: 'batch', resource: 'jobs', namespace: 'shop' };
const RBAC =
  'jobs.batch is forbidden: User "system:serviceaccount:a:b" cannot create resource "jobs" in API group "batch" in the namespace "shop"';

t.test('a refusal names who may not do what and where, and the line that permits it', (t) => {
  t.throws(
    () => {
      throwIfRefused(CREATE_JOBS, 403, { message: RBAC });
    },
    {
      code: 'MPE_NOT_PERMITTED',
      exitStatus: 77,
      message: 'user system:serviceaccount:a:b may not create jobs in namespace shop',
      hint: 'Add to a Role in namespace shop: - { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"] }',
    },
  );
  const nodes = 'nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope';
  t.throws(
    () => {
      throwIfRefused({ verb: 'list', apiGroup: '', resource: 'nodes' }, 403, { message: nodes });
    },
    {
      message: 'user ann may not list nodes cluster-wide',
      hint: 'Add to a ClusterRole: - { apiGroups: [""], resources: ["nodes"], verbs: ["list"] }',
    },
  );
  t.end();
});

t.test('credentials that are not accepted are no missing rule', (t) => {
  t.throws(
    () => {
      throwIfRefused(CREATE_JOBS, 401, { message: 'Unauthorized' });
    },
    { code: 'MPE_NOT_PERMITTED', message: /does not accept these credentials: Unauthorized/ },
  );
  t.end();
});

const OTHERS: readonly (readonly [status: number, message: string])[] = [
  [403, 'jobs.batch "x" is forbidden: exceeded quota: small, requested: count/jobs.batch=1, used: 1, limited: 1'],
  [403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'],
  [403, 'admission webhook "policy.example" denied the request: no Jobs on Fridays'],
  [403, 'jobs.batch "x" is forbidden: unable to create new content in namespace shop because it is being terminated'],
  [404, 'not found'],
  [500, 'cannot create resource'],
];

for (const [status, message] of OTHERS) {
  t.test(`no matter of rights: ${String(status)} ${message}`, (t) => {
    t.doesNotThrow(() => {
      throwIfRefused(CREATE_JOBS, status, { message });
    });
    t.end();
  });
}
