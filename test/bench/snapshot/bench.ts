/** What it costs to know a cluster: listing it, what is declared, and the plan of a sweep. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_OPTIONS } from '../../../controller/install/names.ts';
import { FakeApiServer } from '../../support/api-server/fake-api-server.ts';
import { createAuthority } from '../../support/certificates.ts';
import type { Bench } from '../frame/bench.ts';
import { keepCompiled } from '../frame/compiled.ts';
import { median } from '../frame/statistics.ts';
import { Worker } from '../frame/worker.ts';
import { clusterOf } from './cluster.ts';
import type { SnapshotAnswer, SnapshotQuestion } from './snapshot-process.ts';

const PROCESS = new URL('snapshot-process.ts', import.meta.url);
const RUNS = 3;
const SIZE = { namespaces: 20, services: 200, pods: 500 };

export const snapshotBench: Bench = {
  name: 'snapshot',
  about: 'A process of its own lists 500 pods and 200 services over the API, and plans a sweep of all of them.',
  growth: 'with the objects, and with the product of callers and targets.',
  run: async (say, signal) => {
    const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'));
    try {
      const authority = createAuthority();
      await using server = await FakeApiServer.start(undefined, authority);
      server.put(...clusterOf(SIZE));
      const env = await server.tellPod(folder, authority);
      const measure = async (): Promise<SnapshotAnswer> => {
        await using worker = new Worker<SnapshotQuestion, SnapshotAnswer>(PROCESS, NODE_OPTIONS.split(' '));
        return await worker.ask({ env, folder }, signal);
      };
      keepCompiled();
      say('rehearsal');
      await measure();
      const answers: SnapshotAnswer[] = [];
      for (let run = 1; run <= RUNS; run += 1) {
        say(`run ${String(run)} of ${String(RUNS)}`);
        answers.push(await measure());
      }
      const [{ objects, vantages, cells } = { objects: 0, vantages: 0, cells: 0 }] = answers;
      return [
        {
          what: 'snapshot and plan, 500 pods, 200 services',
          ours: { value: median(answers.map(({ tookMs }) => tookMs)) / 1_000, unit: 's' },
          bar: { kind: 'at-most', most: 3 },
          note: `${String(objects)} objects, ${String(vantages)} vantages, ${String(cells)} cells with what is expected of each`,
        },
        {
          what: 'memory at its peak',
          ours: { value: median(answers.map(({ peakMiB }) => peakMiB)), unit: 'MiB' },
          bar: { kind: 'at-most', most: 200 },
          note: 'resident, Node included, with the options that pods of the controller have',
        },
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
