/** Two people who measure at once: neither notices the other. */
import t from 'tap';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { findingsOf, story, sweepOnce } from './harness/sweeps.ts';
import { MIXED, PLAIN, STRICT } from './mesh/healthy.ts';

t.setTimeout(120_000);

t.test('two sweeps at once have each their own, whole result', { skip: withoutCluster() }, async (t) => {
  await raised();
  const whole = ['--min-coverage', '1'];
  const both = await Promise.all([
    sweepOnce({ namespaces: [MIXED, PLAIN], options: whole }),
    sweepOnce({ namespaces: [PLAIN, STRICT], options: whole }),
  ]);
  for (const { status, sweep, stderr } of both) {
    if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);
    t.same(findingsOf(sweep), [], story(sweep));
    t.equal(status, 0);
  }
  const [first, second] = both;
  t.not(first.sweep?.id, second.sweep?.id);
});
