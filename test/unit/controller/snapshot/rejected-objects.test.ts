import t from 'tap';
import type { K8sObject } from '../../../../controller/declared/objects.ts';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';
import { RejectedObjects } from '../../../../controller/snapshot/rejected-objects.ts';
import { peerAuthentication, service } from '../judge/live-mesh.ts';

function meshConfig(namespace: string, mesh: string): readonly K8sObject[] {
  const text = `{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: ${namespace}}, data: {mesh: ${mesh}}}`;
  const source = { file: 'a.yaml', text };
  return parseDocuments(source).flatMap((document) => objectsOf(source, document));
}

t.test('what cannot be taken as it is written is counted by its kind, once as long as it stays as it is', (t) => {
  const rejected = new RejectedObjects();
  const sound = [service('shop/pay'), peerAuthentication('shop/other', 'STRICT')];
  const see = (...objects: readonly K8sObject[]): Readonly<Record<string, number>> => {
    rejected.see({ objects: [...sound, ...objects] });
    return rejected.counts;
  };
  t.same(see(), {});
  t.same(see(peerAuthentication('shop/a', 'STRIKT')), { PeerAuthentication: 1 });
  t.same(see(peerAuthentication('shop/a', 'STRIKT')), { PeerAuthentication: 1 }, 'another snapshot, the same object');
  t.same(see(peerAuthentication('shop/a', 'SRTICT')), { PeerAuthentication: 2 }, 'wrong in another way');
  t.same(see(peerAuthentication('shop/a', 'STRICT')), { PeerAuthentication: 2 }, 'mended');
  t.same(see(peerAuthentication('shop/a', 'STRIKT'), peerAuthentication('shop/b', 'STRIKT')), {
    PeerAuthentication: 4,
  });
  t.same(see(), { PeerAuthentication: 4 }, 'it never falls');
  t.end();
});

t.test('so is the configuration of the mesh where it cannot be read, and not where it is merely odd', (t) => {
  const rejected = new RejectedObjects();
  rejected.see({ objects: meshConfig('shop', '"trustDomain: td2"') });
  t.same(rejected.counts, {});
  rejected.see({ objects: meshConfig('istio-system', '"trustDomain: [td2"') });
  t.same(rejected.counts, { ConfigMap: 1 });
  t.end();
});
