import t from 'tap';
import { placesOf } from '../../../../controller/fleet/sandbox-places.ts';
import { realitySchema } from '../../../../deploy/sandbox/reality.ts';
import { vantageKey } from '../../../../proto/vocabulary.ts';

function drawn(workloads: Record<string, unknown>): readonly string[] {
  return placesOf(realitySchema.parse({ workloads })).map(
    ({ vantage, workload, pod }) => `${vantageKey(vantage)} = ${workload} at ${pod}`,
  );
}

t.test('every workload is a vantage, under its service account and data plane', (t) => {
  t.same(drawn({ 'shop/pay': { serviceAccount: 'shop', dataPlane: 'sidecar' }, 'legacy/batch': {} }), [
    'legacy/batch (naked) = legacy/batch at legacy/batch',
    'shop/shop (sidecar) = shop/pay at shop/pay',
  ]);
  t.end();
});

t.test('of workloads with one identity and data plane the first by name is the place', (t) => {
  const shop = { serviceAccount: 'shop', dataPlane: 'sidecar' };
  t.same(drawn({ 'shop/pay': shop, 'shop/cart': shop }), ['shop/shop (sidecar) = shop/cart at shop/cart']);
  t.end();
});

t.test('a workload with pods on both data planes is a vantage on each, and its pods stand for them', (t) => {
  const pods = [{ name: 'pay-1' }, { name: 'pay-2' }, { name: 'pay-3', dataPlane: 'naked' }];
  t.same(drawn({ 'shop/pay': { dataPlane: 'sidecar', pods } }), [
    'shop/pay (sidecar) = shop/pay-1 at shop/pay-1',
    'shop/pay (naked) = shop/pay-3 at shop/pay-3',
  ]);
  t.end();
});

t.test('a gateway calls nobody of its own accord', (t) => {
  t.same(drawn({ 'edge/gateway': { dataPlane: 'sidecar', gateway: { routes: [] } } }), []);
  t.end();
});

t.test('the kubelet is in the network of its node', (t) => {
  t.same(drawn({ 'meshproof/kubelet': {}, 'meshproof/prober': {} }), [
    'meshproof/kubelet (host) = meshproof/kubelet at meshproof/kubelet',
    'meshproof/prober (naked) = meshproof/prober at meshproof/prober',
  ]);
  t.end();
});
