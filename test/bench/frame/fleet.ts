/** A controller in this process and real agents in processes of their own, for benches of the two together. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentProcess } from '../../../controller/fleet/agent-process.ts';
import { Fleet } from '../../../controller/fleet/fleet.ts';
import type { FleetDeps } from '../../../controller/fleet/fleet.ts';
import { systemClock } from '../../../proto/system-clock.ts';
import type { Vantage } from '../../../proto/vocabulary.ts';

export interface BenchFleet extends AsyncDisposable {
  readonly fleet: Fleet;
  /** Starts an agent; when it resolves the process has been spawned. Disposal ends it. */
  readonly start: (id: string, vantage: Vantage) => Promise<AgentProcess>;
}

export async function startFleet(record: FleetDeps['record']): Promise<BenchFleet> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const fleet = started.use(await Fleet.start({ clock: systemClock, record, debug: () => undefined }));
  const { address, caPem, joinTokenFor } = fleet.endpoint;
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, caPem);
  const lifetime = started.move();
  return {
    fleet,
    start: async (id, vantage) => {
      const tokenFile = join(folder, `${id}.token`);
      await writeFile(tokenFile, joinTokenFor(id, vantage), { mode: 0o600 });
      const environment = {
        MESHPROOF_CONTROLLER: `${address.host}:${String(address.port)}`,
        MESHPROOF_CONTROLLER_CA: caFile,
        MESHPROOF_TOKEN_FILE: tokenFile,
        MESHPROOF_NAMESPACE: vantage.namespace,
        MESHPROOF_SERVICE_ACCOUNT: vantage.serviceAccount,
        MESHPROOF_DATA_PLANE: vantage.dataPlane,
        MESHPROOF_LOG_LEVEL: 'error',
      };
      const onLost = (why: string): void => {
        fleet.lose(id, why);
      };
      return lifetime.use(new AgentProcess(id, environment, { clock: systemClock, debug: () => undefined, onLost }));
    },
    [Symbol.asyncDispose]: () => lifetime.disposeAsync(),
  };
}
