/** A fake API server, a connection to it, and a clock and a log that a test can wait by. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { connectCluster } from '../../../controller/api-server/connect.ts';
import type { Cluster } from '../../../controller/api-server/cluster.ts';
import { ManualClock } from '../manual-clock.ts';
import { FakeApiServer } from './fake-api-server.ts';
import type { Resource } from './resources.ts';

export interface ApiScene {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  readonly clock: ManualClock;
  /** Without chance in it, waits are half as long as they may be: 250 ms, 500 ms, 1 s. */
  readonly random: () => number;
  readonly debug: (message: string) => void;
  /** Resolves with the first line that matches and has not been waited for. */
  readonly untilLogged: (pattern: RegExp) => Promise<string>;
  /** Never aborted before the test's end. */
  readonly signal: AbortSignal;
}

export async function apiScene(t: Test, resources?: readonly Resource[]): Promise<ApiScene> {
  const server = await FakeApiServer.start(resources);
  const stop = new AbortController();
  t.teardown(async () => {
    stop.abort();
    await server[Symbol.asyncDispose]();
  });
  const kubeconfig = join(t.testdir(), 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig());
  const log = waitableLog();
  return {
    server,
    cluster: await connectCluster({ kubeconfig }, {}),
    clock: new ManualClock(),
    random: () => 0,
    ...log,
    signal: stop.signal,
  };
}

function waitableLog(): Pick<ApiScene, 'debug' | 'untilLogged'> {
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    debug: (line) => {
      lines.push(line);
      for (const wake of waiting.splice(0)) wake();
    },
    untilLogged: async (pattern) => {
      for (;;) {
        const at = lines.findIndex((line) => pattern.test(line));
        if (at !== -1) return lines.splice(0, at + 1).at(-1) ?? '';
        const { promise, resolve } = Promise.withResolvers<undefined>();
        waiting.push(() => {
          resolve(undefined);
        });
        await promise;
      }
    },
  };
}
