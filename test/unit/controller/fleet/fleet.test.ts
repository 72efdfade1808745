import t from 'tap';
import type { Test } from 'tap';
import { status } from '@grpc/grpc-js';
import { DEFAULT_FLEET_OPTIONS, Fleet } from '../../../../controller/fleet/fleet.ts';
import type { Vantage } from '../../../../proto/vocabulary.ts';
import { vantageKey } from '../../../../proto/vocabulary.ts';
import { FIT, FakeAgent } from '../../../support/fake-agent.ts';
import type { FakeAgentOptions } from '../../../support/fake-agent.ts';
import {
  BATCH,
  WEB,
  plannedRoute as route,
  silentReport as report,
  startFleet as setup,
} from '../../../support/fleet-scene.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const NEVER = new AbortController().signal;

t.test('an agent with a good token is welcomed and told what its vantage has to do', async (t) => {
  await using scene = await setup();
  scene.fleet.assign(vantageKey(WEB), [route(1), route(2)]);
  scene.fleet.assign(vantageKey(BATCH), [route(3)]);
  const agent = scene.join();
  const welcome = await agent.message('welcome');
  t.match(welcome, { resumeFrom: 1, credit: 8, heartbeatIntervalMs: 15_000, controllerTimeMs: scene.clock.nowMs() });
  t.match(welcome.observedPeer, { host: '127.0.0.1', port: Number });
  const plan = await agent.message('plan');
  t.equal(plan.version, welcome.planVersion);
  t.same(agent.routes, [route(1), route(2)]);
  t.equal(scene.fleet.roster.find('web')?.state, 'up');
});

t.test('work that is added later reaches an agent that is already there', async (t) => {
  await using scene = await setup();
  const agent = scene.join();
  await agent.message('welcome');
  scene.fleet.assign(vantageKey(WEB), [route(1)]);
  await agent.untilRoutes(1);
  scene.fleet.assign(vantageKey(WEB), [{ ...route(1), slot: 1 }]);
  t.same(await agent.untilRoutes(2), [route(1), { ...route(1), slot: 1 }]);
});

t.test(
  'a batch is acknowledged after its outcomes are recorded, and recorded once however often it comes',
  async (t) => {
    await using scene = await setup();
    const agent = scene.join();
    await agent.message('welcome');
    agent.report(1, [report(1), report(2)]);
    t.match(await agent.message('ack'), { sequence: 1, credit: 8 });
    t.same(scene.recorded, ['shop/web (sidecar) 1/0/0', 'shop/web (sidecar) 2/0/0']);
    agent.report(1, [report(1), report(2)]);
    t.match(await agent.message('ack', 2), { sequence: 1 });
    agent.report(2, [report(3)]);
    t.match(await agent.message('ack', 3), { sequence: 2 });
    t.same(scene.recorded.length, 3);
    t.equal(scene.fleet.roster.find('web')?.repeatedBatches, 1);
    t.same(scene.fleet.uncounted, { repeated: 2, refused: 0 }, 'outcomes, not batches');
    scene.fleet.roster.forget('web');
    agent.report(3, [report(3)]);
    await scene.fleet.until(() => scene.fleet.uncounted.refused > 0, 5000, NEVER);
    t.same(scene.fleet.uncounted, { repeated: 2, refused: 1 }, 'they never fall');
  },
);

t.test('what an agent had to drop is visible', async (t) => {
  await using scene = await setup();
  const agent = scene.join();
  await agent.message('welcome');
  agent.report(1, [report(1)]);
  agent.report(5, [report(2)], 240);
  t.match(await agent.message('ack', 2), { sequence: 5 });
  t.match(scene.fleet.roster.find('web'), { missingBatches: 3, droppedOutcomes: 240, lastSequence: 5 });
});

t.test('an agent whose stream was cut resumes where it was, and nothing is counted twice', async (t) => {
  await using scene = await setup();
  const token = scene.fleet.endpoint.joinTokenFor('web', WEB);
  scene.fleet.assign(vantageKey(WEB), [route(1)]);
  const first = scene.join({ token });
  const { planVersion } = await first.message('welcome');
  first.report(1, [report(1)]);
  await first.message('ack');
  first.cut();
  await scene.fleet.until(() => scene.fleet.roster.find('web')?.state === 'stale', 5000, NEVER);
  const second = scene.join({ token, hello: { oldestUnacknowledged: 1, planVersion } });
  t.match(await second.message('welcome'), { resumeFrom: 2, planVersion });
  second.report(1, [report(1)]);
  await second.message('ack');
  t.same(scene.recorded, ['shop/web (sidecar) 1/0/0']);
  t.same(second.routes, [], 'it holds the plan already');
  t.equal(scene.fleet.roster.find('web')?.state, 'up');
});

