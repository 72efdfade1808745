import t from 'tap';
import { buildMesh } from '../../../../../controller/declared/mesh.ts';
import type { K8sObject } from '../../../../../controller/declared/objects.ts';
import { probePlaces } from '../../../../../controller/fleet/kubernetes/places.ts';
import type { PlaceOptions } from '../../../../../controller/fleet/kubernetes/places.ts';
import { vantageKey } from '../../../../../proto/vocabulary.ts';
import { livePod, liveObject, liveSnapshot, namespaceObject } from '../../../../support/live-objects.ts';
import type { LivePod } from '../../../../support/live-objects.ts';

const SHOP = namespaceObject('shop', { 'istio-injection': 'enabled' });
const LEGACY = namespaceObject('legacy');
const WEB = livePod('shop/web-1', { account: 'web', hasSidecar: true });
const BATCH = livePod('legacy/batch-1', { account: 'batch' });
const PROBER = 'meshproof/meshproof-prober (naked)';

function places(objects: readonly K8sObject[], options: Partial<PlaceOptions> = {}): ReturnType<typeof probePlaces> {
  const mesh = buildMesh(liveSnapshot(...objects));
  return probePlaces(mesh, { namespaces: 'all', ownNamespace: 'meshproof', hostVantage: false, ...options });
}

function keys(...given: Parameters<typeof places>): readonly string[] {
  return places(...given).map(({ vantage }) => vantageKey(vantage));
}

t.test('a vantage for each account and data plane that runs, and the prober', (t) => {
  const again = livePod('shop/web-2', { account: 'web', hasSidecar: true });
  const older = livePod('shop/web-old', { account: 'web' });
  t.strictSame(keys([SHOP, LEGACY, WEB, again, older, BATCH]), [
    'legacy/batch (naked)',
    PROBER,
    'shop/web (naked)',
    'shop/web (sidecar)',
  ]);
  t.end();
});

t.test('who is no caller', (t) => {
  const cases: readonly (readonly [what: string, pod: K8sObject])[] = [
    ['a pod that is ending', livePod('shop/old', { account: 'old', isEnding: true })],
    ['a pod of ours', livePod('shop/ours', { account: 'web', labels: { 'app.kubernetes.io/part-of': 'meshproof' } })],
    ['a pod in our own namespace', livePod('meshproof/other', { account: 'other' })],
    ['a gateway', livePod('shop/gw', { account: 'gw', labels: { 'gateway.networking.k8s.io/gateway-name': 'gw' } })],
    ['a pod in the network of its node', livePod('shop/agent', { account: 'agent', spec: { hostNetwork: true } })],
    ['a pod of Kubernetes itself', livePod('kube-system/dns', { account: 'dns' })],
    ['a pod of the control plane', livePod('istio-system/istiod', { account: 'istiod' })],
    [
      'a pod that does not want it',
      livePod('shop/shy', { account: 'shy', annotations: { 'meshproof.io/probe': 'false' } }),
    ],
    [
      'a pod of a template',
      liveObject('Deployment', 'shop/idle', { spec: { template: { spec: { containers: [] } } } }),
    ],
  ];
  for (const [what, pod] of cases) t.strictSame(keys([SHOP, pod]), [PROBER], what);
  const shy = namespaceObject('shop', {}, { 'meshproof.io/probe': 'false' });
  t.strictSame(keys([shy, WEB]), [PROBER], 'a namespace that does not want it');
  t.end();
});

t.test('namespaces that were chosen by name are taken, whatever they are', (t) => {
  const dns = livePod('kube-system/dns', { account: 'dns' });
  t.strictSame(keys([SHOP, WEB, BATCH, dns], { namespaces: new Set(['kube-system']) }), [
    'kube-system/dns (naked)',
    PROBER,
  ]);
  t.end();
});

t.test('labels that put the pod on its plane, and no others', (t) => {
  const inject = 'sidecar.istio.io/inject';
  const ambient = { 'ambient.istio.io/redirection': 'enabled' };
  const cases: readonly (readonly [what: string, objects: readonly K8sObject[], labels: object])[] = [
    ['injected by its namespace', [SHOP, WEB], {}],
    [
      "by the pods' own wish",
      [LEGACY, livePod('legacy/web', { account: 'web', hasSidecar: true, labels: { [inject]: 'true', app: 'web' } })],
      { [inject]: 'true' },
    ],
    ['naked', [LEGACY, BATCH], { [inject]: 'false' }],
    [
      'naked in an ambient namespace',
      [namespaceObject('legacy', { 'istio.io/dataplane-mode': 'ambient' }), BATCH],
      { [inject]: 'false', 'istio.io/dataplane-mode': 'none' },
    ],
    [
      'ambient by its namespace',
      [
        namespaceObject('legacy', { 'istio.io/dataplane-mode': 'ambient' }),
        livePod('legacy/a', { account: 'a', annotations: ambient }),
      ],
      { [inject]: 'false' },
    ],
    [
      "ambient by the pods' own wish",
      [LEGACY, livePod('legacy/a', { account: 'a', annotations: ambient })],
      { [inject]: 'false', 'istio.io/dataplane-mode': 'ambient' },
    ],
  ];
  for (const [what, objects, labels] of cases) {
    const place = places(objects).find(({ vantage }) => vantage.namespace !== 'meshproof');
    t.strictSame(place?.labels, labels, what);
  }
  t.end();
});

t.test('pods with a sidecar where nobody is given one any more: the vantage says why it has no probe', (t) => {
  const off = namespaceObject('shop', { 'istio-injection': 'disabled' });
  const [, web] = places([off, WEB]);
  t.match(web?.hindrance, /no new pod there is given one/);
  t.end();
});

t.test('one vantage a node: of those that pods to be measured run on', (t) => {
  const on = (node: string): LivePod => ({ account: 'web', spec: { nodeName: node } });
  const objects = [
    livePod('shop/web-1', on('worker-2')),
    livePod('shop/web-2', on('worker-1')),
    livePod('shop/web-3', on('worker-1')),
    livePod('shop/waiting', { account: 'web' }),
    livePod('shop/going', { ...on('worker-3'), isEnding: true }),
    livePod('legacy/batch-1', on('worker-4')),
    livePod('meshproof/other', on('worker-5')),
  ];
  const asked = { hostVantage: 'node', namespaces: new Set(['shop']) } as const;
  const hosts = places(objects, asked).filter(({ vantage }) => vantage.dataPlane === 'host');
  t.strictSame(
    hosts.map(({ vantage, name }) => [vantageKey(vantage), name]),
    [
      ['meshproof/meshproof-prober (host worker-1)', 'kubelet-worker-1'],
      ['meshproof/meshproof-prober (host worker-2)', 'kubelet-worker-2'],
    ],
  );
  t.end();
});

t.test('the node is a vantage only where it is asked for', (t) => {
  t.strictSame(keys([], { hostVantage: true }), ['meshproof/meshproof-prober (host)', PROBER]);
  t.end();
});
