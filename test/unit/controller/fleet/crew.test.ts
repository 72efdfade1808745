import t from 'tap';
import { Crew } from '../../../../controller/fleet/crew.ts';
import { LOOPBACK_MEETING } from '../../../../controller/fleet/launcher.ts';
import type { ControllerEndpoint, Launcher } from '../../../../controller/fleet/launcher.ts';
import type { Clock } from '../../../../proto/clock.ts';
import type { Vantage } from '../../../../proto/vocabulary.ts';
import { vantageKey } from '../../../../proto/vocabulary.ts';
import { BATCH, WEB, startFleet } from '../../../support/fleet-scene.ts';
import type { FleetScene } from '../../../support/fleet-scene.ts';

const NEVER = new AbortController().signal;

/** Writes down what it is asked for; its agents are expected, and come when a test lets them. */
class WrittenLauncher implements Launcher {
  readonly trustDomain = 'cluster.local';
  readonly meeting = LOOPBACK_MEETING;
  readonly asked: string[] = [];
  fault: Error | undefined;
  /** How long a start takes. */
  takesMs = 0;
  readonly #clock: Clock;
  #launches = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly place: Launcher['place'] = (snapshot) => ({ snapshot, vantages: [] });
  readonly addressesOf: Launcher['addressesOf'] = () => [];
  readonly onLost: Launcher['onLost'] = () => () => undefined;

  readonly launch = async (
    vantages: readonly Vantage[],
    controller: ControllerEndpoint,
    signal: AbortSignal,
  ): Promise<void> => {
    this.#launches += 1;
    if (this.takesMs > 0) await this.#clock.sleep(this.takesMs, signal);
    if (this.fault !== undefined) throw this.fault;
    this.asked.push(`launch ${vantages.map(({ serviceAccount }) => serviceAccount).join(' ')}`);
    for (const vantage of vantages) controller.expect(`${vantage.serviceAccount}-${String(this.#launches)}`, vantage);
  };

  readonly retire = (vantages: readonly Vantage[]): Promise<void> => {
    this.asked.push(`retire ${vantages.map(({ serviceAccount }) => serviceAccount).join(' ')}`);
    return Promise.resolve();
  };

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

interface Scene extends FleetScene {
  readonly crew: Crew;
  readonly launcher: WrittenLauncher;
  /** What the launcher was asked for meanwhile. */
  readonly tend: () => Promise<readonly string[]>;
}

async function startCrew(): Promise<Scene> {
  const scene = await startFleet();
  const { fleet, clock } = scene;
  const launcher = new WrittenLauncher(clock);
  const crew = new Crew({ fleet, launcher, clock, debug: () => undefined });
  const tend = async (): Promise<readonly string[]> => {
    await crew.tend(NEVER);
    return launcher.asked.splice(0);
  };
  return { ...scene, crew, launcher, tend };
}

t.test('there is an agent for each vantage that is wanted, started once', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, fleet } = scene;
  t.same(await tend(), []);
  crew.want([WEB, BATCH]);
  t.same(await tend(), ['launch web batch']);
  t.same(await tend(), [], 'it is awaited');
  crew.want([WEB, BATCH]);
  t.same(await tend(), []);
  t.same(
    fleet.roster.agents().map(({ id, state }) => [id, state]),
    [
      ['web-1', 'connecting'],
      ['batch-1', 'connecting'],
    ],
  );
});

t.test('an agent that is lost is started again, and only that one', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, fleet, clock } = scene;
  crew.want([WEB, BATCH]);
  await tend();
  fleet.lose('web-1', 'the process ended');
  t.same(await tend(), [], 'not in the same moment');
  await clock.advance(1000);
  t.same(await tend(), ['launch web']);
  t.same(fleet.roster.holderOf(vantageKey(WEB))?.id, 'web-2');
  t.equal(fleet.roster.find('web-1'), undefined);
});

t.test('an agent that came back and is lost while another one does its work is known no more', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, fleet, clock } = scene;
  const known = (): readonly string[] => fleet.roster.agents().map(({ id, state }) => `${id} ${state}`);
  crew.want([WEB]);
  await tend();
  fleet.lose('web-1', 'the process ended');
  await clock.advance(1000);
  t.same(await tend(), ['launch web']);
  t.same(fleet.roster.arrive('web-2', WEB, 'boot-2', clock.monotonicMs()).kind, 'welcome');
  t.same(fleet.roster.arrive('web-1', WEB, 'boot-1', clock.monotonicMs()).kind, 'welcome');
  fleet.roster.leave('web-1', 'the agent ended its stream', clock.monotonicMs());
  await tend();
  t.same(known(), ['web-2 up', 'web-1 stale'], 'it may resume');
  fleet.lose('web-1', 'the process ended');
  await tend();
  t.same(known(), ['web-2 up']);
  fleet.lose('web-2', 'the process ended');
  await tend();
  t.same(known(), ['web-2 lost'], 'of the last one it is known what became of it');
});

