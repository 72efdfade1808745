/** Probes that outlive their controller: taken over by the next one, dialling a Service, ending when nobody comes. */
import t from 'tap';
import type { K8sObject } from '../../../../../controller/declared/objects.ts';
import { fields, list } from '../../../../../controller/declared/reading.ts';
import type { Fields } from '../../../../../controller/declared/reading.ts';
import { KubernetesLauncher } from '../../../../../controller/fleet/kubernetes/launcher.ts';
import type { KubernetesLauncherOptions } from '../../../../../controller/fleet/kubernetes/launcher-options.ts';
import type { ControllerEndpoint } from '../../../../../controller/fleet/launcher.ts';
import type { Vantage } from '../../../../../proto/vocabulary.ts';
import { vantageKey } from '../../../../../proto/vocabulary.ts';
import { FakeProbeApi, POD_RUNNING } from '../../../../support/fake-probe-api.ts';
import { livePod, liveObject, liveSnapshot, namespaceObject } from '../../../../support/live-objects.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const SHOP = namespaceObject('shop', { 'istio-injection': 'enabled' });
const WEB = livePod('shop/web-1', { account: 'web', hasSidecar: true });
const BATCH = livePod('legacy/batch-1', { account: 'batch' });
const WEB_VANTAGE = { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' } as const;
const SERVICE = { host: 'meshproof.meshproof.svc', clusterIp: '10.96.0.77' };

/** One controller after the other, in the same cluster. */
class Cluster {
  readonly api = new FakeProbeApi();
  readonly clock = new ManualClock();

  names(): readonly string[] {
    return [...this.api.jobs.keys()].sort();
  }

  job(account: string): Fields {
    const found = [...this.api.jobs.values()].find(
      (job) => fields(job, 'spec', 'template', 'spec')['serviceAccountName'] === account,
    );
    return found ?? {};
  }
}

class Controller implements AsyncDisposable {
  readonly launcher: KubernetesLauncher;
  readonly expected: string[] = [];
  readonly lost: string[] = [];
  readonly #endpoint: ControllerEndpoint;

  constructor(cluster: Cluster, pod: string, options: Partial<KubernetesLauncherOptions> & { caPem?: string } = {}) {
    const own = { podName: pod, namespace: 'meshproof', host: `10.0.9.${String(pod.length)}`, sweepId: 'serve' };
    const ownPod = {
      metadata: { name: pod, namespace: 'meshproof', uid: `uid-${pod}` },
      spec: { containers: [{ name: 'meshproof', image: 'registry.example/meshproof:1' }] },
    };
    const { caPem = 'CA', ...rest } = options;
    this.launcher = new KubernetesLauncher(
      cluster.api,
      ownPod,
      (token) => Promise.resolve(identityIn(token)),
      { own, namespaces: 'all', stays: SERVICE, ...rest },
      { clock: cluster.clock, debug: () => undefined, note: () => undefined },
    );
    this.launcher.onLost((_agentId, why) => this.lost.push(why));
    this.#endpoint = {
      address: { host: this.launcher.meeting.host, port: 7443 },
      caPem,
      expect: (agentId) => this.expected.push(agentId),
      joinTokenFor: () => '',
    };
  }

  place(...more: readonly K8sObject[]): readonly Vantage[] {
    const { vantages } = this.launcher.place(liveSnapshot(SHOP, WEB, BATCH, ...more));
    return vantages.map(({ vantage }) => vantage);
  }

  launch(vantages: readonly Vantage[]): Promise<void> {
    return this.launcher.launch(vantages, this.#endpoint, new AbortController().signal);
  }

  check(agentId: string, podName: string): Promise<unknown> {
    const claim = { agentId, bootId: 'boot', vantage: WEB_VANTAGE };
    return Promise.resolve(this.launcher.meeting.tokens?.check(podName, claim, new AbortController().signal));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.launcher[Symbol.asyncDispose]();
  }
}

/** In these tests a token is the name of its pod. */
function identityIn(podName: string) {
  const identity = { namespace: 'shop', serviceAccount: 'web', podName, podUid: `uid-${podName}` };
  return { kind: 'identity', identity } as const;
}

async function leftBehind(cluster: Cluster, options: Partial<KubernetesLauncherOptions> = {}): Promise<string[]> {
  const former = new Controller(cluster, 'former', options);
  await former.launch(former.place());
  await former[Symbol.asyncDispose]();
  return [...cluster.names()];
}

t.test('probes that stay dial the Service, past every sidecar, and end by themselves alone', async (t) => {
  const cluster = new Cluster();
  await using controller = new Controller(cluster, 'first');
  t.match(controller.launcher.meeting, { listen: { host: '0.0.0.0', port: 7443 }, host: SERVICE.host });
  await controller.launch(controller.place());
  t.equal(cluster.names().length, 3);
  for (const job of cluster.api.jobs.values()) {
    t.notOk('activeDeadlineSeconds' in fields(job['spec']));
    t.notOk('ownerReferences' in fields(job['metadata']), 'they do not go with the pod of one controller');
    const [container] = list(fields(job, 'spec', 'template', 'spec')['containers']);
    const env = list(fields(container)['env']);
    t.match(
      env.filter((one) => ['MESHPROOF_CONTROLLER', 'MESHPROOF_GIVE_UP_AFTER_MS'].includes(String(fields(one)['name']))),
      [{ value: 'meshproof.meshproof.svc:7443' }, { value: '600000' }],
    );
  }
  t.match(fields(cluster.job('web'), 'spec', 'template', 'metadata', 'annotations'), {
    'traffic.sidecar.istio.io/excludeOutboundIPRanges': '10.96.0.77/32',
  });
});

t.test('the next controller takes over what it would make no differently, and makes nothing new', async (t) => {
  const cluster = new Cluster();
  const left = await leftBehind(cluster);
  t.equal(left.length, 3, 'they are still there when the former one has gone');
  await using next = new Controller(cluster, 'the-next');
  const vantages = next.place();
  await next.launch(vantages);
  t.strictSame(cluster.names(), left);
  t.strictSame([...next.expected].sort(), left);
  t.strictSame(cluster.api.deleted, []);
  const [agentId = ''] = left.filter((name) => name.includes('-web-'));
  const containers = [{ name: 'agent' }, { name: 'istio-proxy' }];
  const pod = cluster.api.addPod('shop', agentId, { status: POD_RUNNING, spec: { containers } });
  t.strictSame(await next.check(agentId, pod), { kind: 'accepted' });
});

t.test('an agent that is back before its controller knows of it waits to be known', async (t) => {
  const cluster = new Cluster();
  const [agentId = ''] = (await leftBehind(cluster)).filter((name) => name.includes('-web-'));
  const containers = [{ name: 'agent' }, { name: 'istio-proxy' }];
  const pod = cluster.api.addPod('shop', agentId, { status: POD_RUNNING, spec: { containers } });
  await using next = new Controller(cluster, 'next');
  const verdict = next.check(agentId, pod);
  await next.launch(next.place());
  t.strictSame(await verdict, { kind: 'accepted' });
  t.match(await next.check('a-stranger', pod), { kind: 'denied' });
});

const DIFFERENT: readonly (readonly [
  what: string,
  options: Partial<KubernetesLauncherOptions> & { caPem?: string },
])[] = [
  ['another authority signs for the controller', { caPem: 'ANOTHER' }],
  ['they would dial another Service', { stays: { host: '10.96.0.78', clusterIp: '10.96.0.78' } }],
  ['they would wait longer', { stays: { ...SERVICE, giveUpAfterMs: 3_600_000 } }],
];

for (const [what, options] of DIFFERENT) {
  t.test(`where ${what}, they are deleted and made anew`, async (t) => {
    const cluster = new Cluster();
    const left = await leftBehind(cluster);
    await using next = new Controller(cluster, 'next', options);
    await next.launch(next.place());
    t.strictSame([...cluster.api.deleted].sort(), left);
    t.equal(cluster.names().length, 3);
    t.strictSame(
      cluster.names().filter((name) => left.includes(name)),
      [],
    );
    t.strictSame(next.lost, [], 'they were nobody’s to lose');
  });
}

t.test('one that has ended, or that no vantage has a use for, is deleted', async (t) => {
  const cluster = new Cluster();
  const left = await leftBehind(cluster);
  const [ended = ''] = left.filter((name) => name.includes('-web-'));
  const job = fields(cluster.api.jobs.get(ended));
  cluster.api.jobs.set(ended, { ...job, status: { conditions: [{ type: 'Failed', status: 'True' }] } });
  const doubled = fields(cluster.job('batch'));
  cluster.api.jobs.set('twin', { ...doubled, metadata: { ...fields(doubled['metadata']), name: 'twin' } });
  const foreign = { ...fields(doubled['metadata']), name: 'old', namespace: 'gone', annotations: {} };
  cluster.api.jobs.set('old', { ...doubled, metadata: foreign });
  await using next = new Controller(cluster, 'next');
  await next.launch(next.place());
  t.strictSame([...cluster.api.deleted].sort(), [ended, 'old', 'twin'].sort());
  t.equal(cluster.names().length, 3);
});

t.test('one whose place has a hindrance now is deleted, and its vantage says why', async (t) => {
  const cluster = new Cluster();
  const left = await leftBehind(cluster);
  await using next = new Controller(cluster, 'next');
  const selector = { 'app.kubernetes.io/part-of': 'meshproof' };
  await next.launch(next.place(liveObject('Service', 'legacy/all', { spec: { selector } })));
  t.strictSame(
    cluster.api.deleted,
    left.filter((name) => name.includes('-batch-')),
  );
  t.match(next.lost, [/^the selector of Service legacy\/all/]);
});

t.test('what is taken over is watched, and launched again where it is lost', async (t) => {
  const cluster = new Cluster();
  const left = await leftBehind(cluster);
  await using next = new Controller(cluster, 'next');
  await next.launch(next.place());
  for (const name of left) {
    const namespace = name.includes('-web-') ? 'shop' : name.includes('-batch-') ? 'legacy' : 'meshproof';
    const containers = [{ name: 'agent' }, ...(namespace === 'shop' ? [{ name: 'istio-proxy' }] : [])];
    cluster.api.addPod(namespace, name, { status: POD_RUNNING, spec: { containers } });
  }
  // Longer than a probe that has just started would have to find its controller.
  for (let second = 0; second < 80; second += 1) await cluster.clock.advance(1_000);
  t.strictSame(next.lost, []);
  for (let second = 0; second < 20; second += 1) await cluster.clock.advance(1_000);
  t.equal(next.lost.length, 3);
  t.match(next.lost[0], /its agent has not come to its controller at meshproof\.meshproof\.svc:7443$/);
  await next.launch([WEB_VANTAGE]);
  t.strictSame(
    cluster.api.deleted,
    left.filter((name) => name.includes('-web-')),
  );
  t.equal(cluster.names().length, 3);
});

t.test('a new vantage of a state that changed gets a probe, one that is gone is retired', async (t) => {
  const cluster = new Cluster();
  await using controller = new Controller(cluster, 'first');
  await controller.launch(controller.place());
  const before = cluster.names();
  const cron = livePod('legacy/cron-1', { account: 'cron' });
  const added = controller.place(cron).filter(({ serviceAccount }) => serviceAccount === 'cron');
  t.strictSame(added.map(vantageKey), ['legacy/cron (naked)']);
  await controller.launch(added);
  t.equal(cluster.names().length, 4);
  controller.place();
  await controller.launcher.retire(added);
  t.strictSame(cluster.names(), before);
  t.strictSame(controller.lost, []);
});

t.test('in chosen namespaces, what was left behind is looked for there and in our own', async (t) => {
  const cluster = new Cluster();
  const asked: string[] = [];
  cluster.api.beforeAnswer = (call) => {
    if (call.startsWith('list jobs')) asked.push(call);
    return Promise.resolve();
  };
  await using controller = new Controller(cluster, 'first', { namespaces: new Set(['shop']) });
  await controller.launch(controller.place());
  t.strictSame(asked, ['list jobs shop', 'list jobs meshproof']);
});

t.test('where nobody can tell what was left behind, nothing is made', async (t) => {
  const cluster = new Cluster();
  const left = await leftBehind(cluster);
  await using next = new Controller(cluster, 'next');
  cluster.api.beforeAnswer = (call) =>
    call.startsWith('list jobs') ? Promise.reject(new Error('away')) : Promise.resolve();
  await t.rejects(next.launch(next.place()), { message: 'away' });
  t.strictSame(cluster.names(), left);
  cluster.api.beforeAnswer = () => Promise.resolve();
  await next.launch(next.place());
  t.strictSame(cluster.names(), left, 'and the next time they are taken over');
});
