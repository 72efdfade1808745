/** The declared state through an API server in trouble: all of it is known, and what changes is heard of. */
import { join } from 'node:path';
import t from 'tap';
import { connectCluster } from '../../controller/api-server/connect.ts';
import { viewCluster } from '../../controller/snapshot/cluster/view.ts';
import type { Snapshot } from '../../controller/snapshot/snapshot.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { ApiProxy } from './harness/api-proxy.ts';
import { apply, eventually, get, remove } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { BORNE_BY_READERS, borneByAll, SEED } from './harness/troubles.ts';
import { MESH_NAMESPACES, STRICT } from './mesh/healthy.ts';
import { nameOf, peerAuthentication } from './mesh/objects.ts';

t.setTimeout(300_000);

const options = { skip: withoutCluster(), timeout: 90_000 };
const WITHIN_MS = 60_000;

/** As kubectl names them, and as objects do. */
const KINDS: Readonly<Record<string, string>> = {
  pods: 'Pod',
  services: 'Service',
  endpointslices: 'EndpointSlice',
  deployments: 'Deployment',
  peerauthentications: 'PeerAuthentication',
  authorizationpolicies: 'AuthorizationPolicy',
  destinationrules: 'DestinationRule',
};

type Named = Parameters<typeof nameOf>[0];

function namesIn(objects: readonly Named[]): readonly string[] {
  const isAsked = ({ kind, metadata }: Named): boolean =>
    Object.values(KINDS).includes(kind) && MESH_NAMESPACES.some((namespace) => namespace === metadata.namespace);
  return objects
    .filter(isAsked)
    .map((object) => nameOf(object))
    .sort();
}

function has({ objects }: Snapshot, wanted: Named): boolean {
  return namesIn(objects).includes(nameOf(wanted));
}

t.before(async () => {
  if (options.skip === false) await raised();
});

t.comment(SEED);
for (const [index, { what, misbehaviour }] of [...borneByAll(8, 700), ...BORNE_BY_READERS].entries()) {
  t.test(`${what}, and all is known`, options, async (t) => {
    await using proxy = await ApiProxy.start(misbehaviour);
    const kubeconfig = join(t.testdir(), 'config');
    await proxy.writeKubeconfig(kubeconfig);
    const signal = AbortSignal.timeout(WITHIN_MS);
    const cluster = await connectCluster({ kubeconfig }, {});
    await using view = await viewCluster(cluster, { namespaces: MESH_NAMESPACES }, { clock: systemClock }, signal);
    t.same(namesIn((await view.snapshot(signal)).objects), namesIn(await get(Object.keys(KINDS).join(','), '-A')));
    t.ok(proxy.troubled > 0, 'there was trouble');

    const policy = peerAuthentication(STRICT, `trouble-${String(index)}`, { mtls: { mode: 'STRICT' } });
    try {
      await apply([policy]);
      await eventually('the policy is known', async () => has(await view.snapshot(signal), policy));
    } finally {
      await remove([policy]);
    }
    await eventually('the policy is known no more', async () => !has(await view.snapshot(signal), policy));
  });
}