t.test('one that is stale is left alone: it may resume', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, fleet, clock } = scene;
  crew.want([WEB]);
  const agent = scene.join();
  await agent.message('welcome');
  await clock.advance(45_000);
  t.equal(fleet.roster.find('web')?.state, 'stale');
  t.same(await tend(), []);
});

t.test('an agent of a former controller need not be started', async (t) => {
  await using scene = await startCrew();
  const agent = scene.join();
  await agent.message('welcome');
  scene.crew.want([WEB, BATCH]);
  t.same(await scene.tend(), ['launch batch']);
});

t.test('one that ends again and again is started more and more rarely, down to once in five minutes', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, fleet, clock } = scene;
  crew.want([WEB]);
  const startedAtS: number[] = [];
  const beganMs = clock.monotonicMs();
  for (let second = 0; second <= 811; second += 1) {
    if ((await tend()).length > 0) {
      startedAtS.push((clock.monotonicMs() - beganMs) / 1000);
      fleet.lose(`web-${String(startedAtS.length)}`, 'the process ended');
    }
    await clock.advance(1000);
  }
  t.same(startedAtS, [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811]);
});

t.test('one that has been up for a minute did not fail at its start', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, fleet, clock } = scene;
  crew.want([WEB]);
  await tend();
  for (const count of [1, 2, 3]) {
    await clock.advance(60_001);
    fleet.roster.heard(`web-${String(count)}`, clock.monotonicMs());
    t.same(await tend(), []);
    fleet.lose(`web-${String(count)}`, 'the process ended');
    t.same(await tend(), ['launch web']);
  }
  fleet.lose('web-4', 'the process ended');
  await clock.advance(1000);
  t.same(await tend(), ['launch web'], 'the second time in a row');
  fleet.lose('web-5', 'the process ended');
  await clock.advance(1999);
  t.same(await tend(), []);
  await clock.advance(1);
  t.same(await tend(), ['launch web']);
});

t.test('where agents cannot be started it is said, and tried again', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, launcher, clock } = scene;
  crew.want([WEB]);
  launcher.fault = new Error('no room');
  await t.rejects(tend(), { message: 'no room' });
  t.same(await tend(), [], 'not in the same moment');
  launcher.fault = undefined;
  await clock.advance(1000);
  t.same(await tend(), ['launch web']);
});

t.test('the pause begins when the start has failed, however long that took', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, launcher, clock } = scene;
  crew.want([WEB]);
  launcher.fault = new Error('the API server does not answer');
  launcher.takesMs = 20_000;
  const [failed] = await Promise.all([t.rejects(tend()), clock.advance(20_000)]);
  t.ok(failed);
  t.same(await tend(), []);
  await clock.advance(999);
  t.same(await tend(), []);
  Object.assign(launcher, { fault: undefined, takesMs: 0 });
  await clock.advance(1);
  t.same(await tend(), ['launch web']);
});

t.test('it is known whether somebody is missing whose turn has not come', async (t) => {
  await using scene = await startCrew();
  const { crew, fleet, clock } = scene;
  crew.want([WEB, BATCH]);
  t.equal(await crew.tend(NEVER), true, 'all are started');
  t.equal(await crew.tend(NEVER), true, 'all are awaited');
  fleet.lose('web-1', 'the process ended');
  t.equal(await crew.tend(NEVER), false);
  await clock.advance(1000);
  t.equal(await crew.tend(NEVER), true);
});

t.test('what is wanted again before anybody was sent away is not disturbed', async (t) => {
  await using scene = await startCrew();
  const { crew, tend } = scene;
  crew.want([WEB]);
  await tend();
  crew.want([]);
  crew.want([WEB]);
  t.same(await tend(), []);
});

t.test('an agent that is not wanted any more is retired, and told to go', async (t) => {
  await using scene = await startCrew();
  const { crew, tend, fleet } = scene;
  crew.want([WEB]);
  const agent = scene.join();
  await agent.message('welcome');
  await tend();
  crew.want([]);
  t.same(await tend(), ['retire web']);
  t.match(await agent.message('drain'), { reason: 'this agent is not needed any more' });
  t.same(fleet.roster.agents(), []);
  crew.want([WEB]);
  t.same(await tend(), ['launch web'], 'and started again where it is wanted again');
});

t.test('an agent of a former controller that is not wanted any more is told to go, whenever it comes', async (t) => {
  await using scene = await startCrew();
  scene.crew.want([WEB]);
  await scene.tend();
  const agent = scene.join({ id: 'batch', vantage: BATCH });
  await agent.message('welcome');
  await scene.tend();
  await agent.message('drain');
  t.equal(scene.fleet.roster.find('batch'), undefined);
});
