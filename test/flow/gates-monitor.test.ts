/** A gate on a mesh that is measured: a change of the wire alone halts, and its repair lets it go on. */
import t from 'tap';
import { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { openStore } from '../../controller/store/open-store.ts';
import { startWeb } from '../../controller/web/web.ts';
import { DEFAULT_TIMEOUTS } from '../../controller/plan/options.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { callWebhook } from '../support/flagger.ts';
import { startMonitor } from '../support/monitor-scene.ts';
import { copyPair, TO_OPEN, TO_STRICT } from '../support/pair-copy.ts';
import { SCENE_ACCESS } from '../support/web-scene.ts';

const set = (port: number, mode: 'STRICT' | 'PERMISSIVE') => [{ target: 'pair/server', port, mode }] as const;
const quiet = (): void => undefined;

t.test('a rollout goes on, halts, goes on, and halts', async (t) => {
  const pair = await copyPair(t.testdir());
  const signal = new AbortController().signal;
  await using sandbox = await startSandbox(await loadScenario(pair.folder), { dataPlane: 'node', signal });
  await using launcher = new SandboxLauncher(sandbox, {});
  await using store = await openStore(':memory:');
  await using scene = await startMonitor({ source: pair.source, launcher, store }, DEFAULT_TIMEOUTS);
  const open = () =>
    startWeb(
      {
        ...{ monitored: scene.monitor, store, clock: systemClock, access: SCENE_ACCESS },
        log: { info: quiet, warn: quiet, debug: quiet },
        metrics: { contentType: '', text: () => Promise.resolve('') },
      },
      { listen: { host: '127.0.0.1', port: 0 }, anonymous: 'read' },
    );
  let address = '';
  const ask = async (): Promise<string | null> => {
    const url = `${address}/api/v1/gate/flagger`;
    const hook = { type: 'confirm-traffic-increase', name: 'mesh', url, metadata: { lookback: '0s' } };
    const canary = { name: 'server', namespace: 'pair', phase: 'Progressing', checksum: '1' };
    const beganMs = performance.now();
    const { error } = await callWebhook({ ...hook, timeout: '10s' }, canary);
    t.ok(performance.now() - beganMs < 9000, 'in time');
    return error;
  };
  /** What is asked again until it is decided, as Flagger does. */
  const decided = async (): Promise<string | null> => {
    for (let at = 0; at < 10; at += 1) {
      const error = await ask();
      if (error === null || !/^(pending|inconclusive): /.test(error)) return error;
    }
    return 'nothing was decided';
  };

  {
    await using early = await open();
    address = early.address;
    t.match(await ask(), /^(pending|inconclusive): /, 'nothing is known yet, and that is no pass');
  }
  // What was before is looked at twice a minute: a first look at half of it would stand for all that follows.
  const isKnown = (): boolean =>
    scene.current().routes.every(({ cell, seen, freshness }) => freshness === 'fresh' && seen === cell.drift);
  const passes = (): boolean => scene.current().lastSweep?.verdict.value === 'pass';
  await scene.until('all of it is known, and passes', () => passes() && isKnown(), 30_000);
  await using web = await open();
  address = web.address;
  t.equal(await decided(), null);

  // An answer may be as old as an interval; from when the change was seen on, it counts.
  await sandbox.set(set(9090, 'PERMISSIVE'));
  await scene.until('seen', () => scene.route(TO_STRICT).seen === 'exposed');
  const exposed = await decided();
  t.match(exposed, /^fail( \(and \d+ more\))?: exposed, was closed: outside\/naked \(naked\) → pair\/server:90 http /);
  t.match(exposed, / by strict-not-in-effect MP1005, .*PeerAuthentication pair\/server/);
  t.notMatch(exposed, /\n/);

  await sandbox.set(set(9090, 'STRICT'));
  await scene.until('seen', () => scene.route(TO_STRICT).seen === 'agrees');
  t.equal(await decided(), null);

  // Three of five attempts make a route blocked: one question has time for them, where the machine has.
  await sandbox.set(set(8080, 'STRICT'));
  await scene.until('seen', () => scene.route(TO_OPEN).seen === 'blocked');
  t.match(
    await decided(),
    /^fail( \(and \d+ more\))?: blocked, was plaintext: outside\/naked \(naked\) → pair\/server:80 http /,
  );
});
