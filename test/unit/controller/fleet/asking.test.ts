import t from 'tap';
import { Asking } from '../../../../controller/fleet/asking.ts';
import { declaredState } from '../../../../controller/monitor/declared-state.ts';
import { confirmationNumber } from '../../../../controller/monitor/rounds.ts';
import { StandingMatrix } from '../../../../controller/monitor/standing-matrix.ts';
import type { SeenRound } from '../../../../controller/monitor/matrix-changes.ts';
import type { StandingRoute } from '../../../../controller/monitor/standing-route.ts';
import { DEFAULT_PLAN_OPTIONS } from '../../../../controller/plan/plan.ts';
import { BATCH, startFleet } from '../../../support/fleet-scene.ts';
import type { FleetScene } from '../../../support/fleet-scene.ts';
import type { FakeAgent } from '../../../support/fake-agent.ts';
import { placed, pod, service } from '../judge/live-mesh.ts';

const FIRST = 1000;

/** `legacy/batch` calls two Services, each at an address of its own. */
function routes(): readonly [StandingRoute, StandingRoute] {
  const objects = ['shop/pay', 'shop/cart'].flatMap((key) => [pod(key), service(key)]);
  const snapshot = { objects: [...objects, pod('legacy/batch', { isMeshed: false })], digest: '', warnings: [] };
  const state = declaredState(
    snapshot,
    { snapshot, vantages: [placed('legacy/batch', 'naked')] },
    DEFAULT_PLAN_OPTIONS,
  );
  const options = { intervalMs: 10_000, settleMs: 0, trusted: [], sessionsAreControl: true };
  const matrix = new StandingMatrix(options, [], 1);
  const [one, other] = matrix.redeclare(state, () => [{ address: { host: '10.0.0.1', port: 8080 } }], {
    wallMs: 0,
    monotonicMs: 0,
  }).assigned;
  if (one === undefined || other === undefined) throw new Error('two routes are planned');
  return [one, other];
}

const seen = (route: StandingRoute, asked: number | null): SeenRound => ({ route, atMs: 0, agrees: true, asked });

/** What the agent was told: `+number/slot` to be attempted, `-number` to be forgotten. */
function told({ received }: FakeAgent): readonly string[] {
  return received.splice(0).flatMap((body) => {
    const added = body.$case === 'plan' ? body.value.routes : body.$case === 'planDelta' ? body.value.added : [];
    const removed = body.$case === 'planDelta' ? body.value.removed : [];
    const name = (number: number): string => String(number - confirmationNumber(0));
    return [
      ...removed.map((number) => `-${name(number)}`),
      ...added.map(({ route, slot }) => `+${name(route)}/${String(slot)}`),
    ];
  });
}

async function asking(
  scene: FleetScene,
  attemptsPerSecond = Infinity,
): Promise<{ readonly asked: Asking; readonly agent: FakeAgent }> {
  const agent = scene.join({ id: 'batch', vantage: BATCH });
  await agent.message('welcome');
  return { asked: new Asking(scene.fleet, attemptsPerSecond, FIRST), agent };
}

/** What was sent before this came has been heard when it comes. */
async function heard(scene: FleetScene, agent: FakeAgent): Promise<readonly string[]> {
  mark += 1;
  scene.fleet.assign('legacy/batch (naked)', [{ ...MARK, slot: mark }]);
  const isMarked = (): boolean => agent.routes.some(({ route, slot }) => route === MARK.route && slot === mark);
  while (!isMarked()) await agent.untilRoutes(agent.routes.length + 1);
  return told(agent).filter((one) => !one.startsWith('+0/'));
}

let mark = 0;
const MARK = {
  route: confirmationNumber(0),
  probe: { kind: 'tcp' },
  addresses: [{ host: '10.0.0.1', port: 1 }],
  authority: '',
  serverName: '',
  peerIdentities: [],
  connectTimeoutMs: 1,
  timeoutMs: 1,
  attempts: 1,
  intervalMs: 0,
} as const;

t.test('what is asked for is told once, under numbers that rise', async (t) => {
  await using scene = await startFleet();
  const { asked, agent } = await asking(scene);
  const [one, other] = routes();
  t.equal(asked.ask([one, other, one]), FIRST + 1);
  asked.handOut(0);
  asked.handOut(1);
  t.equal(asked.ask([one]), FIRST + 2);
  asked.handOut(2);
  t.same(await heard(scene, agent), ['+1/1001', '+2/1001', '+1/1002']);
});

t.test('what has nothing to be dialled is not asked for', async (t) => {
  await using scene = await startFleet();
  const { asked, agent } = await asking(scene);
  const [one] = routes();
  one.attempts = 0;
  asked.ask([one]);
  asked.handOut(0);
  t.same(await heard(scene, agent), []);
});

t.test('what is answered is forgotten, unless it was asked for again', async (t) => {
  await using scene = await startFleet();
  const { asked, agent } = await asking(scene);
  const [one, other] = routes();
  asked.ask([one, other]);
  asked.handOut(0);
  asked.ask([one]);
  asked.handOut(1);
  await heard(scene, agent);
  asked.answered([seen(one, FIRST + 1), seen(other, null)]);
  t.same(await heard(scene, agent), [], 'the first asking, and a turn of the plan');
  asked.answered([seen(one, FIRST + 2), seen(other, FIRST + 1)]);
  t.same(await heard(scene, agent), ['-1', '-2']);
  asked.answered([seen(one, FIRST + 2)]);
  t.same(await heard(scene, agent), [], 'once');
});

t.test('routes that are gone are asked for no more', async (t) => {
  await using scene = await startFleet();
  const { asked, agent } = await asking(scene);
  const [one, other] = routes();
  asked.ask([one]);
  asked.handOut(0);
  asked.ask([other]);
  asked.forget([one, other]);
  asked.handOut(1);
  t.same(await heard(scene, agent), ['+1/1001', '-1']);
});

t.test('targets that were just attempted are let wait', async (t) => {
  await using scene = await startFleet();
  const { asked, agent } = await asking(scene, 2);
  const [one, other] = routes();
  asked.ask([one]);
  asked.handOut(0);
  asked.ask([one, other]);
  asked.handOut(999);
  t.same(await heard(scene, agent), ['+1/1001', '+2/1002']);
  asked.handOut(1000);
  t.same(await heard(scene, agent), ['+1/1003']);
});
