/** Meshproof in the cluster, put there as a user does it, and what is known of it. */
import { CRON_JOB } from '../../../controller/install/names.ts';
import { CliProcess } from '../../support/cli-process.ts';
import { get, kubectl } from './kubectl.ts';
import { PREFIX } from '../mesh/healthy.ts';
import { OWN_NAMESPACE } from './sweeps.ts';

/** What `meshproof install` prints. */
export async function installationManifests(image: string, options: readonly string[] = []): Promise<string> {
  await using printing = new CliProcess(['install', '--image', image, '--own-namespace', OWN_NAMESPACE, ...options]);
  const { status } = await printing.ended;
  if (status !== 0) throw new Error(`install ended with ${String(status)}: ${printing.stderr}`);
  return printing.stdout;
}

export async function install(image: string): Promise<void> {
  await kubectl(['apply', '-f', '-'], { input: await installationManifests(image) });
}

export async function uninstall(): Promise<void> {
  const manifests = await installationManifests('none');
  await kubectl(['delete', '--ignore-not-found', '--wait=true', '-f', '-'], { input: manifests, withinMs: 120_000 });
}

/** The image that the installation runs, and the witnesses with it. */
export async function installedImage(): Promise<string> {
  const image = await kubectl([
    ...['get', 'cronjob', CRON_JOB, '-n', OWN_NAMESPACE],
    ...['-o', 'jsonpath={.spec.jobTemplate.spec.template.spec.containers[0].image}'],
  ]);
  return image;
}

/** Jobs and pods that sweeps of the tests have made and that are there, `kind namespace/name`. */
export async function traces(sweepId?: string): Promise<readonly string[]> {
  const selector = sweepId === undefined ? 'meshproof.io/sweep' : `meshproof.io/sweep=${sweepId}`;
  const found = await get('jobs,pods', '-A', '-l', selector);
  // Other people may measure in the same cluster.
  const ours = found.filter(({ metadata: { namespace = '' } }) => namespace.startsWith(PREFIX));
  return ours.map(({ kind, metadata: { namespace = '', name } }) => `${kind} ${namespace}/${name}`).sort();
}
