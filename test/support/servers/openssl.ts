/** A real `openssl s_server`, which sends the alerts that a server in Node has no way to send. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestCertificate } from '../certificates.ts';
import type { Listening } from './misbehaving.ts';

const STARTS_WITHIN_MS = 10_000;

/** Answers GET with a page about the connection. @param options On top of certificate, key and trusted root. */
export async function serveOpenssl(
  served: TestCertificate,
  rootPem: string,
  options: readonly string[],
): Promise<Listening> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-openssl-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [certificate, root] = [join(folder, 'served.pem'), join(folder, 'root.pem')];
  await writeFile(certificate, `${served.key}${served.chain}`, { mode: 0o600 });
  await writeFile(root, rootPem);
  const files = ['-cert', certificate, '-key', certificate, '-CAfile', root];
  const args = ['s_server', '-accept', '127.0.0.1:0', ...files, '-www', ...options];
  const server = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'] });
  stack.defer(async () => {
    const exited = once(server, 'exit');
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await exited;
  });
  const port = await accepted(server.stdout);
  const lifetime = stack.move();
  return { address: { host: '127.0.0.1', port }, [Symbol.asyncDispose]: () => lifetime.disposeAsync() };
}

/** It says `ACCEPT 127.0.0.1:34567` once it listens. */
async function accepted(output: NodeJS.ReadableStream): Promise<number> {
  const lines = createInterface({ input: output });
  const signal = AbortSignal.timeout(STARTS_WITHIN_MS);
  const end = (): void => {
    lines.close();
  };
  signal.addEventListener('abort', end, { once: true });
  for await (const line of lines) {
    const port = /^ACCEPT .*:(\d+)$/.exec(line)?.[1];
    if (port !== undefined) {
      output.resume();
      return Number(port);
    }
  }
  throw new Error('openssl s_server did not begin to listen');
}
