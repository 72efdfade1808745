/** The chart of this checkout, put into the cluster by Helm itself. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { realHelm } from '../../support/helm.ts';

const run = promisify(execFile);
export const CHART = fileURLToPath(new URL('../../../deploy/helm/meshproof', import.meta.url));

export interface HelmIn {
  readonly namespace: string;
  /** For what Helm keeps for itself. */
  readonly home: string;
  readonly withinMs: number;
}

/** What it printed. Rejects with its own words when it fails. */
export async function helm(args: readonly string[], { namespace, home, withinMs }: HelmIn): Promise<string> {
  const found = realHelm();
  if ('missing' in found) throw new Error(found.missing);
  const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  const { stdout } = await run(found.binary, [...args, '--namespace', namespace], { env, timeout: withinMs });
  return stdout;
}

/** As `--set` takes it; the tag is what follows the last colon. */
export function imageValues(image: string): readonly string[] {
  const at = image.lastIndexOf(':');
  return ['--set', `image.repository=${image.slice(0, at)},image.tag=${image.slice(at + 1)}`];
}
