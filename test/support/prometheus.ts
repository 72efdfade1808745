/** Whether a real Prometheus is there to test against (the one place that decides between skipping and failing), and one. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { goOnWithout } from './real-program.ts';

export type RealPrometheus = { readonly prometheus: string; readonly promtool: string } | { readonly missing: string };

/** The first that knows `keep_firing_for`. */
const LEAST = [2, 42] as const;

/**
 * PROMETHEUS_BIN and PROMTOOL_BIN name the binaries. Throws where one is missing or too old and
 * MESHPROOF_REQUIRE_REAL=1 forbids to go on without.
 */
export function realPrometheus(environment: NodeJS.ProcessEnv = process.env): RealPrometheus {
  const prometheus = environment['PROMETHEUS_BIN'] ?? '';
  const promtool = environment['PROMTOOL_BIN'] ?? '';
  const missing = faultOf('PROMETHEUS_BIN', prometheus) ?? faultOf('PROMTOOL_BIN', promtool);
  if (missing === undefined) return { prometheus, promtool };
  return goOnWithout('Prometheus', missing, environment);
}

function faultOf(variable: string, binary: string): string | undefined {
  if (binary === '') return `${variable} is not set`;
  const { stdout, stderr } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  const version = /version (\d+)\.(\d+)/.exec(`${stdout}${stderr}`);
  if (version === null) return `${variable}: nothing at ${binary} says its version`;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const isOld = major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1]);
  return isOld ? `${variable}: ${LEAST.join('.')} is needed, not ${String(major)}.${String(minor)}` : undefined;
}

export interface Ran {
  readonly status: number | null;
  /** Both streams. */
  readonly text: string;
}

export function runPromtool(promtool: string, args: readonly string[], input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(promtool, args, { input, encoding: 'utf8', timeout: 60_000 });
  return { status, text: `${stdout}${stderr}` };
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RunningPrometheus extends AsyncDisposable {
  /** What /api/v1/alerts says is firing, in the order of the names. Rejects when it is not so within 30 s. */
  readonly firingUntil: (isSo: (alerts: readonly FiringAlert[]) => boolean) => Promise<readonly FiringAlert[]>;
  readonly scrapedUntil: (metric: string) => Promise<void>;
}

export interface PrometheusOptions {
  /** An empty folder of the test's own. */
  readonly folder: string;
  /** `host:port`. */
  readonly target: string;
  readonly rules: string;
}

const WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

/** Scrapes twice and evaluates four times a second. It is another process: what it is at is looked up until a deadline, by its own API. */
export async function startPrometheus(binary: string, options: PrometheusOptions): Promise<RunningPrometheus> {
  const { folder, target, rules } = options;
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '250ms' },
    rule_files: [join(folder, 'rules.yaml')],
    scrape_configs: [{ job_name: 'meshproof', static_configs: [{ targets: [target] }] }],
  };
  writeFileSync(join(folder, 'rules.yaml'), rules);
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yaml'), JSON.stringify(config));
  const args = [
    `--config.file=${join(folder, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
  ];
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });
  const address = await addressOf(child.stderr, ended);
  const isReady = async (): Promise<boolean> => (await fetch(`http://${address}/-/ready`)).ok;
  await lookUntil(isReady, Boolean);
  const ask = async (path: string): Promise<unknown> => {
    const answer = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(WITHIN_MS) });
    return ((await answer.json()) as { readonly data: unknown }).data;
  };
  const firing = async (): Promise<readonly FiringAlert[]> => {
    const { alerts } = (await ask('/api/v1/alerts')) as {
      readonly alerts: readonly (FiringAlert & { readonly state: string })[];
    };
    const name = ({ labels }: FiringAlert): string => labels['alertname'] ?? '';
    return alerts.filter(({ state }) => state === 'firing').sort((a, b) => (name(a) < name(b) ? -1 : 1));
  };
  return {
    firingUntil: (isSo) => lookUntil(firing, isSo),
    scrapedUntil: async (metric) => {
      const samples = async (): Promise<number> => {
        const { result } = (await ask(`/api/v1/query?query=${metric}`)) as { readonly result: readonly unknown[] };
        return result.length;
      };
      await lookUntil(samples, (count) => count > 0);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function addressOf(stderr: Readable, ended: Promise<void>): Promise<string> {
  let log = '';
  const found = Promise.withResolvers<string>();
  stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    const address = /msg="Listening on" address=(\S+)/.exec(log)?.[1];
    if (address !== undefined) found.resolve(address);
  });
  void ended.then(() => {
    found.reject(new Error(`Prometheus ended:\n${log}`));
  });
  return await found.promise;
}

async function lookUntil<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  const deadline = AbortSignal.timeout(WITHIN_MS);
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (deadline.aborted) throw new Error(`not within ${String(WITHIN_MS)} ms; last seen: ${JSON.stringify(seen)}`);
    await wait(LOOK_EVERY_MS);
  }
}
