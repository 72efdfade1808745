import t from 'tap';
import { buildMesh } from '../../../../../controller/declared/mesh.ts';
import type { K8sObject } from '../../../../../controller/declared/objects.ts';
import type { Fields } from '../../../../../controller/declared/reading.ts';
import { KINDS } from '../../../../../controller/snapshot/cluster/kinds.ts';
import { neededOf } from '../../../../../controller/snapshot/cluster/needed.ts';
import { placeProbes } from '../../../../../controller/fleet/kubernetes/placement.ts';
import type { PlacementOptions } from '../../../../../controller/fleet/kubernetes/placement.ts';
import { livePod, liveObject, liveSnapshot, namespaceObject } from '../../../../support/live-objects.ts';

const SHOP = namespaceObject('shop', { 'istio-injection': 'enabled' });
const WEB = livePod('shop/web-1', { account: 'web', hasSidecar: true, ip: '10.0.0.7' });
const CONTROLLER = livePod('meshproof/sweep', { account: 'meshproof-controller', ip: '10.0.9.9' });
const OPTIONS: PlacementOptions = {
  namespaces: 'all',
  ownNamespace: 'meshproof',
  hostVantage: false,
  sweepId: 'k7w2',
  controllerHost: '10.0.9.9',
  excludedRanges: [],
};

function placed(...objects: readonly K8sObject[]): ReturnType<typeof placeProbes> {
  return placeProbes(liveSnapshot(SHOP, WEB, ...objects), CONTROLLER, OPTIONS);
}

t.test('the probes are pods of the declared state, on the planes that they are to measure from', (t) => {
  const { snapshot, probes } = placed();
  const mesh = buildMesh(snapshot);
  t.strictSame(
    probes.map(({ place: { vantage, name } }) => mesh.podsByKey.get(`${vantage.namespace}/${name}`)?.dataPlane),
    ['naked', 'sidecar'],
  );
  t.match(mesh.podsByKey.get('shop/probe-sidecar-web'), { serviceAccount: 'web', isLive: false, addresses: [] });
  t.equal(mesh.podsByAddress.get('10.0.9.9')?.key, 'meshproof/sweep', 'policies can name the controller');
  t.ok(probes.every(({ hindrance }) => hindrance === undefined));
  t.end();
});

t.test('names in the declared state stay the same in every sweep', (t) => {
  for (const sweepId of ['k7w2', 'k7w3']) {
    const { probes } = placeProbes(liveSnapshot(SHOP, WEB), CONTROLLER, { ...OPTIONS, sweepId });
    t.equal(probes[1]?.place.name, 'probe-sidecar-web');
  }
  t.end();
});

t.test('what was there before is not touched', (t) => {
  const before = liveSnapshot(SHOP, WEB);
  const { snapshot } = placeProbes(before, CONTROLLER, OPTIONS);
  t.equal(snapshot.digest, before.digest);
  t.strictSame(before.objects.length, 2);
  t.end();
});

/** As a snapshot of a cluster holds it. */
function budget(key: string, spec: Fields): K8sObject {
  const [namespace = '', name = ''] = key.split('/');
  const kind = KINDS.find((one) => one.kind === 'PodDisruptionBudget');
  if (kind === undefined) throw new Error('no snapshot has budgets');
  const given = { metadata: { namespace, name }, spec, status: { disruptionsAllowed: 1 } };
  const object = neededOf({ ...kind, version: 'v1' }, given);
  if (object === null) throw new Error(`no snapshot has ${key}`);
  return object;
}

t.test('what keeps a probe from being there', (t) => {
  const ours = { 'app.kubernetes.io/part-of': 'meshproof' };
  const cases: readonly (readonly [object: K8sObject, why: RegExp | undefined])[] = [
    [liveObject('Service', 'shop/all', { spec: { selector: ours } }), /selector of Service shop\/all/],
    [
      liveObject('Deployment', 'shop/greedy', {
        spec: { replicas: 0, selector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } },
      }),
      /selector of Deployment shop\/greedy/,
    ],
    [budget('shop/all', { selector: {}, maxUnavailable: 1 }), /selector of PodDisruptionBudget shop\/all/],
    [budget('shop/share', { selector: {}, minAvailable: '50%' }), /selector of PodDisruptionBudget shop\/share/],
    [budget('shop/number', { selector: {}, minAvailable: 1 }), undefined],
    [budget('shop/web', { selector: { matchLabels: { app: 'web' } }, maxUnavailable: 1 }), undefined],
    [budget('shop/nobody', { maxUnavailable: 1 }), undefined],
    [liveObject('Service', 'other/all', { spec: { selector: ours } }), undefined],
    [liveObject('Service', 'shop/none', { spec: {} }), undefined],
    [liveObject('Service', 'shop/web', { spec: { selector: { app: 'web' } } }), undefined],
    [liveObject('NetworkPolicy', 'shop/all', { spec: { podSelector: {} } }), undefined],
    [liveObject('PeerAuthentication', 'shop/default', { spec: {} }), undefined],
  ];
  for (const [object, why] of cases) {
    const [, web] = placed(object).probes;
    const what = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
    if (why === undefined) t.equal(web?.hindrance, undefined, what);
    else t.match(web?.hindrance, why, what);
  }
  t.end();
});
