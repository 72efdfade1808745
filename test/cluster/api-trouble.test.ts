/** An API server in trouble between a laptop and its sweep: it comes to its end all the same, or says why not. */
import { join } from 'node:path';
import t from 'tap';
import { ApiProxy } from './harness/api-proxy.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { findingsOf, story, sweepOnce } from './harness/sweeps.ts';
import { borneByAll, SEED } from './harness/troubles.ts';
import { PLAIN } from './mesh/healthy.ts';

t.setTimeout(300_000);
// They wait more than they do, and none of them meets another.
t.jobs = 2;

const options = { skip: withoutCluster(), timeout: 120_000 };

t.before(async () => {
  if (options.skip === false) await raised();
});

t.comment(SEED);
t.test('an API server that is always out of order ends the sweep with 69 and its own words', options, async (t) => {
  await using proxy = await ApiProxy.start(() => ({ kind: 'status', status: 500, reason: 'InternalError' }));
  const kubeconfig = join(t.testdir(), 'config');
  await proxy.writeKubeconfig(kubeconfig);
  const { status, stderr } = await sweepOnce({ namespaces: [PLAIN], kubeconfig });
  t.equal(status, 69);
  t.match(stderr, 'by the test: InternalError');
});

for (const { what, misbehaviour } of borneByAll(3, 500)) {
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
