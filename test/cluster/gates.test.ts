/** One rollout of a Deployment under the eyes of the gates: a regression halts it, and its repair lets it go on. */
import t from 'tap';
import type { Test } from 'tap';
import { Analysis, measure, OUTCOME, withArguments } from '../support/argo-analysis.ts';
import type { Metric, Phase } from '../support/argo-analysis.ts';
import { callWebhook, Canary } from '../support/flagger.ts';
import type { CanarySpec } from '../support/flagger.ts';
import { realHelm } from '../support/helm.ts';
import { may } from './harness/accounts.ts';
import { meshproof, scopeOptions, trustOptions, words } from './harness/commands.ts';
import { example } from './harness/examples.ts';
import { forward } from './harness/forwarding.ts';
import type { Forwarding } from './harness/forwarding.ts';
import { apply, eventually, get, kubectl, pause, remove, rolledOut } from './harness/kubectl.ts';
import { INTERVAL_MS, installMonitor, monitorNamespace, removeMonitor, SETTLE_MS } from './harness/monitor-release.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { MIXED } from './mesh/healthy.ts';
import { PREFIX, TEST_LABELS } from './mesh/lane.ts';
import { accountOf } from './mesh/objects.ts';
import type { KubernetesObject } from './mesh/objects.ts';
import { REGRESSION, SHOP, shop } from './mesh/rollout.ts';

t.setTimeout(600_000);

const NAMESPACE = `${PREFIX}gates`;
const CONTROLLER = 'http://meshproof.meshproof:9440';
const BASELINE = 'before';
/** Of an answer; whoever asks waits for ten seconds. */
const ANSWER_WITHIN_MS = 8000;

const elsewhere = withoutCluster();
const found = elsewhere === false ? realHelm() : { missing: elsewhere };
const options = { skip: 'missing' in found ? found.missing : false, timeout: 150_000 };
const where = { namespace: NAMESPACE, home: t.testdirName, withinMs: 120_000 };

let forwarding: Forwarding | undefined;
const tokens: Record<string, string> = {};

async function tokenOf(account: string): Promise<string> {
  return (await kubectl(['create', 'token', account, '-n', NAMESPACE])).trim();
}

t.before(async () => {
  if (options.skip !== false) return;
  const image = await raised(shop);
  await apply([monitorNamespace(NAMESPACE), accountOf(NAMESPACE, 'pipeline'), accountOf(NAMESPACE, 'stranger')]);
  await installMonitor(image, where, [SHOP, MIXED], { anonymous: 'none', persistence: { enabled: false } });
  const bound = ['--role=meshproof-viewer', `--serviceaccount=${NAMESPACE}:pipeline`];
  await kubectl(['create', 'rolebinding', 'pipeline', '-n', NAMESPACE, ...bound]);
  for (const account of ['pipeline', 'stranger']) tokens[account] = await tokenOf(account);
  forwarding = await forward(NAMESPACE, 'meshproof', 9440);
});

t.teardown(async () => {
  if (options.skip !== false) return;
  await forwarding?.[Symbol.asyncDispose]();
  await removeMonitor(where);
});

/** As it stands in the URL of a hook. */
function addressFor(account: string | null = null): string {
  const { address = '' } = forwarding ?? {};
  return account === null ? address : address.replace('//', `//meshproof:${tokens[account] ?? ''}@`);
}

interface CanaryObject {
  readonly spec: { readonly analysis: Omit<CanarySpec, 'name' | 'namespace'> };
}

/** The shipped one, which waits for a repair, in three steps. */
function canary(): Canary {
  const [{ spec }] = example('flagger/canary.yaml') as readonly [CanaryObject];
  const webhooks = spec.analysis.webhooks
    .filter(({ type }) => type !== 'rollback')
    .map((hook) => {
      const url = hook.url.replace(CONTROLLER, addressFor('pipeline'));
      return { ...hook, url, metadata: { baseline: BASELINE } };
    });
  return new Canary({ ...spec.analysis, name: 'pay', namespace: SHOP, webhooks, stepWeight: 10, maxWeight: 20 });
}

interface Asked {
  /** Null: yes. */
  readonly no: string | null;
  readonly ms: number;
}

