/** kubectl, as the tests use it: objects in, objects out, every call bounded. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { KubernetesObject } from '../mesh/objects.ts';

export interface KubectlOptions {
  readonly input?: string;
  /** @default 60 000 */
  readonly withinMs?: number;
  readonly kubeconfig?: string;
}

/** What it printed. Rejects with its own words when it fails. */
export async function kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<string> {
  const { input, withinMs = 60_000, kubeconfig } = options;
  const child = execFile('kubectl', [...args], {
    timeout: withinMs,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    ...(kubeconfig !== undefined && { env: { ...process.env, KUBECONFIG: kubeconfig } }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text: string) => (stdout += text));
  child.stderr?.on('data', (text: string) => (stderr += text));
  child.stdin?.on('error', () => undefined).end(input ?? '');
  const [status] = (await once(child, 'close')) as readonly unknown[];
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || `ended with ${String(status)}`}`);
  return stdout;
}

export async function apply(objects: readonly KubernetesObject[]): Promise<void> {
  if (objects.length > 0) await kubectl(['apply', '-f', '-'], { input: listOf(objects) });
}

/** Gone when it resolves, pods included; what is not there is gone. */
export async function remove(
  objects: readonly Pick<KubernetesObject, 'apiVersion' | 'kind' | 'metadata'>[],
): Promise<void> {
  if (objects.length === 0) return;
  await kubectl(['delete', '--ignore-not-found', '--wait=true', '--cascade=foreground', '-f', '-'], {
    input: listOf(objects),
    withinMs: 120_000,
  });
}

function listOf(items: readonly unknown[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

export interface Found {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** `args` as after `kubectl get`. */
export async function get(...args: readonly string[]): Promise<readonly Found[]> {
  const answer = JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as Found & { items?: readonly Found[] };
  return answer.items ?? [answer];
}

/** Every Deployment of the namespaces has all its pods, ready and of its present template. */
export async function rolledOut(namespaces: readonly string[]): Promise<void> {
  const deployments = await get('deployments', '-A');
  await Promise.all(
    deployments
      .filter((deployment) => namespaces.includes(deployment.metadata.namespace ?? '') && !isRolledOut(deployment))
      .map(({ metadata: { name, namespace = '' } }) =>
        kubectl(['rollout', 'status', '-n', namespace, `deployment/${name}`, '--timeout=90s'], { withinMs: 100_000 }),
      ),
  );
}

/** As `kubectl rollout status` decides it (kubernetes: kubectl/pkg/polymorphichelpers/rollout_status.go). */
function isRolledOut({ metadata: { generation = 0 }, spec = {}, status = {} }: Found): boolean {
  const wanted = spec['replicas'];
  const { observedGeneration = 0, replicas, updatedReplicas, availableReplicas } = status;
  return (
    Number(observedGeneration) >= generation &&
    [replicas, updatedReplicas, availableReplicas].every((count) => count === wanted)
  );
}

/** Asks until the answer is yes; rejects with the question when it is not in time. */
export async function eventually(what: string, isSo: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error(`not within ${String(withinMs)} ms: ${what}`);
    await pause(250);
  }
}

/** Between two questions to a cluster, whose clock cannot be turned. */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