t.test('a second stream of the same start ends the first', async (t) => {
  await using scene = await setup();
  const token = scene.fleet.endpoint.joinTokenFor('web', WEB);
  const first = scene.join({ token });
  await first.message('welcome');
  const second = scene.join({ token });
  await second.message('welcome');
  t.match(await first.ended, { code: status.ABORTED });
  t.equal(scene.fleet.roster.find('web')?.state, 'up');
});

t.test('a newer start takes over with a token of its own, and the older one may not come back', async (t) => {
  await using scene = await setup();
  const oldToken = scene.fleet.endpoint.joinTokenFor('web', WEB);
  const older = scene.join({ token: oldToken, bootId: 'boot-1' });
  await older.message('welcome');
  older.report(1, [report(1)]);
  await older.message('ack');

  const thief = scene.join({ token: oldToken, bootId: 'boot-2' });
  t.match(await thief.ended, { code: status.PERMISSION_DENIED });
  older.report(2, [report(2)]);
  t.match(await older.message('ack', 2), { sequence: 2 }, 'the older stream stands');

  const newer = scene.join({ bootId: 'boot-2' });
  t.match(await newer.message('welcome'), { resumeFrom: 1 }, 'numbers start anew with a start');
  t.match(await older.ended, { code: status.ABORTED });
  const again = scene.join({ token: oldToken, bootId: 'boot-1' });
  t.match(await again.ended, { code: status.PERMISSION_DENIED });
  t.equal(scene.fleet.roster.find('web')?.bootId, 'boot-2');
});

t.test('a stream is refused with the status that says why', async (t) => {
  await using scene = await setup();
  const tokenOf = (id: string, vantage: Vantage): string => scene.fleet.endpoint.joinTokenFor(id, vantage);
  const cases: readonly (readonly [string, Partial<FakeAgentOptions>, status])[] = [
    ['no token', { token: '' }, status.UNAUTHENTICATED],
    ['a token of nobody', { token: 'guess' }, status.UNAUTHENTICATED],
    ['the token of another agent', { token: tokenOf('other', WEB) }, status.PERMISSION_DENIED],
    ['the token of another vantage', { token: tokenOf('web', BATCH) }, status.PERMISSION_DENIED],
    ['another protocol', { hello: { protocol: 2 } }, status.FAILED_PRECONDITION],
    ['no boot id', { hello: { bootId: '' } }, status.INVALID_ARGUMENT],
    ['no vantage', { hello: { vantage: undefined } }, status.INVALID_ARGUMENT],
  ];
  for (const [what, options, code] of cases) {
    const agent = scene.join(options);
    t.equal(status[(await agent.ended).code], status[code], what);
    t.same(agent.received, [], `${what}: told nothing`);
  }
});

t.test('what is not in order on a stream ends that stream and no other', async (t) => {
  await using scene = await setup();
  const good = scene.join({ id: 'good', vantage: BATCH });
  await good.message('welcome');
  const heartbeat = { agentTimeMs: 0, fitness: undefined, pendingAttempts: 0, spooledBatches: 0 };

  const mute = new FakeAgent(scene.fleet.endpoint, null);
  mute.send({ $case: 'heartbeat', value: heartbeat });
  t.match(await mute.ended, { code: status.INVALID_ARGUMENT }, 'a heartbeat before the Hello');

  const twice = scene.join();
  await twice.message('welcome');
  twice.send({ $case: 'hello', value: { ...HELLO } });
  t.match(await twice.ended, { code: status.INVALID_ARGUMENT }, 'a second Hello');

  const unnumbered = scene.join({ id: 'unnumbered' });
  await unnumbered.message('welcome');
  unnumbered.report(0, [report(1)]);
  t.match(await unnumbered.ended, { code: status.INVALID_ARGUMENT }, 'a batch without a number');

  const large = scene.join({ id: 'large' });
  await large.message('welcome');
  large.send({ $case: 'hello', value: { ...HELLO, version: 'x'.repeat(300 * 1024) } });
  t.match(await large.ended, { code: status.RESOURCE_EXHAUSTED }, 'a message above 256 KiB');
  await scene.fleet.until(() => scene.fleet.roster.find('large')?.state === 'stale', 5000, NEVER);

  const garbled = scene.join({ id: 'garbled' });
  await garbled.message('welcome');
  garbled.sendBytes(Buffer.from([0x0a, 0x7f]));
  t.match(await garbled.ended, { code: status.INTERNAL }, 'a message that breaks off');
  await scene.fleet.until(() => scene.fleet.roster.find('garbled')?.state === 'stale', 5000, NEVER);

  good.report(1, [report(1)]);
  t.match(await good.message('ack'), { sequence: 1 });
  t.same(scene.recorded, ['legacy/batch (naked) 1/0/0']);
});

