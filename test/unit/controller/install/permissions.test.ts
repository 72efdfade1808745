import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  BASELINES_PERMISSIONS,
  CONTROLLER_PERMISSIONS,
  EVENTS_PERMISSIONS,
  REPORTS_PERMISSIONS,
  SERVE_PERMISSIONS,
  USER_PERMISSIONS,
  VIEWER_PERMISSIONS,
} from '../../../../controller/install/permissions.ts';
import { KINDS } from '../../../../controller/snapshot/cluster/kinds.ts';

const ALL = [
  ...[...CONTROLLER_PERMISSIONS, ...SERVE_PERMISSIONS, ...EVENTS_PERMISSIONS, ...REPORTS_PERMISSIONS],
  ...[...USER_PERMISSIONS, ...VIEWER_PERMISSIONS, ...BASELINES_PERMISSIONS],
];

t.test('each right has a reason', (t) => {
  for (const { why, resources } of ALL) t.match(why, /^[A-Z].+\.$/, resources.join(', '));
  t.end();
});

t.test('the controller that stays writes nothing outside of its own namespace, unless it is asked to', (t) => {
  const writing = SERVE_PERMISSIONS.filter(({ scope }) => scope !== 'own');
  t.same(
    writing.flatMap(({ resources, verbs }) => [...resources, ...verbs]),
    ['subjectaccessreviews', 'create'],
    'a question, which nothing keeps',
  );
  t.end();
});

t.test('each kind of a snapshot may be listed and watched, where the snapshot looks for it', (t) => {
  const scopes = { cluster: 'cluster', namespaces: 'targets', 'control-plane': 'root' };
  for (const { group, plural, scope } of KINDS) {
    const rule = CONTROLLER_PERMISSIONS.find(
      ({ apiGroup, resources }) => apiGroup === group && resources.includes(plural),
    );
    t.match(rule, { scope: scopes[scope], verbs: /list,watch/ }, `${group}/${plural}`);
  }
  t.end();
});

t.test('the page in docs has each of them', (t) => {
  const page = readFileSync(new URL('../../../../docs/permissions.md', import.meta.url), 'utf8');
  for (const { apiGroup, resources, verbs } of ALL) {
    for (const resource of resources) {
      t.match(page, `| ${apiGroup === '' ? 'core' : apiGroup} | ${resource} | ${verbs.join(', ')} |`);
    }
  }
  t.end();
});
