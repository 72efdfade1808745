import t from 'tap';
import { CONTROLLER_PERMISSIONS } from '../../../../../controller/install/permissions.ts';
import { KINDS, pathOf } from '../../../../../controller/snapshot/cluster/kinds.ts';

t.test('every kind that is read is one that the installed role lets us list and watch', (t) => {
  const missing = KINDS.flatMap(({ group, plural }) =>
    (['list', 'watch'] as const)
      .filter(
        (verb) =>
          !CONTROLLER_PERMISSIONS.some(
            ({ apiGroup, resources, verbs }) =>
              apiGroup === group && resources.includes(plural) && verbs.includes(verb),
          ),
      )
      .map((verb) => `${verb} ${plural} (${group})`),
  );
  t.strictSame(missing, []);
  t.end();
});

t.test('Secrets are none of them', (t) => {
  t.notOk(KINDS.some(({ plural }) => plural === 'secrets'));
  t.end();
});

t.test('paths of collections', (t) => {
  const kind = { kind: 'K', versions: [], scope: 'namespaces', leavesOutOurs: false, plural: 'ks' } as const;
  const cases = [
    ['', 'v1', null, '/api/v1/ks'],
    ['', 'v1', 'shop', '/api/v1/namespaces/shop/ks'],
    ['apps', 'v1', null, '/apis/apps/v1/ks'],
    ['apps', 'v1', 'shop', '/apis/apps/v1/namespaces/shop/ks'],
  ] as const;
  for (const [group, version, namespace, path] of cases) t.equal(pathOf({ ...kind, group, version }, namespace), path);
  t.end();
});