const HELLO = {
  agentId: 'web',
  bootId: 'boot-1',
  vantage: undefined,
  version: '',
  protocol: 1,
  oldestUnacknowledged: 0,
  planVersion: 0,
};

t.test('a stream on which nobody says Hello is ended', async (t) => {
  await using scene = await setup();
  const mute = new FakeAgent(scene.fleet.endpoint, null);
  let isEnded = false;
  void mute.ended.then(() => (isEnded = true));
  const isWaiting = (): boolean => !isEnded;
  while (isWaiting()) await scene.clock.advance(1000);
  t.match(await mute.ended, { code: status.DEADLINE_EXCEEDED });
});

t.test('a plan that is too large for one message comes in several', async (t) => {
  await using scene = await setup();
  const routes = Array.from({ length: 3000 }, (_, index) => route(index + 1, `${'long'.repeat(40)}-${String(index)}`));
  scene.fleet.assign(vantageKey(WEB), routes);
  const agent = scene.join();
  t.same(await agent.untilRoutes(3000), routes);
  const messages = agent.received.filter(({ $case }) => $case === 'plan' || $case === 'planDelta');
  t.equal(messages[0]?.$case, 'plan');
  t.ok(messages.length > 1);
  t.equal(messages.filter(({ $case }) => $case === 'plan').length, 1);
});

t.test('an agent that was cut off in the middle of its plan gets all of it', async (t) => {
  await using scene = await setup();
  const token = scene.fleet.endpoint.joinTokenFor('web', WEB);
  scene.fleet.assign(vantageKey(WEB), [route(1)]);
  const first = scene.join({ token });
  const { planVersion } = await first.message('welcome');
  first.cut();
  await first.ended;
  scene.fleet.assign(vantageKey(WEB), [route(2)]);
  const second = scene.join({ token, hello: { planVersion } });
  await second.message('plan');
  t.same(second.routes, [route(1), route(2)]);
});

t.test('an agent that falls silent is stale after three heartbeats and lost after a minute', async (t) => {
  await using scene = await setup();
  const agent = scene.join();
  await agent.message('welcome');
  const state = (): string | undefined => scene.fleet.roster.find('web')?.state;
  await scene.clock.advance(44_000);
  t.equal(state(), 'up');
  await scene.clock.advance(1500);
  t.equal(state(), 'stale');
  agent.report(1, [report(1)]);
  await agent.message('ack');
  t.equal(state(), 'up', 'anything that is heard brings it back');
  await scene.clock.advance(59_000);
  t.equal(state(), 'stale');
  await scene.clock.advance(1500);
  t.equal(state(), 'lost');
});

t.test('a heartbeat says how the agent is', async (t) => {
  await using scene = await setup();
  const agent = scene.join();
  await agent.message('welcome');
  const fitness = { loopLagP99Us: 1000, throttledPermille: 0, isSidecarReady: true, isFit: true };
  agent.send({ $case: 'heartbeat', value: { agentTimeMs: 0, fitness, pendingAttempts: 7, spooledBatches: 0 } });
  agent.report(1, [report(1)]);
  await agent.message('ack');
  t.match(scene.fleet.roster.find('web'), { pendingAttempts: 7, fitness: FIT });
});