/** One hook of Flagger, by hand. */
async function flagger(
  t: Test,
  metadata: Readonly<Record<string, string>> = { baseline: BASELINE },
  path = '',
  account: string | null = 'pipeline',
): Promise<Asked> {
  const url = `${addressFor(account)}/api/v1/gate/flagger${path}`;
  const hook = { type: 'confirm-promotion', name: 'mesh', timeout: '10s', url, metadata };
  const payload = { name: 'by-hand', namespace: SHOP, phase: 'Progressing', checksum: '1' };
  const atMs = performance.now();
  const { error: no, attempts } = await callWebhook(hook, payload);
  const ms = performance.now() - atMs;
  t.equal(attempts, 1, no ?? 'yes');
  t.ok(ms < ANSWER_WITHIN_MS, `answered after ${String(Math.round(ms))} ms: ${no ?? 'yes'}`);
  t.notMatch(no ?? '', '\n');
  return { no, ms };
}

interface TemplateObject {
  readonly spec: { readonly metrics: readonly Metric[] };
}

function metric(more = `&baseline=${BASELINE}`, token = tokens['pipeline'] ?? ''): Metric {
  const [{ spec }] = example('argo-rollouts/analysis-template.yaml') as readonly [TemplateObject];
  const [first] = spec.metrics;
  if (first === undefined) throw new Error('the template has no metric');
  const values = { namespace: SHOP, rollout: 'pay', revision: '6b7c8d', controller: addressFor(), token };
  const { provider, ...rest } = withArguments(first, values);
  return { ...rest, provider: { web: { ...provider.web, url: `${provider.web.url}${more}` } } };
}

/** One measurement of Argo Rollouts, in time. */
async function argo(t: Test, asked: Metric = metric()): Promise<Phase> {
  const atMs = performance.now();
  const phase = await measure(asked);
  const ms = performance.now() - atMs;
  t.ok(ms < ANSWER_WITHIN_MS, `measured after ${String(Math.round(ms))} ms: ${phase}`);
  return phase;
}

/** Interval by interval, until it is as wanted. */
async function advanced(rollout: Canary, what: string, isWanted: () => boolean): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    await rollout.advance();
    return isWanted();
  };
  await eventually(what, isSo, 60_000).catch((error: unknown) => {
    throw new Error(`${what}: ${rollout.events.slice(-5).join('\n')}`, { cause: error });
  });
}

async function deploymentStatus(): Promise<Readonly<Record<string, unknown>>> {
  const [deployment] = await get('deployment', 'pay', '-n', SHOP);
  return deployment?.status ?? {};
}

/** A new template, of which one pod is there and ready, and then nothing moves. */
async function rollOutInPart(): Promise<void> {
  const patch = { spec: { template: { metadata: { annotations: { revision: new Date().toISOString() } } } } };
  await kubectl(['patch', 'deployment', 'pay', '-n', SHOP, '-p', JSON.stringify(patch)]);
  await eventually('one pod of the next revision is made', async () => {
    return (await deploymentStatus())['updatedReplicas'] === 1;
  });
  await kubectl(['rollout', 'pause', '-n', SHOP, 'deployment/pay']);
  await eventually('it is ready', async () => (await deploymentStatus())['readyReplicas'] === 3);
}

t.test('whoever may not look gets no yes, and whoever asks too early neither', options, async (t) => {
  t.match((await flagger(t, {}, '', null)).no, 'there is no token in the request');
  t.match((await flagger(t, {}, '', 'stranger')).no, /^inconclusive: /);
  t.equal(await argo(t, metric('', tokens['stranger'])), 'Inconclusive');
  t.match((await flagger(t, {})).no, /^(?:pending|inconclusive): /, 'five minutes ago nobody measured');
  t.equal(await argo(t, metric('')), 'Inconclusive');
  await eventually('a sweep is complete', async () => (await fetch(`${addressFor()}/readyz`)).ok, 60_000);
  t.match((await flagger(t, { baseline: 'of-nobody' })).no, /hold no baseline of-nobody/);
});

const rollouts: { pay?: Canary } = {};
function pay(): Canary {
  rollouts.pay ??= canary();
  return rollouts.pay;
}

