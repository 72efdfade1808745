import fc from 'fast-check';
import t from 'tap';
import { expectFlow } from '../../controller/declared/expect.ts';
import type { Expectation, Flow } from '../../controller/declared/expectation.ts';
import type { Mesh } from '../../controller/declared/mesh.ts';
import { authorizationPolicy } from '../support/arbitrary/authorization-policies.ts';
import { effort, patienceMs } from '../support/arbitrary/effort.ts';
import { asking } from '../support/arbitrary/flows.ts';
import { manifests } from '../support/arbitrary/mesh.ts';
import { networkPolicy } from '../support/arbitrary/network-policies.ts';
import { engineMesh, meshOfFiles, textOf } from '../support/arbitrary/snapshot.ts';
import { destinationRule, peerAuthentication, sidecar } from '../support/arbitrary/transport-policies.ts';
import { namespaceOf } from '../support/oracle/manifests.ts';
import type { AuthorizationPolicy, Labels, Manifest, NetworkPolicy, Service } from '../support/oracle/manifests.ts';
import { podsOf, selects } from '../support/oracle/pods.ts';

const RUNS = effort(60, 1_500);
const asked = asking(manifests, 8);

/** Every answer in full, trail and warnings too. */
function answers(mesh: Mesh, flows: readonly Flow[]): string {
  return JSON.stringify(
    flows.map((flow) => expectFlow(mesh, flow)),
    null,
    1,
  );
}

/** How open an answer is: nothing gets through, some of it, all of it. */
function openness({ expect }: Expectation): number {
  return { deny: 0, unknown: 0, mixed: 1, allow: 2 }[expect];
}

/** Where the first answer and the second stand in the wrong order. */
function wrongly(flows: readonly Flow[], less: Mesh, more: Mesh): readonly string[] {
  return flows
    .filter((flow) => openness(expectFlow(less, flow)) > openness(expectFlow(more, flow)))
    .map((flow) => JSON.stringify(flow));
}

