/** The shipped examples under the eyes of whoever runs them: a canary of Flagger, and an analysis of Argo Rollouts. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import type { Cell } from '../../controller/judge/finding.ts';
import { Analysis, evaluate, measure, OUTCOME, withArguments } from '../support/argo-analysis.ts';
import type { Metric } from '../support/argo-analysis.ts';
import { callWebhook, Canary } from '../support/flagger.ts';
import type { CanarySpec, Hook } from '../support/flagger.ts';
import { currentOf, driftingCell, NOON_MS, summary } from '../support/monitored.ts';
import { cell } from '../support/sweeps.ts';
import { TOKENS, webScene } from '../support/web-scene.ts';
import type { WebScene, WebSceneFacts } from '../support/web-scene.ts';

const example = (path: string): unknown =>
  parse(readFileSync(new URL(`../../deploy/examples/${path}`, import.meta.url), 'utf8'));

const CONTROLLER = 'http://meshproof.meshproof:9440';
const ROUTE = { source: 'shop/web', to: 'shop/pay:8080' };
const CELLS: readonly Cell[] = [
  cell(ROUTE),
  cell({ source: 'legacy/batch', to: 'shop/pay:8080' }),
  cell({ source: 'bank/teller', to: 'bank/ledger:80' }),
];
const SETTLED_MS = 300_000;

/** Ten minutes after the controller began; each sweep ends at once. */
async function settled(facts: WebSceneFacts = {}): Promise<WebScene> {
  const scene = await webScene({ current: currentOf(CELLS), ...facts });
  scene.monitored.sweepsAtOnce = { ...summary('s'), startedAtMs: NOON_MS + 10 ** 9 };
  await scene.clock.advance(2 * SETTLED_MS);
  scene.monitored.change({ atMs: scene.clock.nowMs() });
  return scene;
}

function plant(scene: WebScene): void {
  scene.monitored.changeCells([driftingCell(ROUTE, 'blocked')], scene.clock.nowMs());
}

function repair(scene: WebScene): void {
  scene.monitored.changeCells([cell(ROUTE)], scene.clock.nowMs());
}

interface CanaryObject {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly analysis: Omit<CanarySpec, 'name' | 'namespace'> };
}

/** The shipped one, whose hooks ask this controller. */
function canaryOf(address: string, isUsed: (hook: Hook) => boolean = () => true): Canary {
  const { metadata, spec } = example('flagger/canary.yaml') as CanaryObject;
  const webhooks = spec.analysis.webhooks
    .filter(isUsed)
    .map((hook) => ({ ...hook, url: hook.url.replace(CONTROLLER, address) }));
  if (!webhooks.every(({ url }) => url.startsWith(address))) throw new Error('a hook asks somebody else');
  return new Canary({ ...metadata, ...spec.analysis, webhooks });
}

async function advance(canary: Canary, times: number): Promise<readonly [phase: string, weight: number]> {
  for (let at = 0; at < times; at += 1) await canary.advance();
  return [canary.phase, canary.weight];
}

t.test('a canary goes through where nothing becomes worse', async (t) => {
  await using scene = await settled();
  const canary = canaryOf(scene.address);
  t.same(await advance(canary, 1), ['Progressing', 0]);
  t.same(await advance(canary, 5), ['Progressing', 50]);
  t.same(await advance(canary, 2), ['Succeeded', 0]);
  t.equal(canary.failedChecks, 0);
  t.ok(canary.events.includes('rollback halted: no rollback: ok: 2/2 cells'));
});

t.test('a regression at twenty per cent rolls it back', async (t) => {
  await using scene = await settled();
  const canary = canaryOf(scene.address);
  t.same(await advance(canary, 3), ['Progressing', 20]);
  plant(scene);
  t.same(await advance(canary, 1), ['Failed', 0]);
});

