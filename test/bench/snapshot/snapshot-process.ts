/** In a process of its own: reads a cluster as a sweep in a pod does, and plans. */
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { clusterOfPod } from '../../../controller/api-server/in-pod.ts';
import { placeProbes } from '../../../controller/fleet/kubernetes/placement.ts';
import { buildMesh } from '../../../controller/declared/mesh.ts';
import { expectationsOf } from '../../../controller/plan/expectations.ts';
import { DEFAULT_PLAN_OPTIONS, makePlan } from '../../../controller/plan/plan.ts';
import { viewCluster } from '../../../controller/snapshot/cluster/view.ts';
import { systemClock } from '../../../proto/system-clock.ts';
import { liveObject } from '../../support/live-objects.ts';
import { answerQuestions } from '../frame/worker.ts';

export interface SnapshotQuestion {
  /** What a kubelet tells a pod of its cluster. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

export interface SnapshotAnswer {
  readonly objects: number;
  readonly vantages: number;
  readonly cells: number;
  readonly tookMs: number;
  /** Resident, the highest so far. */
  readonly peakMiB: number;
}

const OWN = 'meshproof';

answerQuestions(async ({ env, folder }: SnapshotQuestion): Promise<SnapshotAnswer> => {
  const startedMs = performance.now();
  const { signal } = new AbortController();
  const deps = { clock: systemClock, debug: () => undefined };
  const cluster = await clusterOfPod(env, folder);
  if (cluster === undefined) throw new Error(`there is no token in ${folder}`);
  await using view = await viewCluster(cluster, { namespaces: 'all' }, deps, signal);
  const snapshot = await view.snapshot(signal);
  const { snapshot: placed, probes } = placeProbes(snapshot, liveObject('Pod', `${OWN}/controller`), {
    namespaces: 'all',
    ownNamespace: OWN,
    hostVantage: false,
    sweepId: 'bench',
    controllerHost: '10.0.0.1',
    excludedRanges: [],
  });
  const mesh = buildMesh(placed);
  const vantages = probes.map(({ place: { vantage, name } }) => {
    return { vantage, workload: `${vantage.namespace}/${name}` };
  });
  const plan = makePlan(mesh, vantages, DEFAULT_PLAN_OPTIONS);
  const expectations = expectationsOf(mesh, plan);
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const tookMs = performance.now() - startedMs;
  // Whoever asks ends this process by force.
  flushCompileCache();
  return {
    objects: snapshot.objects.length,
    vantages: plan.vantages.length,
    cells: expectations.length,
    tookMs,
    peakMiB,
  };
});
