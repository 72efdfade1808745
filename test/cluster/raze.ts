/** After the cluster's tests: nothing that they made stays. */
import { uninstall } from './harness/installation.ts';
import { get, kubectl } from './harness/kubectl.ts';
import { ANY_PREFIX, OF_ANY_LANE } from './mesh/lane.ts';

async function namesOf(...args: readonly string[]): Promise<readonly string[]> {
  return (await get('namespaces', ...args)).map(({ metadata: { name } }) => name);
}

const installations = (await namesOf()).filter((name) => new RegExp(`^${ANY_PREFIX}\\d+-own$`).test(name));
const names = await namesOf('-l', OF_ANY_LANE);
await Promise.all([
  ...installations.map(uninstall),
  names.length === 0 ? undefined : kubectl(['delete', 'namespace', ...names, '--wait=true'], { withinMs: 120_000 }),
]);