t.test('draining asks every agent to end, and resolves when their streams have', async (t) => {
  await using scene = await setup();
  const agents = [scene.join(), scene.join({ id: 'batch', vantage: BATCH })];
  for (const agent of agents) await agent.message('welcome');
  for (const agent of agents) {
    void agent.message('drain').then(() => {
      agent.stream.end();
    });
  }
  t.equal(await scene.fleet.drain('over', 1000, NEVER), true);
  for (const agent of agents) t.match(await agent.ended, { code: status.OK });
});

t.test('disposal ends the streams with a status that invites the agent to come again', async (t) => {
  const scene = await setup();
  const agent = scene.join();
  await agent.message('welcome');
  await scene.fleet[Symbol.asyncDispose]();
  t.match(await agent.ended, { code: status.UNAVAILABLE });
  await scene[Symbol.asyncDispose]();
});

/** Batches are acknowledged when a test settles them. */
async function settling(t: Test): Promise<{ readonly fleet: Fleet; readonly join: (bootId?: string) => FakeAgent }> {
  const agents: FakeAgent[] = [];
  const clock = new ManualClock(Date.now());
  const positions = [{ agentId: 'web', bootId: 'boot-1', sequence: 4 }];
  const fleet = await Fleet.start(
    { clock, debug: () => undefined, record: () => 'later' },
    { ...DEFAULT_FLEET_OPTIONS, positions },
  );
  t.teardown(async () => {
    for (const agent of agents) await agent[Symbol.asyncDispose]();
    await fleet[Symbol.asyncDispose]();
  });
  return {
    fleet,
    join: (bootId = 'boot-1') => {
      const agent = new FakeAgent(fleet.endpoint, { id: 'web', vantage: WEB, bootId });
      agents.push(agent);
      return agent;
    },
  };
}

t.test('what is to be kept first is acknowledged when it is, up to there and no further', async (t) => {
  const { fleet, join } = await settling(t);
  const agent = join('boot-2');
  t.match(await agent.message('welcome'), { resumeFrom: 1 });
  agent.report(1, [report(1)]);
  agent.report(2, [report(2)]);
  agent.report(3, [report(3)]);
  await fleet.until(() => fleet.roster.find('web')?.lastSequence === 3, 5000, NEVER);
  t.same(
    agent.received.filter(({ $case }) => $case === 'ack'),
    [],
  );
  fleet.settle({ agentId: 'web', bootId: 'boot-2', sequence: 2 });
  t.match(await agent.message('ack'), { sequence: 2, credit: 8 });
  fleet.settle({ agentId: 'web', bootId: 'boot-1', sequence: 9 });
  fleet.settle({ agentId: 'web', bootId: 'boot-2', sequence: 3 });
  t.match(await agent.message('ack', 3), { sequence: 3 }, 'what a former start had counted is nothing to this one');
});

t.test('a controller goes on counting where the one before had stopped', async (t) => {
  const { fleet, join } = await settling(t);
  const agent = join();
  t.match(await agent.message('welcome'), { resumeFrom: 5 });
  agent.report(4, [report(1)]);
  agent.report(5, [report(1)]);
  await fleet.until(() => fleet.roster.find('web')?.lastSequence === 5, 5000, NEVER);
  t.match(fleet.roster.find('web'), { repeatedBatches: 1, earlierBatches: 0, missingBatches: 0, settledSequence: 4 });
});

t.test('before it is known what there is to do, an agent goes on with what it was told before', async (t) => {
  await using scene = await setup();
  const agent = scene.join({ hello: { planVersion: 77 } });
  await agent.message('welcome');
  scene.fleet.assign(vantageKey(WEB), [route(3)]);
  await agent.message('plan');
  t.same(agent.routes, [route(3)], 'nothing else came before');
  t.equal(agent.received.filter(({ $case }) => $case === 'plan').length, 1);
});

t.test('what is taken away is told to the agent that has it', async (t) => {
  await using scene = await setup();
  const { fleet } = scene;
  const agent = scene.join();
  await agent.message('welcome');
  fleet.assign(vantageKey(WEB), [route(1), route(2), route(3)]);
  await agent.untilRoutes(3);
  fleet.unassign(vantageKey(WEB), [2, 9]);
  t.match(await agent.message('planDelta'), { removed: [2], added: [] });
  const second = scene.join({ hello: { planVersion: 0 }, bootId: 'boot-2' });
  t.same(await second.untilRoutes(2), [route(1), route(3)]);
});