function moved<Object extends Manifest>(object: Object, metadata: Partial<Manifest['metadata']>): Object {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

function holds<Drawn>(drawn: fc.Arbitrary<Drawn>, check: (value: Drawn) => boolean): () => void {
  return () => {
    fc.assert(fc.property(drawn, check), RUNS);
  };
}

/** Of a namespace that nobody calls from or to, and on port numbers of its own. */
const unrelated: fc.Arbitrary<Manifest> = fc
  .oneof<fc.Arbitrary<Manifest>[]>(
    peerAuthentication,
    destinationRule,
    sidecar,
    authorizationPolicy('pods'),
    networkPolicy('pods'),
    fc.constant<Service>({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { clusterIP: '10.96.9.9', selector: { app: 'a' }, ports: [{ name: 'http', port: 12_345 }] },
    }),
    fc.constant<Manifest>({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', labels: { app: 'a', tier: 'front', version: 'v1' } },
      spec: { containers: [{ name: 'app', ports: [{ name: 'http-app', containerPort: 8080 }] }] },
      status: { podIP: '10.0.99.1' },
    }),
    fc.constant<Manifest>({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { mesh: '{}' },
    }),
  )
  .map((object) => moved(object, { namespace: 'elsewhere' }));

t.test('an object that has to do with neither end changes nothing', { timeout: patienceMs }, (t) => {
  t.doesNotThrow(
    holds(fc.tuple(asked, unrelated), ([{ objects, flows }, object]) => {
      return answers(engineMesh([...objects, object]), flows) === answers(engineMesh(objects), flows);
    }),
  );
  t.end();
});

t.test('in whatever files and order the objects come, the answers are the same bytes', { timeout: patienceMs }, (t) => {
  const drawn = asked.chain(({ objects, flows }) =>
    fc.record({
      objects: fc.constant(objects),
      flows: fc.constant(flows),
      shuffled: fc.shuffledSubarray([...objects], { minLength: objects.length }),
      cuts: fc.tuple(fc.nat(objects.length), fc.nat(objects.length)),
    }),
  );
  t.doesNotThrow(
    holds(drawn, ({ objects, flows, shuffled, cuts }) => {
      const [first = 0, second = 0] = cuts.toSorted((one, other) => one - other);
      const parts = [shuffled.slice(0, first), shuffled.slice(first, second), shuffled.slice(second)];
      return answers(meshOfFiles(parts.map(textOf)), flows) === answers(engineMesh(objects), flows);
    }),
  );
  t.end();
});

const extra = authorizationPolicy('templates').map((policy) => moved(policy, { name: 'extra' }));

t.test('another DENY opens nothing', { timeout: patienceMs }, (t) => {
  const deny = extra.map((policy): AuthorizationPolicy => {
    const rules = policy.spec?.rules ?? [{}];
    return { ...policy, spec: { ...policy.spec, action: 'DENY', rules } };
  });
  t.doesNotThrow(
    holds(fc.tuple(asked, deny), ([{ objects, flows }, policy]) => {
      return wrongly(flows, engineMesh([...objects, policy]), engineMesh(objects)).length === 0;
    }),
  );
  t.end();
});

t.test('an ALLOW that selects none of the pods changes nothing', { timeout: patienceMs }, (t) => {
  const allow = fc
    .tuple(extra, fc.constantFrom<Labels>({ app: 'nobody' }, { app: 'b', tier: 'front' }, { version: 'v2', app: 'a' }))
    .map(([policy, matchLabels]): AuthorizationPolicy => {
      const { rules } = policy.spec ?? {};
      return { ...policy, spec: { selector: { matchLabels }, ...(rules === undefined ? {} : { rules }) } };
    });
  t.doesNotThrow(
    holds(fc.tuple(asked, allow), ([{ objects, flows }, policy]) => {
      const isInReach = (namespace: string): boolean => ['istio-system', namespace].includes(namespaceOf(policy));
      fc.pre(
        !podsOf(objects).some((pod) => isInReach(pod.namespace) && selects(policy.spec?.selector?.matchLabels, pod)),
      );
      return answers(engineMesh([...objects, policy]), flows) === answers(engineMesh(objects), flows);
    }),
  );
  t.end();
});

const ZONE: Labels = { zone: 'inner' };

/** The label on the pods (or the template) of one workload. */
function relabelled(objects: readonly Manifest[], number: number): readonly Manifest[] {
  const deployments = objects.filter((object) => object.kind === 'Deployment');
  const chosen = deployments[number % deployments.length];
  if (chosen === undefined) return objects;
  const { name } = chosen.metadata;
  return objects.map((object) => {
    if (object === chosen) {
      const { template } = chosen.spec;
      const metadata = { ...template.metadata, labels: { ...template.metadata?.labels, ...ZONE } };
      return { ...chosen, spec: { template: { ...template, metadata } } };
    }
    const isOfIt =
      object.kind === 'Pod' &&
      namespaceOf(object) === namespaceOf(chosen) &&
      object.metadata.ownerReferences?.[0]?.name === `${name}-1`;
    return isOfIt ? moved(object, { labels: { ...object.metadata.labels, ...ZONE } }) : object;
  });
}

t.test('a label that only DENY policies select by opens nothing to its bearer', { timeout: patienceMs }, (t) => {
  const deny = extra.map((policy): AuthorizationPolicy => {
    const rules = policy.spec?.rules ?? [{}];
    return { ...policy, spec: { action: 'DENY', selector: { matchLabels: ZONE }, rules } };
  });
  t.doesNotThrow(
    holds(fc.tuple(asked, deny, fc.nat(11)), ([{ objects, flows }, policy, number]) => {
      const before = [...objects, policy];
      return wrongly(flows, engineMesh(relabelled(before, number)), engineMesh(before)).length === 0;
    }),
  );
  t.end();
});

t.test('a label that NetworkPolicies only let in closes nothing to its bearer', { timeout: patienceMs }, (t) => {
  const admitting = fc.constantFrom('foo', 'bar', 'istio-system').map((namespace): NetworkPolicy => {
    const from = [{ namespaceSelector: {}, podSelector: { matchLabels: ZONE } }];
    const spec = { podSelector: {}, policyTypes: ['Ingress' as const], ingress: [{ from }] };
    return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'extra', namespace }, spec };
  });
  t.doesNotThrow(
    holds(fc.tuple(asked, admitting, fc.nat(11)), ([{ objects, flows }, policy, number]) => {
      const before = [...objects, policy];
      return wrongly(flows, engineMesh(before), engineMesh(relabelled(before, number))).length === 0;
    }),
  );
  t.end();
});
