/** An API server in trouble: a sweep comes to its end all the same, or says why not. */
import { join } from 'node:path';
import t from 'tap';
import { ApiProxy } from './harness/api-proxy.ts';
import type { Misbehaviour, Trouble } from './harness/api-proxy.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { findingsOf, story, sweepOnce } from './harness/sweeps.ts';
import { PLAIN } from './mesh/healthy.ts';
import { seeded } from '../support/seeded.ts';

t.setTimeout(300_000);

const NONE: Trouble = { kind: 'none' };
const isWatchOrLog = (url: string): boolean => /[?&](?:watch|follow)=/.test(url);

interface Case {
  readonly what: string;
  readonly misbehaviour: Misbehaviour;
}

const { seed, random } = seeded();
/** Of one request in three, and never in step with what is asked. */
const sometimes =
  (trouble: Trouble): Misbehaviour =>
  () =>
    random() < 1 / 3 ? trouble : NONE;

const BORNE: readonly Case[] = [
  { what: 'every third request is reset', misbehaviour: sometimes({ kind: 'reset' }) },
  { what: 'every answer comes late', misbehaviour: () => ({ kind: 'delay', ms: 400 }) },
  {
    what: 'every third request is told to come back later',
    misbehaviour: sometimes({ kind: 'status', status: 429, reason: 'TooManyRequests', retryAfter: 1 }),
  },
  {
    what: 'every third request meets an internal error',
    misbehaviour: sometimes({ kind: 'status', status: 500, reason: 'InternalError' }),
  },
  {
    what: 'the log is cut every half second',
    misbehaviour: (_, url) => (isWatchOrLog(url) ? { kind: 'cut', afterMs: 500 } : NONE),
  },
];

const options = { skip: withoutCluster(), timeout: 120_000 };

t.comment(`MESHPROOF_SEED=${String(seed)}`);
for (const { what, misbehaviour } of BORNE) {
  t.test(`${what}, and the laptop has its sweep`, options, async (t) => {
    await using proxy = await ApiProxy.start(misbehaviour);
    const kubeconfig = join(t.testdir(), 'config');
    await proxy.writeKubeconfig(kubeconfig);
    const { status, sweep, stderr } = await sweepOnce({ namespaces: [PLAIN], kubeconfig });
    t.ok(proxy.troubled > 0, 'there was trouble');
    if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);
    t.same(findingsOf(sweep), [], story(sweep));
    t.equal(status, 0);
  });
}

t.test('an API server that is always out of order ends the sweep with 69 and its own words', options, async (t) => {
  await using proxy = await ApiProxy.start(() => ({ kind: 'status', status: 500, reason: 'InternalError' }));
  const kubeconfig = join(t.testdir(), 'config');
  await proxy.writeKubeconfig(kubeconfig);
  const { status, stderr } = await sweepOnce({ namespaces: [PLAIN], kubeconfig });
  t.equal(status, 69);
  t.match(stderr, 'by the test: InternalError');
});
