/** The other side: Prometheus, which scrapes blackbox_exporter for every target, as its documentation has it. */
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { accessSync, constants } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressText } from '../../../proto/vocabulary.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import { findPeer, freePort, NOT_INSTALLED, Peer } from '../frame/peer.ts';
import { scrape, sumOf } from './exposition.ts';
import { footprintOf } from './footprint.ts';
import type { Footprint } from './footprint.ts';
import { TARGET_NAME } from './mesh-process.ts';
import type { BenchMesh } from './mesh-process.ts';
import type { Scale } from './scale.ts';
import { INTERVAL_MS } from './scale.ts';

export interface Theirs extends Footprint {
  readonly attemptsPerSecond: number;
  /** Targets whose latest attempt was answered. */
  readonly answering: number;
  readonly series: number;
}

/** Why there are no figures. */
export type Missing = string;

/** A target in five ways, like ours; the second way of asking without a certificate is the same to them. */
const WAYS = ['http', 'tls', 'tls-again', 'mtls', 'mtls-untrusted'] as const;
type Way = (typeof WAYS)[number];

export async function monitorWithPrometheus(
  scale: Scale,
  mesh: BenchMesh,
  folder: string,
  signal: AbortSignal,
): Promise<Theirs | Missing> {
  const prometheusPath = findPrometheus();
  const blackboxPath = findPeer('prometheus-blackbox-exporter');
  if (prometheusPath === undefined) return `prometheus: ${NOT_INSTALLED}, or PROMETHEUS_BIN`;
  if (blackboxPath === undefined) return `blackbox_exporter: ${NOT_INSTALLED}`;
  await using started = new AsyncDisposableStack();
  const [blackboxAt, prometheusAt] = [addressText(await freeAddress()), addressText(await freeAddress())];
  const modules = await writeModules(mesh, folder);
  const blackboxArgs = [`--config.file=${modules}`, `--web.listen-address=${blackboxAt}`];
  const blackbox = started.use(await Peer.start(blackboxPath, blackboxArgs, `http://${blackboxAt}/-/healthy`, signal));
  const config = join(folder, 'prometheus.json');
  await writeFile(config, JSON.stringify(configOf(mesh, blackboxAt)));
  const prometheusArgs = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=${prometheusAt}`,
    '--log.level=warn',
  ];
  const base = `http://${prometheusAt}`;
  const prometheus = started.use(await Peer.start(prometheusPath, prometheusArgs, `${base}/-/ready`, signal));
  await sleep(scale.warmUpMs, undefined, { signal });
  const pids = [prometheus.pid, blackbox.pid];
  const { cores, memoryMiB, processes } = await footprintOf(pids, () => sleep(scale.windowMs, undefined, { signal }));
  const seconds = Math.round(scale.windowMs / 1000);
  const attempts = await ask(base, `sum(count_over_time(probe_success[${String(seconds)}s]))`, signal);
  return {
    cores,
    memoryMiB,
    processes,
    attemptsPerSecond: attempts / seconds,
    answering: await ask(base, 'sum(probe_success)', signal),
    series: sumOf(await scrape(`${base}/metrics`, signal), 'prometheus_tsdb_head_series'),
  };
}

/** PROMETHEUS_BIN, the package as it is unpacked for tests, or one that is installed. */
function findPrometheus(): string | undefined {
  const components = process.env['MESHPROOF_COMPONENTS'] ?? join(homedir(), '.cache', 'meshproof-components');
  const unpacked = join(components, 'prometheus', 'usr', 'bin', 'prometheus');
  const paths = [process.env['PROMETHEUS_BIN'] ?? '', unpacked, findPeer('prometheus') ?? ''];
  return paths.find((path) => path !== '' && isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freeAddress(): Promise<Address> {
  return { host: '127.0.0.1', port: await freePort() };
}

/** JSON is YAML. HTTP/2 is left out: ours does not offer it either. */
async function writeModules(mesh: BenchMesh, folder: string): Promise<string> {
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const common = { ca_file: await write('root.pem', mesh.rootPem), server_name: TARGET_NAME };
  const presenting = async (name: 'trusted' | 'untrusted') => ({
    ...common,
    cert_file: await write(`${name}.pem`, mesh[name].chain),
    key_file: await write(`${name}-key.pem`, mesh[name].key),
  });
  const http = { preferred_ip_protocol: 'ip4', enable_http2: false };
  const overTls = (tls: object) => ({ prober: 'http', timeout: '5s', http: { ...http, tls_config: tls } });
  const modules = {
    http: { prober: 'http', timeout: '5s', http },
    tls: overTls(common),
    mtls: overTls(await presenting('trusted')),
    'mtls-untrusted': overTls(await presenting('untrusted')),
  };
  return await write('blackbox.json', JSON.stringify({ modules }));
}

/** https://prometheus.io/docs/guides/multi-target-exporter/ */
function configOf(mesh: BenchMesh, blackbox: string): object {
  const interval = `${String(INTERVAL_MS / 1000)}s`;
  const job = (way: Way): object => ({
    job_name: way,
    metrics_path: '/probe',
    params: { module: [way === 'tls-again' ? 'tls' : way] },
    static_configs: [{ targets: targetsOf(mesh, way) }],
    relabel_configs: [
      { source_labels: ['__address__'], target_label: '__param_target' },
      { source_labels: ['__param_target'], target_label: 'instance' },
      { target_label: '__address__', replacement: blackbox },
    ],
  });
  return { global: { scrape_interval: interval, scrape_timeout: interval }, scrape_configs: WAYS.map(job) };
}

function targetsOf({ meshed, outside }: BenchMesh, way: Way): readonly string[] {
  const scheme = way === 'http' ? 'http' : 'https';
  const addresses = way === 'http' ? [...meshed, ...outside] : meshed;
  return addresses.map((address) => `${scheme}://${addressText(address)}/`);
}

async function ask(base: string, query: string, signal: AbortSignal): Promise<number> {
  const answer = await fetch(`${base}/api/v1/query?query=${encodeURIComponent(query)}`, { signal });
  const { data } = (await answer.json()) as {
    readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  };
  return Number(data.result[0]?.value[1] ?? 0);
}
