import t from 'tap';
import { buildMesh } from '../../../../../controller/declared/mesh.ts';
import type { K8sObject } from '../../../../../controller/declared/objects.ts';
import { isolationOf } from '../../../../../controller/fleet/kubernetes/isolation.ts';
import { livePod, liveObject, liveSnapshot } from '../../../../support/live-objects.ts';

const PART_OF = { 'app.kubernetes.io/part-of': 'meshproof' };
const PROBE = livePod('shop/probe', { account: 'web', labels: { ...PART_OF, 'meshproof.io/role': 'probe' } });
const CONTROLLER = livePod('meshproof/sweep', {
  account: 'meshproof-controller',
  ip: '10.0.9.9',
  labels: { ...PART_OF, 'meshproof.io/role': 'controller' },
});
const PLACE = { namespace: 'meshproof', podName: 'sweep', address: { host: '10.0.9.9', port: 7443 } };

function policy(key: string, spec: Readonly<Record<string, unknown>>): K8sObject {
  return { ...liveObject('NetworkPolicy', key, { spec }), apiVersion: 'networking.k8s.io/v1' };
}

function isolation(...policies: readonly K8sObject[]): string | undefined {
  return isolationOf(buildMesh(liveSnapshot(PROBE, CONTROLLER, ...policies)), 'shop/probe', PLACE);
}

/** The policy that the sentence ends with. */
function offered(sentence: string | undefined): K8sObject {
  const text = /beside it: (.*)$/.exec(sentence ?? '')?.[1] ?? 'null';
  const object = JSON.parse(text) as { metadata: { namespace: string; name: string }; spec: Record<string, unknown> };
  return policy(`${object.metadata.namespace}/${object.metadata.name}`, object.spec);
}

t.test('where nothing isolates, nothing is said', (t) => {
  t.equal(isolation(), undefined);
  t.equal(isolation(policy('shop/in', { podSelector: {}, policyTypes: ['Ingress'] })), undefined);
  t.equal(isolation(policy('other/out', { podSelector: {}, policyTypes: ['Egress'] })), undefined);
  const open = policy('shop/out', { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 7443 }] }] });
  t.equal(isolation(open), undefined);
  t.end();
});

t.test('the policy is named, and the one that is offered lets the probe through beside it', (t) => {
  const cases: readonly (readonly [name: string, policy: K8sObject])[] = [
    ['shop/out', policy('shop/out', { podSelector: {}, policyTypes: ['Egress'] })],
    ['meshproof/in', policy('meshproof/in', { podSelector: {}, policyTypes: ['Ingress'] })],
  ];
  for (const [name, isolating] of cases) {
    const sentence = isolation(isolating);
    t.match(sentence, `NetworkPolicy ${name} does not let the probe pod to its controller at 10.0.9.9:7443`);
    t.equal(isolation(isolating, offered(sentence)), undefined, `${name}, with what was offered`);
  }
  t.end();
});
