/** After the cluster's tests: nothing that they made stays. */
import { uninstall } from './harness/installation.ts';
import { get, kubectl } from './harness/kubectl.ts';

const namespaces = await get('namespaces', '-l', 'meshproof.io/test=mesh');
const names = namespaces.map(({ metadata: { name } }) => name);
await Promise.all([
  uninstall(),
  names.length === 0 ? undefined : kubectl(['delete', 'namespace', ...names, '--wait=true'], { withinMs: 120_000 }),
]);