t.test('without the hook that rolls back it halts there, and its repair lets it go on', async (t) => {
  await using scene = await settled();
  const canary = canaryOf(scene.address, ({ type }) => type !== 'rollback');
  t.same(await advance(canary, 3), ['Progressing', 20]);
  plant(scene);
  t.same(await advance(canary, 20), ['Progressing', 20]);
  t.equal(
    canary.events.at(-1),
    'confirm-traffic-increase halted: fail: blocked, was mtls: shop/web (sidecar) → shop/pay:8080 http GET / by ' +
      'destination-rule-mtls-to-naked MP1003, PeerAuthentication shop/pay: shop/web → shop/pay:8080 was refused (reset, ' +
      'application layer), although it is let through.',
  );
  repair(scene);
  t.same(await advance(canary, 5), ['Succeeded', 0]);
  t.equal(canary.failedChecks, 0, 'to wait is no failed check');
});

t.test('policy that came with the revision holds it before it begins', async (t) => {
  await using scene = await settled();
  plant(scene);
  const canary = canaryOf(scene.address);
  t.same(await advance(canary, 10), ['Waiting', 0]);
  repair(scene);
  t.same(await advance(canary, 1), ['Progressing', 0]);
});

t.test('trouble of ours, whatever it is, neither promotes it nor rolls it back', async (t) => {
  await using scene = await settled();
  const canary = canaryOf(scene.address);
  await advance(canary, 3);
  plant(scene);
  scene.monitored.change({ troubles: [{ kind: 'no-agents', message: 'no agent is up', sinceMs: NOON_MS }] });
  t.same(await advance(canary, 20), ['Progressing', 20]);
  scene.monitored.change({ troubles: [] });
  repair(scene);
  await scene.clock.advance(60_000);
  scene.monitored.stall();
  t.same(await advance(canary, 5), ['Progressing', 20], 'stalled');
  scene.monitored.change({ atMs: scene.clock.nowMs() });
  t.same(await advance(canary, 1), ['Progressing', 30]);
  await scene[Symbol.asyncDispose]();
  t.same(await advance(canary, 20), ['Progressing', 30], 'nobody answers');
  t.equal(canary.failedChecks, 0);
  await using next = await settled();
  t.same(await advance(canaryOf(next.address), 2), ['Progressing', 10]);
});

t.test('canaries in two namespaces at once: the one next door goes on', async (t) => {
  await using scene = await settled();
  plant(scene);
  const hook = { type: 'confirm-promotion', name: 'mesh', url: `${scene.address}/api/v1/gate/flagger` };
  const ask = (namespace: string) => callWebhook(hook, { name: 'app', namespace, phase: 'Progressing', checksum: '1' });
  const [shop, bank] = await Promise.all([ask('shop'), ask('bank')]);
  t.match(shop.error, /^fail: blocked, was mtls: shop\/web /);
  t.equal(bank.error, null);
});

t.test('its client never tries a verdict again by itself', async (t) => {
  await using scene = await settled({ requestsPerMinute: 1 });
  const hook = { type: 'rollout', name: 'mesh', retries: 3, url: `${scene.address}/api/v1/gate/flagger` };
  for (let at = 0; at < 8; at += 1) {
    const { attempts } = await callWebhook(hook, {
      name: 'app',
      namespace: 'shop',
      phase: 'Progressing',
      checksum: '1',
    });
    t.equal(attempts, 1, 'nor that it asks too often');
  }
});

interface TemplateObject {
  readonly spec: {
    readonly args: readonly { readonly name: string; readonly value?: string }[];
    readonly metrics: readonly Metric[];
  };
}

interface RolloutObject {
  readonly spec: {
    readonly strategy: {
      readonly canary: {
        readonly steps: readonly { readonly analysis?: { readonly args: readonly { readonly name: string }[] } }[];
      };
    };
  };
}

