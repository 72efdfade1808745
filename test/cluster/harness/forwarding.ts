/** A port of this machine that leads to a Service, as `kubectl port-forward` makes it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Forwarding extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
}

export async function forward(namespace: string, service: string, port: number): Promise<Forwarding> {
  const child = spawn('kubectl', ['port-forward', '-n', namespace, `service/${service}`, `:${String(port)}`]);
  // Each connection is told; nobody reads it.
  child.stderr.resume();
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'close')])) as readonly unknown[];
  child.stdout.resume();
  const [, chosen] = /127\.0\.0\.1:(\d+)/.exec(String(said)) ?? [];
  if (chosen === undefined) throw new Error(`no way to ${service} of ${namespace}: ${String(said)}`);
  return {
    address: `http://127.0.0.1:${chosen}`,
    [Symbol.asyncDispose]: async () => {
      const isOver = child.exitCode === null ? once(child, 'close') : undefined;
      child.kill();
      await isOver;
    },
  };
}