t.test('the controller may read the baselines that gates name, and write none', options, async (t) => {
  const account = `${NAMESPACE}:meshproof-controller`;
  t.ok(await may(account, 'get', 'configmaps', NAMESPACE));
  for (const verb of ['create', 'update', 'delete']) t.notOk(await may(account, verb, 'configmaps', NAMESPACE), verb);
  t.notOk(await may(account, 'get', 'configmaps', SHOP));
});

t.test('a rollout begins, and goes on while nothing is worse than the baseline that it names', options, async (t) => {
  const kept = await meshproof(
    ['baseline', 'save', BASELINE, ...scopeOptions([SHOP, MIXED]), ...(await trustOptions())],
    NAMESPACE,
  );
  t.equal(kept.status, 0, words(kept));
  await advanced(pay(), 'it may begin', () => pay().phase === 'Progressing');
  await rollOutInPart();
  await advanced(pay(), 'it goes on', () => pay().weight === 10);
  await eventually('what was before is known by itself', async () => (await flagger(t, LOOKBACK)).no === null, 90_000);
});

/** The matrix as it was so long before the first question, in the place of a baseline. */
const LOOKBACK = { lookback: '30s' };

t.test('a regression that came with it halts it, and is named', options, async (t) => {
  const status = await deploymentStatus();
  await apply([REGRESSION]);
  await pause(INTERVAL_MS + SETTLE_MS);
  const { events } = pay();
  const before = events.length;
  await advanced(pay(), 'it is told why', () => events.at(-1)?.includes(' halted: fail') === true);
  t.match(events.at(-1), `DestinationRule ${SHOP}/pay`);
  for (let at = 0; at < 3; at += 1) await pay().advance();
  t.same(
    events.slice(before).filter((event) => !event.startsWith('confirm-traffic-increase halted: ')),
    [],
  );
  t.match(events.at(-1), /^confirm-traffic-increase halted: fail/);
  t.equal(pay().weight, 10);
  t.match((await flagger(t, LOOKBACK)).no, `DestinationRule ${SHOP}/pay`);
  t.equal((await flagger(t, undefined, '/rollback')).no, null, 'whoever asks whether to roll back is told so');
  t.equal(await argo(t), 'Failed');
  t.match(await deploymentStatus(), { updatedReplicas: 1, readyReplicas: status['readyReplicas'] });
});

t.test('its repair lets it go on', options, async (t) => {
  await remove([REGRESSION]);
  await advanced(pay(), 'it goes on', () => pay().weight === 20);
  t.equal(pay().failedChecks, 0);
  t.match((await flagger(t, undefined, '/rollback')).no, /^no rollback: /);
  const asked = metric();
  const analysis = new Analysis(asked);
  for (let at = 0; at < 2; at += 1) analysis.add(await argo(t, asked));
  t.equal(OUTCOME[analysis.phase], 'goes on');
});

t.test('what cannot be measured is no pass, and no reason to roll back', options, async (t) => {
  const quota: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'full', namespace: MIXED, labels: TEST_LABELS },
    spec: { hard: { pods: '0' } },
  };
  try {
    await apply([quota]);
    await kubectl(['delete', 'pod', '-n', MIXED, '-l', `meshproof.io/sweep=${NAMESPACE}`]);
    // An answer may be as old as an interval.
    await pause(INTERVAL_MS);
    for (let at = 0; at < 3; at += 1) {
      t.match((await flagger(t)).no, /^(?:inconclusive|pending): /);
      t.match((await flagger(t, undefined, '/rollback')).no, /^no rollback: (?:inconclusive|pending): /);
      t.equal(await argo(t), 'Inconclusive');
    }
    await pay().advance();
    t.match(pay().events.at(-1), / halted: (?:inconclusive|pending): /);
    t.equal(pay().phase, 'Progressing');
  } finally {
    await remove([quota]);
  }
  await eventually('it is measured again', async () => (await flagger(t)).no === null, 60_000);
});

t.test('promoted, it is rolled out whole, and nothing is worse', options, async (t) => {
  await advanced(pay(), 'it is promoted', () => pay().phase === 'Promoting');
  t.equal(pay().failedChecks, 0);
  await kubectl(['rollout', 'resume', '-n', SHOP, 'deployment/pay']);
  await rolledOut([SHOP]);
  await pay().advance();
  t.equal(pay().phase, 'Succeeded');
  await eventually('the gate says so', async () => (await flagger(t)).no === null);
});
