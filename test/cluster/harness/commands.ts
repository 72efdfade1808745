/** The command line as a user of the cluster types it, where it is not a sweep alone. */
import { CliProcess } from '../../support/cli-process.ts';
import { OWN_NAMESPACE } from '../mesh/lane.ts';
import { trustedObjects } from './sweeps.ts';

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of the installation in `ownNamespace`. */
export async function meshproof(args: readonly string[], ownNamespace = OWN_NAMESPACE): Promise<Said> {
  const env = { KUBECONFIG: process.env['KUBECONFIG'] ?? '' };
  await using running = new CliProcess([...args, '--own-namespace', ownNamespace, '--quiet'], { env });
  const { status } = await running.ended;
  return { status, stdout: running.stdout, stderr: running.stderr };
}

/** As every command takes it that judges. */
export async function trustOptions(): Promise<readonly string[]> {
  return (await trustedObjects()).flatMap((object) => ['--trust', object]);
}

export function scopeOptions(namespaces: readonly string[]): readonly string[] {
  return namespaces.flatMap((namespace) => ['-n', namespace]);
}

/** For the message of an assertion. */
export function words({ status, stdout, stderr }: Said): string {
  return `status ${String(status)}\n${stdout}\n${stderr}`;
}
