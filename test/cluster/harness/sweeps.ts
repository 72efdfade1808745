/** Sweeps as a user starts them: the command line, with a kubeconfig, from outside the cluster. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cell, Sweep } from '../../../controller/judge/finding.ts';
import { CliProcess } from '../../support/cli-process.ts';
import { OWN_NAMESPACE } from '../mesh/lane.ts';
import { get } from './kubectl.ts';

export interface SweepSetting {
  readonly namespaces: readonly string[];
  /** More options of `matrix`. */
  readonly options?: readonly string[];
  /** Where meshproof is installed. @default the lane's own */
  readonly ownNamespace?: string;
  /** @default KUBECONFIG */
  readonly kubeconfig?: string;
}

export interface Swept {
  readonly status: number | null;
  /** Undefined: there is no result. */
  readonly sweep: Sweep | undefined;
  readonly stderr: string;
}

/** Filters of the cluster's own, which meshproof does not model; whoever runs tests on a cluster knows them harmless. */
export async function trustedObjects(): Promise<readonly string[]> {
  filters ??= get('envoyfilters.networking.istio.io', '-A');
  return (await filters).map(({ metadata: { namespace = '', name } }) => `EnvoyFilter/${namespace}/${name}`);
}

let filters: ReturnType<typeof get> | undefined;

/** A running `meshproof matrix`; its result goes to the standard output. */
export function startMatrix(setting: SweepSetting): CliProcess {
  const { namespaces, options = [], ownNamespace = OWN_NAMESPACE, kubeconfig } = setting;
  const chosen = namespaces.flatMap((namespace) => ['-n', namespace]);
  const args = ['matrix', '--own-namespace', ownNamespace, ...chosen, ...options];
  return new CliProcess(args, { env: { KUBECONFIG: kubeconfig ?? process.env['KUBECONFIG'] ?? '' } });
}

export async function sweepOnce(setting: SweepSetting): Promise<Swept> {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-sweep-'));
  try {
    const file = join(folder, 'sweep.json');
    const trusted = (await trustedObjects()).flatMap((object) => ['--trust', object]);
    const options = ['-o', 'json', '--output-file', file, ...trusted, ...(setting.options ?? [])];
    await using running = startMatrix({ ...setting, options });
    const { status } = await running.ended;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    const sweep = text === undefined ? undefined : (JSON.parse(text) as Sweep);
    return { status, sweep, stderr: running.stderr };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** All that a sweep has found, each kind once and in order: `conflict SEVERITY CODE`, `DRIFT CODE`. */
export function findingsOf({ cells, conflicts }: Sweep): readonly string[] {
  const drifted = cells
    .filter(({ drift }) => drift !== 'agrees')
    .map(({ drift, cause }) => `${drift} ${cause?.code ?? 'without a cause'}`);
  const disagreeing = conflicts.map(({ severity, cause }) => `conflict ${severity} ${cause.code}`);
  return [...new Set([...disagreeing, ...drifted])].sort();
}

/** What to read when a sweep is not as expected: one line a finding, with what was seen. */
export function story({ cells, conflicts, verdict }: Sweep): string {
  const odd = cells.filter(({ drift }) => drift !== 'agrees').map(lineOf);
  const disagreeing = conflicts.map(({ severity, cause, isConfirmed }) => {
    return `${severity} ${cause.code} ${isConfirmed ? '' : 'unconfirmed '}${cause.message}`;
  });
  return [`${verdict.value}: ${verdict.why} (${JSON.stringify(verdict.counts)})`, ...disagreeing, ...odd].join('\n');
}

function lineOf({ key, drift, cause, expectation, attempts, outcome }: Cell): string {
  const seen = attempts.length === 0 ? [outcome] : attempts.map((attempt) => attempt.outcome);
  return `${drift} ${cause?.code ?? '-'} ${key}: ${expectation.outcome}, but ${JSON.stringify(seen)}; ${cause?.message ?? ''}`;
}

/** `namespace/account plane`, as tests name callers. */
export function callerOf({ vantage }: Pick<Cell, 'vantage'>): string {
  return `${vantage.namespace}/${vantage.serviceAccount} ${vantage.dataPlane}`;
}

/** Cells from a caller to a service port. */
export function cellsBetween({ cells }: Sweep, from: string, to: string): readonly Cell[] {
  return cells.filter((cell) => cell.table === 'reachability' && callerOf(cell) === from && targetOf(cell) === to);
}

/** `namespace/name:port`. */
export function targetOf({ target }: Pick<Cell, 'target'>): string {
  return `${target.namespace}/${target.name}:${String(target.port)}`;
}
