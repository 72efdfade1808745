import t from 'tap';
import { status } from '@grpc/grpc-js';
import type { TokenVerdict } from '../../../../controller/fleet/join-tokens.ts';
import { Hello } from '../../../../proto/gen/meshproof/v1/session.ts';
import { vantageKey } from '../../../../proto/vocabulary.ts';
import { PROTOCOL, vantageToWire } from '../../../../proto/wire.ts';
import { FakeAgent } from '../../../support/fake-agent.ts';
import type { FakeAgentOptions } from '../../../support/fake-agent.ts';
import { BATCH, WEB, plannedRoute, silentReport, startFleet } from '../../../support/fleet-scene.ts';

const NEVER = new AbortController().signal;

t.test('names that are too long or hold control characters are turned away, and are not echoed', async (t) => {
  await using scene = await startFleet();
  const token = scene.fleet.endpoint.joinTokenFor('other', WEB);
  const long = 'x'.repeat(200_000);
  const cases: readonly (readonly [string, Partial<FakeAgentOptions>])[] = [
    ['a long id', { token, id: long }],
    ['an id of two lines', { token, id: 'web\nlevel=error' }],
    ['a long boot id', { token, bootId: long }],
    ['a long namespace', { token, vantage: { ...WEB, namespace: long } }],
    ['a service account of two lines', { token, vantage: { ...WEB, serviceAccount: 'a\r\nb' } }],
  ];
  for (const [what, options] of cases) {
    const { code, details } = await scene.join(options).ended;
    t.equal(status[code], 'INVALID_ARGUMENT', what);
    t.ok(details.length < 100, what);
  }
  t.ok(scene.said.every((line) => line.length < 300 && !line.includes('\n')));
  t.equal(scene.fleet.refusedStreams, cases.length);
});

t.test('an agent that was turned away says why its vantage is missing, and says it once', async (t) => {
  await using scene = await startFleet();
  scene.fleet.endpoint.joinTokenFor('web', WEB);
  for (let round = 0; round < 20; round += 1) {
    t.match(await scene.join({ token: 'guessed' }).ended, { code: status.UNAUTHENTICATED });
  }
  await scene.fleet.until(() => scene.fleet.refusedStreams === 20, 5000, NEVER);
  t.same(scene.said, [
    'a stream that claims to be "web" was turned away: the join token is not one of this controller (said once)',
  ]);
  t.match(scene.fleet.roster.find('web'), {
    state: 'connecting',
    why: 'the join token is not one of this controller',
  });
  const real = scene.join();
  await real.message('welcome');
  t.match(scene.fleet.roster.find('web'), { state: 'up', why: '' });
  await scene.join({ token: 'guessed' }).ended;
  t.match(scene.fleet.roster.find('web'), { state: 'up', why: '' }, 'who is in is not talked out');
});

t.test('a token check that never answers holds a stream no longer than a missing Hello', async (t) => {
  await using scene = await startFleet({}, { check: () => new Promise<TokenVerdict>(() => undefined) });
  const agent = scene.join({ token: 'any' });
  let isEnded = false;
  void agent.ended.then(() => (isEnded = true));
  const isWaiting = (): boolean => !isEnded;
  while (isWaiting()) await scene.clock.advance(1000);
  t.match(await agent.ended, { code: status.UNAVAILABLE, details: 'the token could not be checked in time' });
});

t.test('a token check that fails says to come again, and not what failed', async (t) => {
  const check = (): Promise<TokenVerdict> => Promise.reject(new Error('PLANTED'));
  await using scene = await startFleet({}, { check });
  t.match(await scene.join({ token: 'any' }).ended, {
    code: status.UNAVAILABLE,
    details: 'the token could not be checked now',
  });
});

t.test('what a lost agent had to do goes to another one of its vantage', async (t) => {
  await using scene = await startFleet();
  const first = scene.join({ id: 'first' });
  await first.message('welcome');
  const second = scene.join({ id: 'second' });
  await second.message('welcome');
  scene.fleet.assign(vantageKey(WEB), [plannedRoute(1)]);
  t.same(await first.untilRoutes(1), [plannedRoute(1)]);
  t.same(second.routes, []);
  scene.fleet.lose('first', 'the process was ended by SIGKILL');
  t.same(await second.untilRoutes(1), [plannedRoute(1)]);
  first.report(1, [silentReport(1)]);
  await first.message('ack');
  t.match(scene.fleet.roster.find('first'), { state: 'lost', why: /SIGKILL/ }, 'what was on its way counts');
  t.same(scene.recorded, ['shop/web (sidecar) 1/0/0']);
});

t.test('a plan of one controller never passes for the plan of another', async (t) => {
  const versions = new Set<number>();
  for (let controller = 0; controller < 5; controller += 1) {
    await using scene = await startFleet();
    scene.fleet.assign(vantageKey(BATCH), [plannedRoute(1)]);
    const { planVersion } = await scene.join({ id: 'batch', vantage: BATCH }).message('welcome');
    versions.add(planVersion);
  }
  t.equal(versions.size, 5);
});

t.test('fields and messages that a newer agent adds are passed over', async (t) => {
  await using scene = await startFleet();
  const token = scene.fleet.endpoint.joinTokenFor('web', WEB);
  const agent = new FakeAgent(scene.fleet.endpoint, null, token);
  const value = {
    agentId: 'web',
    bootId: 'boot-1',
    vantage: vantageToWire(WEB),
    version: '9.0.0',
    protocol: PROTOCOL,
    oldestUnacknowledged: 0,
    planVersion: 0,
  };
  // Field 99, of two bytes: first within the Hello, then as a message of a kind that nobody knows here.
  const unknownField = Buffer.from([0x9a, 0x06, 0x02, 0x68, 0x69]);
  const hello = Buffer.concat([Hello.encode(value).finish(), unknownField]);
  agent.sendBytes(Buffer.concat([Buffer.from([0x0a, hello.length]), hello]));
  t.match(await agent.message('welcome'), { resumeFrom: 1 });
  agent.sendBytes(unknownField);
  agent.report(1, [silentReport(1)]);
  t.match(await agent.message('ack'), { sequence: 1 });
  agent.cut();
});
