/** After all other tests, those that kill included: nothing of any sweep is left in the cluster. */
import t from 'tap';
import { tracesOfAll } from '../harness/installation.ts';
import { eventually } from '../harness/kubectl.ts';
import { withoutCluster } from '../harness/on-cluster.ts';

t.setTimeout(450_000);

/** Of a killed sweep: its deadline, and five minutes that its Job stays for somebody who reads its log. */
const AT_THE_LATEST_MS = 400_000;
const options = { skip: withoutCluster(), timeout: AT_THE_LATEST_MS + 20_000 };

t.test('what sweeps have made goes by itself', options, async () => {
  await eventually('nothing is left', async () => (await tracesOfAll()).length === 0, AT_THE_LATEST_MS);
});
