/**
 * Runs in the cluster, in the place of the controller: a sweep whose probes were there before the policy that they are
 * held against. A sweep of the command line cannot meet stale clients, because its probes are younger than every policy.
 * It is given to the pod as text, so that it finds the product's modules at run time, compiled or not.
 */
import { existsSync } from 'node:fs';
import { env } from 'node:process';
import type * as LauncherModule from '../../../controller/fleet/kubernetes/launcher.ts';
import type * as ConnectModule from '../../../controller/api-server/connect.ts';
import type * as ViewModule from '../../../controller/snapshot/cluster/view.ts';
import type * as FilesModule from '../../../controller/snapshot/files.ts';
import type { Snapshot } from '../../../controller/snapshot/snapshot.ts';
import type * as SweepModule from '../../../controller/sweep.ts';
import type * as ClockModule from '../../../proto/system-clock.ts';

/** From an applied object until every proxy that hears of it has heard of it. */
const PUSHED_MS = 3000;
const WITHIN_MS = 90_000;

const isCompiled = !existsSync('/app/controller/sweep.ts');
const load = (path: string): Promise<unknown> =>
  import(isCompiled ? `file:///app/dist/${path}.js` : `file:///app/${path}.ts`);

const { kubernetesLauncher } = (await load('controller/fleet/kubernetes/launcher')) as typeof LauncherModule;
const { connectCluster } = (await load('controller/api-server/connect')) as typeof ConnectModule;
const { viewCluster } = (await load('controller/snapshot/cluster/view')) as typeof ViewModule;
const { snapshotOf } = (await load('controller/snapshot/files')) as typeof FilesModule;
const { CLUSTER_SWEEP_OPTIONS, sweep } = (await load('controller/sweep')) as typeof SweepModule;
const { systemClock: clock } = (await load('proto/system-clock')) as typeof ClockModule;

/** The PeerAuthentication that is going to be applied, as the cluster will give it back. */
const policy = JSON.parse(env['POLICY'] ?? '') as Snapshot['objects'][number];
const namespaces = new Set((env['NAMESPACES'] ?? '').split(','));
const own = {
  podName: env['MESHPROOF_POD_NAME'] ?? '',
  namespace: env['MESHPROOF_POD_NAMESPACE'] ?? '',
  host: env['MESHPROOF_POD_IP'] ?? '',
  sweepId: env['MESHPROOF_SWEEP_ID'] ?? '',
};

const signal = AbortSignal.timeout(WITHIN_MS);
const debug = (text: string): void => void process.stderr.write(`${text}\n`);
const cluster = await connectCluster({}, env);
await using view = await viewCluster(cluster, { namespaces: [...namespaces] }, { clock, debug }, signal);
await using launcher = await kubernetesLauncher(
  cluster,
  { own, namespaces, deadlineMs: WITHIN_MS },
  { clock, debug, note: debug },
  signal,
);

const isThere = ({ objects }: Snapshot): boolean =>
  objects.some(
    ({ kind, metadata: { namespace, name } }) =>
      kind === policy.kind && namespace === policy.metadata.namespace && name === policy.metadata.name,
  );
/** What is going to be declared when the probes measure. */
const { objects } = await view.snapshot(signal);
const declared = snapshotOf([...objects, policy]);

const deps: SweepModule.SweepDeps = {
  snapshot: () => Promise.resolve(declared),
  clock,
  progress: () => undefined,
  debug,
  launcher: {
    meeting: launcher.meeting,
    trustDomain: launcher.trustDomain,
    place: launcher.place,
    addressesOf: launcher.addressesOf,
    onLost: launcher.onLost,
    launch: async (vantages, controller, until) => {
      await launcher.launch(vantages, controller, until);
      process.stdout.write('LAUNCHED\n');
      while (!isThere(await view.snapshot(until))) await clock.sleep(250, until);
      await clock.sleep(PUSHED_MS, until);
    },
    [Symbol.asyncDispose]: () => launcher[Symbol.asyncDispose](),
  },
};
const trusted = (env['TRUSTED'] ?? '').split(',');
const options = { ...CLUSTER_SWEEP_OPTIONS, trusted, ownNamespace: own.namespace, namespaces, settleMs: 0 };
const { cells, verdict } = await sweep(deps, options, signal);
const shown = cells.map(({ key, drift, cause, vantage, target, table }) => {
  return { key, drift, code: cause?.code, vantage, target, table };
});
process.stdout.write(`SWEEP ${JSON.stringify({ cells: shown, verdict })}\n`);
