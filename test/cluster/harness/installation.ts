/** Meshproof in the cluster, put there as a user does it, and what is known of it. */
import { CliProcess } from '../../support/cli-process.ts';
import { ANY_PREFIX, OWN_NAMESPACE, PREFIX } from '../mesh/lane.ts';
import { get, kubectl } from './kubectl.ts';

/** What `meshproof install` prints. */
export async function installationManifests(
  image: string,
  options: readonly string[] = [],
  ownNamespace = OWN_NAMESPACE,
): Promise<string> {
  await using printing = new CliProcess(['install', '--image', image, '--own-namespace', ownNamespace, ...options]);
  const { status } = await printing.ended;
  if (status !== 0) throw new Error(`install ended with ${String(status)}: ${printing.stderr}`);
  return printing.stdout;
}

/** Of the lane; also mends one that a test has changed. */
export async function install(image: string): Promise<void> {
  await kubectl(['apply', '-f', '-'], { input: await installationManifests(image) });
}

export async function uninstall(ownNamespace: string): Promise<void> {
  const manifests = await installationManifests('none', [], ownNamespace);
  await kubectl(['delete', '--ignore-not-found', '--wait=true', '-f', '-'], { input: manifests, withinMs: 120_000 });
}

/** Jobs and pods that sweeps of the lane have made and that are there, `kind namespace/name`. */
export async function traces(sweepId?: string): Promise<readonly string[]> {
  return tracesIn(PREFIX, sweepId === undefined ? 'meshproof.io/sweep' : `meshproof.io/sweep=${sweepId}`);
}

/** As `traces`, of all lanes. */
export async function tracesOfAll(): Promise<readonly string[]> {
  return tracesIn(ANY_PREFIX, 'meshproof.io/sweep');
}

/** Other people may measure in the same cluster. */
async function tracesIn(prefix: string, selector: string): Promise<readonly string[]> {
  const found = await get('jobs,pods', '-A', '-l', selector);
  const ours = found.filter(({ metadata: { namespace = '' } }) => namespace.startsWith(prefix));
  return ours.map(({ kind, metadata: { namespace = '', name } }) => `${kind} ${namespace}/${name}`).sort();
}