/** The metric of the shipped template, for this controller. */
function metricOf(address: string, token: string = TOKENS.read): Metric {
  const { spec } = example('argo-rollouts/analysis-template.yaml') as TemplateObject;
  const values = { namespace: 'shop', rollout: 'pay', revision: '6b7c8d', controller: address, token };
  const [metric] = spec.metrics;
  if (metric === undefined) throw new Error('the template has no metric');
  return withArguments(metric, values);
}

async function analysed(metric: Metric, times: number, analysis = new Analysis(metric)): Promise<Analysis> {
  for (let at = 0; at < times && analysis.phase === 'Running'; at += 1) analysis.add(await measure(metric));
  return analysis;
}

t.test('the template asks the controller of the chart, for what it is told', (t) => {
  const { spec } = example('argo-rollouts/analysis-template.yaml') as TemplateObject;
  t.same(
    spec.args.map(({ name }) => name),
    ['namespace', 'rollout', 'revision', 'controller', 'token'],
  );
  t.equal(spec.args.find(({ name }) => name === 'controller')?.value, CONTROLLER);
  const rollout = example('argo-rollouts/rollout.yaml') as RolloutObject;
  const given = rollout.spec.strategy.canary.steps.flatMap(
    ({ analysis }) => analysis?.args.map(({ name }) => name) ?? [],
  );
  t.same(given, ['namespace', 'rollout', 'revision']);
  t.end();
});

t.test('an analysis: two passes let the rollout go on, a regression aborts it', async (t) => {
  await using scene = await settled({ anonymous: 'none' });
  const metric = metricOf(scene.address);
  const analysis = await analysed(metric, 1);
  t.equal(OUTCOME[analysis.phase], 'waits');
  await analysed(metric, 1, analysis);
  t.equal(OUTCOME[analysis.phase], 'goes on');
  plant(scene);
  t.equal(await measure(metric), 'Failed');
  t.equal(OUTCOME[(await analysed(metric, 1)).phase], 'aborts');
});

t.test(
  'trouble of ours: it waits, and what comes after counts; without an end it is a pause, never an abort',
  async (t) => {
    await using scene = await settled();
    const metric = metricOf(scene.address);
    plant(scene);
    scene.monitored.change({ troubles: [{ kind: 'store', message: 'the disk is full', sinceMs: NOON_MS }] });
    const analysis = await analysed(metric, 30);
    t.equal(OUTCOME[analysis.phase], 'waits');
    t.equal(OUTCOME[(await analysed(metric, 100)).phase], 'pauses');
    scene.monitored.change({ troubles: [] });
    repair(scene);
    t.equal(OUTCOME[(await analysed(metric, 2, analysis)).phase], 'goes on');
  },
);

t.test('a token that is not known, or a controller that is gone, aborts no rollout', async (t) => {
  const scene = await settled({ anonymous: 'none' });
  const wrong = metricOf(scene.address, 'wrong');
  t.equal(await measure(wrong), 'Inconclusive');
  t.equal(OUTCOME[(await analysed(wrong, 100)).phase], 'pauses');
  await scene[Symbol.asyncDispose]();
  t.equal(await measure(wrong), 'Error');
  t.equal(OUTCOME[(await analysed(wrong, 100)).phase], 'waits');
});

t.test(
  'the conditions of the template hold for every answer there is, and an answer without numbers is an error',
  (t) => {
    const metric = metricOf('http://localhost');
    const answer = { verdict: 'Pass', total: 3, regressions: 0 };
    t.equal(evaluate(answer, metric), 'Successful');
    t.equal(evaluate({ ...answer, total: 0 }, metric), 'Inconclusive');
    t.equal(evaluate({ ...answer, verdict: 'Fail', regressions: 1 }, metric), 'Failed');
    t.equal(evaluate({ ...answer, verdict: 'Inconclusive' }, metric), 'Inconclusive');
    t.equal(evaluate({ ...answer, total: null }, metric), 'Error');
    t.equal(evaluate({ verdict: 'Pass' }, metric), 'Error');
    t.end();
  },
);
