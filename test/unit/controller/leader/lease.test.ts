import t from 'tap';
import { fields } from '../../../../controller/declared/reading.ts';
import { holdLease } from '../../../../controller/leader/lease.ts';
import type { Leadership } from '../../../../controller/leader/lease.ts';
import { MeshproofError } from '../../../../proto/errors.ts';
import { AT_ONCE, FakeLeases } from '../../../support/fake-leases.ts';
import type { Way } from '../../../support/fake-leases.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const LEASE = { namespace: 'meshproof', name: 'meshproof-controller' };
const AWAY: Way = { ...AT_ONCE, loses: 'request' };

interface Scene {
  readonly clock: ManualClock;
  readonly leases: FakeLeases;
  readonly log: string[];
  /** Stands for election; `way` is of each request. */
  readonly stands: (identity: string, way?: () => Way, signal?: AbortSignal) => Promise<Leadership>;
}

function scene(): Scene {
  const clock = new ManualClock();
  const leases = new FakeLeases(clock);
  const log: string[] = [];
  const stands: Scene['stands'] = (identity, way = () => AT_ONCE, signal = new AbortController().signal) => {
    const deps = { api: leases.api(way), clock, debug: (line: string) => log.push(`${identity}: ${line}`) };
    return holdLease(deps, { ...LEASE, identity }, signal);
  };
  return { clock, leases, log, stands };
}

/** Every second of them passes by itself. */
async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) await clock.advance(1_000);
}

/** Whether it is there by now. */
async function isSettled(work: Promise<unknown>): Promise<boolean> {
  return await Promise.race([work.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}

t.test('the first takes the Lease, as client-go writes it', async (t) => {
  const { leases, stands } = scene();
  await using leadership = await stands('a');
  t.equal(leadership.transitions, 0);
  t.strictSame(leases.lease, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...LEASE, resourceVersion: '1' },
    spec: {
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
    },
  });
});

t.test('it is renewed every two seconds, acquired once, and others wait', async (t) => {
  const { clock, leases, log, stands } = scene();
  await using leadership = await stands('a');
  const stop = new AbortController();
  const standby = stands('b', undefined, stop.signal);
  await pass(clock, 60);
  t.equal(leases.holder, 'a');
  t.equal(leadership.lost.aborted, false);
  t.match(leases.lease, {
    spec: { acquireTime: '2026-01-01T00:00:00.000000Z', renewTime: '2026-01-01T00:01:00.000000Z' },
  });
  t.strictSame(log, ['b: the Lease is held by a'], 'and it is told once');
  stop.abort(new Error('enough'));
  await t.rejects(standby, { message: 'enough' });
});

t.test('what is given back is taken at the next look, and counts as another term', async (t) => {
  const { clock, leases, stands } = scene();
  const first = await stands('a');
  const standby = stands('b');
  await pass(clock, 10);
  await first[Symbol.asyncDispose]();
  t.equal(first.lost.aborted, true);
  t.match(leases.lease, { spec: { holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 } });
  await pass(clock, 2);
  await using second = await standby;
  t.equal(second.transitions, 1);
  t.equal(leases.holder, 'b');
});

t.test(
  'a leader that gets nothing through gives up 10 s after its last renewal, the standby takes over later',
  async (t) => {
    const { clock, leases, log, stands } = scene();
    let way = AT_ONCE;
    await using first = await stands('a', () => way);
    const standby = stands('b');
    await clock.advance(2_000);
    way = AWAY;
    await pass(clock, 9);
    t.equal(first.lost.aborted, false);
    await pass(clock, 1);
    t.equal(first.lost.aborted, true);
    t.match(log.at(-1), /^a: leadership is over: the time is up/);
    await pass(clock, 4);
    t.equal(await isSettled(standby), false);
    t.equal(leases.holder, 'a');
    await pass(clock, 4);
    await using second = await standby;
    t.equal(second.transitions, 1);
  },
);

t.test('a renewal that was done and not answered is found to be our own', async (t) => {
  const { clock, leases, stands } = scene();
  const ways: Way[] = [];
  await using leadership = await stands('a', () => ways.shift() ?? AT_ONCE);
  ways.push({ ...AT_ONCE, loses: 'answer' });
  await pass(clock, 30);
  t.equal(leadership.lost.aborted, false);
  t.equal(leases.holder, 'a');
});

t.test('who finds the Lease in other hands stops at once', async (t) => {
  const { clock, leases, stands } = scene();
  await using leadership = await stands('a');
  const taken = fields(leases.lease);
  leases.lease = {
    ...taken,
    metadata: { ...fields(taken['metadata']), resourceVersion: 'x' },
    spec: { ...fields(taken['spec']), holderIdentity: 'thief' },
  };
  await clock.advance(2_000);
  t.match(leadership.lost.reason, { message: 'somebody else holds the Lease' });
  await leadership[Symbol.asyncDispose]();
  t.equal(leases.holder, 'thief', 'what is not ours is not given back');
});

t.test('a Lease that vanishes is no invitation to those who saw it held', async (t) => {
  const { clock, leases, stands } = scene();
  let way = AT_ONCE;
  await using first = await stands('a', () => way);
  const standby = stands('b');
  await clock.advance(2_000);
  way = AWAY;
  leases.lease = undefined;
  await pass(clock, 10);
  t.equal(first.lost.aborted, true);
  t.equal(await isSettled(standby), false);
  await pass(clock, 8);
  await using second = await standby;
  t.equal(second.transitions, 1);
});

t.test('the clock of the holder is of no account', async (t) => {
  const { clock, leases, stands } = scene();
  leases.lease = {
    metadata: { ...LEASE, resourceVersion: '7' },
    spec: { holderIdentity: 'late', leaseDurationSeconds: 15, renewTime: '1999-01-01T00:00:00.000000Z' },
  };
  const standby = stands('b');
  await pass(clock, 14);
  t.equal(leases.holder, 'late');
  await pass(clock, 4);
  await using leadership = await standby;
  t.equal(leadership.transitions, 1);
});

t.test('who may not is told so; any other trouble is waited out', async (t) => {
  const { clock, leases, log, stands } = scene();
  const denied = new MeshproofError('MPE_NOT_PERMITTED', 'user ann may not get leases in namespace meshproof');
  const refused = holdLease(
    { api: { ask: () => Promise.reject(denied) }, clock, debug: () => undefined },
    { ...LEASE, identity: 'a' },
    new AbortController().signal,
  );
  await t.rejects(refused, { code: 'MPE_NOT_PERMITTED' });
  let way = AWAY;
  const waiting = stands('a', () => way);
  await pass(clock, 60);
  t.equal(await isSettled(waiting), false);
  t.strictSame(log, ['a: the Lease is out of reach: the way is broken']);
  way = AT_ONCE;
  await pass(clock, 2);
  await using leadership = await waiting;
  t.equal(leases.holder, 'a');
  t.equal(leadership.transitions, 0);
});
