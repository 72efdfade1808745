import t from 'tap';
import type { K8sObject, Snapshot } from '../../../../controller/declared/objects.ts';
import {
  changedAnswers,
  changedObjects,
  changesByRoute,
  declaredState,
} from '../../../../controller/monitor/declared-state.ts';
import type { DeclaredState } from '../../../../controller/monitor/declared-state.ts';
import { DEFAULT_PLAN_OPTIONS } from '../../../../controller/plan/plan.ts';
import { object, peerAuthentication, placed, pod, service } from '../judge/live-mesh.ts';

const snapshotOf = (...objects: readonly K8sObject[]): Snapshot => ({ objects, digest: '', warnings: [] });

/** Who may be called from where, with a policy or without. */
function shop(...objects: readonly K8sObject[]): Snapshot {
  return snapshotOf(
    pod('shop/pay'),
    service('shop/pay'),
    pod('legacy/batch', { isMeshed: false }),
    pod('legacy/open', { isMeshed: false }),
    service('legacy/open'),
    ...objects,
  );
}

function stateOf(snapshot: Snapshot): DeclaredState {
  const vantages = [placed('legacy/batch', 'naked')];
  return declaredState(snapshot, { snapshot, vantages }, DEFAULT_PLAN_OPTIONS);
}

const TO_PAY = 'legacy/batch (naked) → shop/pay:80 http GET /';
const TO_OPEN = 'legacy/batch (naked) → legacy/open:80 http GET /';

t.test('a declared state holds what is planned, in the order of the plan, and what is expected of it', (t) => {
  const { cells, plan } = stateOf(shop(peerAuthentication('shop/default', 'STRICT')));
  t.same([...cells.keys()].toSorted(), [TO_OPEN, TO_PAY].toSorted());
  t.same(
    [...cells.keys()],
    plan.cells.map(({ key }) => key),
  );
  t.equal(cells.get(TO_PAY)?.expectation.outcome, 'DENY_STRICT');
  t.equal(cells.get(TO_OPEN)?.expectation.expect, 'allow');
  t.end();
});

t.test('routes of which something else is expected now', (t) => {
  const strict = stateOf(shop(peerAuthentication('shop/default', 'STRICT')));
  const permissive = stateOf(shop(peerAuthentication('shop/default', 'PERMISSIVE')));
  const none = stateOf(shop());
  t.same(changedAnswers(strict, permissive), [TO_PAY]);
  t.same(changedAnswers(none, strict), [TO_PAY]);
  t.same(changedAnswers(none, permissive), [], 'who says so does not matter');
  t.same(changedAnswers(strict, strict), []);
  t.end();
});

t.test('routes that are new or gone have not changed their answer', (t) => {
  const before = stateOf(shop());
  const after = stateOf(shop(pod('shop/cart'), service('shop/cart')));
  t.equal(after.cells.size, 3);
  t.same(changedAnswers(before, after), []);
  t.same(changedAnswers(after, before), []);
  t.end();
});

t.test('what of a change bears on a route', (t) => {
  const strict = peerAuthentication('shop/default', 'STRICT');
  const elsewhere = peerAuthentication('legacy/default', 'STRICT');
  const both = stateOf(shop(strict, elsewhere));
  const namesOf = (before: DeclaredState, after: DeclaredState): readonly string[] =>
    (changesByRoute([TO_PAY], before, after).get(TO_PAY) ?? []).map(({ kind, namespace }) => `${kind} ${namespace}`);
  t.same(namesOf(both, stateOf(shop())), ['PeerAuthentication shop'], 'what it named before');
  t.same(namesOf(stateOf(shop()), both), ['PeerAuthentication shop'], 'what it names now');
  const config = object('ConfigMap', 'istio-system/istio', undefined);
  t.same(
    namesOf(stateOf(shop()), stateOf(shop(elsewhere, config))),
    ['PeerAuthentication legacy', 'ConfigMap istio-system'],
    'all, where it names none',
  );
  t.end();
});

const drawn = (before: Snapshot, after: Snapshot): readonly string[] =>
  changedObjects(before, after).map(
    ({ kind, namespace, name, change, resourceVersion }) =>
      `${change} ${kind} ${namespace}/${name} (${resourceVersion})`,
  );

const strict = (resourceVersion?: string): K8sObject =>
  peerAuthentication('shop/default', 'STRICT', resourceVersion === undefined ? {} : { resourceVersion });

t.test('objects that were added, changed and deleted', (t) => {
  const cases: readonly (readonly [string, Snapshot, Snapshot, readonly string[]])[] = [
    ['added', snapshotOf(), snapshotOf(strict('7')), ['added PeerAuthentication shop/default (7)']],
    ['changed', snapshotOf(strict('7')), snapshotOf(strict('8')), ['changed PeerAuthentication shop/default (8)']],
    ['deleted', snapshotOf(strict('7')), snapshotOf(), ['deleted PeerAuthentication shop/default (7)']],
    ['the same', snapshotOf(strict('7')), snapshotOf(strict('7')), []],
    [
      'the same name in other places, and another kind of that name',
      snapshotOf(strict('7')),
      snapshotOf(strict('7'), peerAuthentication('legacy/default', 'STRICT'), object('Sidecar', 'shop/default', {})),
      ['added PeerAuthentication legacy/default (1)', 'added Sidecar shop/default (1)'],
    ],
  ];
  for (const [what, before, after, changes] of cases) t.same(drawn(before, after), changes, what);
  t.end();
});

/** In files: no resource versions, and places that move with every line above. */
function written(mode: string, line: number): K8sObject {
  const policy = peerAuthentication('shop/default', mode);
  const { namespace, name, labels, annotations, ownerReferences } = policy.metadata;
  const metadata = { namespace, name, labels, annotations, ownerReferences };
  return { ...policy, metadata, position: { file: 'policies.yaml', line, column: 1 } };
}

t.test('without resource versions it is the content that counts, wherever it stands', (t) => {
  t.same(drawn(snapshotOf(written('STRICT', 1)), snapshotOf(written('STRICT', 9))), []);
  t.same(drawn(snapshotOf(written('STRICT', 1)), snapshotOf(written('PERMISSIVE', 1))), [
    'changed PeerAuthentication shop/default ()',
  ]);
  t.same(drawn(snapshotOf(written('STRICT', 1)), snapshotOf()), ['deleted PeerAuthentication shop/default ()']);
  t.end();
});

t.test('what comes and goes with pods is no change of policy', (t) => {
  const running = ['Pod', 'EndpointSlice', 'Endpoints', 'Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job'];
  const before = snapshotOf(...running.map((kind) => object(kind, 'shop/pay', {})));
  const after = snapshotOf(...running.map((kind) => object(kind, 'shop/pay', {}, { resourceVersion: '2' })));
  t.same(drawn(before, after), []);
  t.same(drawn(snapshotOf(), after), []);
  t.same(drawn(snapshotOf(), snapshotOf(service('shop/pay'))), ['added Service shop/pay (1)']);
  t.end();
});
