/** cloudprober, which keeps its own time: so many probes a second of every target, counted by its own metrics. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, Peer } from '../frame/peer.ts';
import type { BenchCredentials } from './credentials.ts';
import { TARGET_HOSTS, TARGET_NAME } from './transport.ts';
import type { TargetPorts } from './transport.ts';

/** It has no gRPC health probe over a fresh connection. */
export type CloudproberTransport = 'http' | 'mtls';

export interface Cloudprober extends AsyncDisposable {
  readonly pid: number;
  /** Attempts that it says it has made, and how many of them it calls a success. */
  readonly attempts: () => Promise<{ readonly total: number; readonly success: number }>;
}

const INTERVAL_MS = 2_000;
/** Its requests of an interval are spread over this time, so that they are no burst. */
const SPREAD_MS = 900;
/** Of all requests of an interval together; it wants the interval to hold both. */
const TIMEOUT_MS = 1_050;

/** @param perSecond Attempts on all targets together. */
export async function startCloudprober(
  path: string,
  transport: CloudproberTransport,
  perSecond: number,
  credentials: BenchCredentials,
  ports: TargetPorts,
  signal: AbortSignal,
): Promise<Cloudprober> {
  const config = join(credentials.folder, `cloudprober-${transport}.cfg`);
  const port = await freePort();
  await writeFile(config, configOf(transport, perSecond, credentials, ports, port));
  const metrics = `http://127.0.0.1:${String(port)}/metrics`;
  const peer = await Peer.start(path, [`--config_file=${config}`], metrics, signal);
  return {
    pid: peer.pid,
    attempts: async () => {
      const text = await (await fetch(metrics, { signal })).text();
      return { total: sumOf(text, 'total'), success: sumOf(text, 'success') };
    },
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

function configOf(
  transport: CloudproberTransport,
  perSecond: number,
  { rootFile, certificateFile, keyFile }: BenchCredentials,
  ports: TargetPorts,
  port: number,
): string {
  const requests = Math.round((perSecond * INTERVAL_MS) / 1_000 / TARGET_HOSTS.length);
  const tls =
    transport === 'http'
      ? ''
      : `scheme: HTTPS
    tls_config {
      ca_cert_file: "${rootFile}"
      tls_cert_file: "${certificateFile}"
      tls_key_file: "${keyFile}"
      server_name: "${TARGET_NAME}"
    }`;
  return `host: "127.0.0.1"
port: ${String(port)}
surfacer { type: PROMETHEUS }
probe {
  name: "${transport}"
  type: HTTP
  targets { host_names: "${TARGET_HOSTS.join(',')}" }
  interval_msec: ${String(INTERVAL_MS)}
  timeout_msec: ${String(TIMEOUT_MS)}
  stats_export_interval_msec: ${String(INTERVAL_MS)}
  http_probe {
    port: ${String(ports[transport])}
    requests_per_probe: ${String(requests)}
    requests_interval_msec: ${String(Math.max(1, Math.floor(SPREAD_MS / requests)))}
    ${tls}
  }
}
`;
}

/** Over all targets. */
function sumOf(metrics: string, name: string): number {
  const lines = metrics.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\d+)`, 'gm'));
  return lines.reduce((sum, [, value]) => sum + Number(value), 0);
}
