/** Debian's blackbox_exporter, driven the way Prometheus drives it: a scrape of /probe an attempt. */
import { writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Address } from '../../../proto/vocabulary.ts';
import { freePort, Peer } from '../frame/peer.ts';
import type { BenchCredentials } from './credentials.ts';
import { addressesOf, TARGET_NAME } from './transport.ts';
import type { TargetPorts, Transport } from './transport.ts';

export interface Blackbox extends AsyncDisposable {
  readonly pid: number;
  /** Rejects where an attempt did not succeed. */
  readonly attempt: (transport: Transport, attempts: number, inFlight: number) => Promise<void>;
}

export async function startBlackbox(
  path: string,
  credentials: BenchCredentials,
  ports: TargetPorts,
  signal: AbortSignal,
): Promise<Blackbox> {
  const config = join(credentials.folder, 'blackbox.json');
  await writeFile(config, configOf(credentials));
  const port = await freePort();
  const here = { host: '127.0.0.1', port };
  const args = [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${String(port)}`];
  const peer = await Peer.start(path, args, `http://127.0.0.1:${String(port)}/-/healthy`, signal);
  const agent = new Agent({ keepAlive: true });
  return {
    pid: peer.pid,
    attempt: async (transport, attempts, inFlight) => {
      const targets = addressesOf(ports, transport);
      let begun = 0;
      const loop = async (): Promise<void> => {
        while (begun < attempts) {
          const target = targets[begun % targets.length];
          begun += 1;
          if (target !== undefined) await scrape(agent, here, transport, target);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, loop));
    },
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      await peer[Symbol.asyncDispose]();
    },
  };
}

/** JSON is YAML. */
function configOf({ rootFile, certificateFile, keyFile }: BenchCredentials): string {
  const tls = { ca_file: rootFile, cert_file: certificateFile, key_file: keyFile, server_name: TARGET_NAME };
  const ip4 = { preferred_ip_protocol: 'ip4' };
  const modules = {
    http: { prober: 'http', timeout: '5s', http: ip4 },
    mtls: { prober: 'http', timeout: '5s', http: { ...ip4, tls_config: tls } },
    grpc: { prober: 'grpc', timeout: '5s', grpc: ip4 },
    'grpc-mtls': { prober: 'grpc', timeout: '5s', grpc: { ...ip4, tls: true, tls_config: tls } },
  } satisfies Record<Transport, object>;
  return JSON.stringify({ modules });
}

async function scrape(agent: Agent, here: Address, transport: Transport, target: Address): Promise<void> {
  const place = `${target.host}:${String(target.port)}`;
  const urls: Readonly<Record<Transport, string>> = {
    http: `http://${place}/`,
    mtls: `https://${place}/`,
    grpc: place,
    'grpc-mtls': place,
  };
  const path = `/probe?module=${transport}&target=${encodeURIComponent(urls[transport])}`;
  const metrics = await new Promise<string>((resolve, reject) => {
    get({ ...here, path, agent }, (response) => {
      text(response).then(resolve, reject);
    }).on('error', reject);
  });
  if (!/^probe_success 1$/m.test(metrics)) throw new Error(`blackbox_exporter did not reach ${path}:\n${metrics}`);
}
