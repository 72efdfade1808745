/** Many sidecars in one Envoy process, each with an address, ports and security objects of its own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkloadCertificate } from '../../../deploy/sandbox/data-plane.ts';
import { inboundCluster, inboundClusterName } from '../../../deploy/sandbox/envoy/clusters.ts';
import { EnvoyProcess } from '../../../deploy/sandbox/envoy/process.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import { startTwoFacedApp } from '../two-faced-app.ts';
import { accessLogs, parseAccessLog } from './access-log.ts';
import type { LogLine } from './access-log.ts';
import type { PortProtocol } from './filter-chains.ts';
import { inboundListener } from './inbound-listener.ts';
import type { MeshSettings, SecurityObject, Workload } from './objects.ts';

export interface SidecarShape {
  readonly host: string;
  readonly workload: Workload;
  readonly mesh: MeshSettings;
  readonly objects: readonly SecurityObject[];
  readonly certificate: WorkloadCertificate;
}

export interface PortShape {
  readonly port: number;
  readonly protocol: PortProtocol;
  /** The application says something before its client does. */
  readonly isServerFirst: boolean;
}

const START_MS = 30_000;

/** Runs `measure` while the sidecars are up; gives back what Envoy wrote about it. */
export async function withSidecars(
  binary: string,
  sidecars: readonly SidecarShape[],
  ports: readonly PortShape[],
  measure: () => Promise<void>,
): Promise<readonly LogLine[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mp-sets-'));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const app = cleanup.use(await startTwoFacedApp({ hasBanner: false }));
  const serverFirst = cleanup.use(await startTwoFacedApp({ hasBanner: true }));
  const log = join(folder, 'access.log');
  const shapes = { sidecars, ports, log, apps: { app: app.address, serverFirst: serverFirst.address } };
  {
    await using envoy = new EnvoyProcess({
      binary,
      folder: join(folder, 'envoy'),
      pod: 'the policy sets',
      configure: (admin) => bootstrap(admin, shapes),
      onUnexpectedEnd: (error) => {
        throw error;
      },
    });
    await envoy.start(AbortSignal.timeout(START_MS));
    await measure();
  }
  return parseAccessLog(await readFile(log, 'utf8'));
}

interface Shapes {
  readonly sidecars: readonly SidecarShape[];
  readonly ports: readonly PortShape[];
  readonly log: string;
  readonly apps: { readonly app: Address; readonly serverFirst: Address };
}

const CLUSTERS = { app: 1, serverFirst: 2 } as const;

function bootstrap(adminSocket: string, { sidecars, ports, log, apps }: Shapes): Readonly<Record<string, unknown>> {
  const accessLog = accessLogs(log);
  return {
    node: { id: 'policy-sets', cluster: 'policy-sets' },
    admin: { address: { pipe: { path: adminSocket, mode: 0o600 } } },
    stats_config: { stats_matcher: { reject_all: true } },
    static_resources: {
      clusters: [inboundCluster(CLUSTERS.app, apps.app), inboundCluster(CLUSTERS.serverFirst, apps.serverFirst)],
      listeners: sidecars.flatMap(({ host, ...sidecar }) =>
        ports.map(({ port, protocol, isServerFirst }) =>
          inboundListener(
            { ...sidecar, accessLog },
            {
              listen: { host, port },
              protocol,
              cluster: inboundClusterName(isServerFirst ? CLUSTERS.serverFirst : CLUSTERS.app),
            },
          ),
        ),
      ),
    },
  };
}
