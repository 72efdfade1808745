/** One Envoy process: started from a configuration, ready when it says so, ended when disposed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MeshproofError } from '../../../proto/errors.ts';
import { identityOf, identityText } from '../process-identity.ts';
import type { Message } from './message.ts';
import { ADMIN_SOCKET, IDENTITY_FILE } from './orphans.ts';

const READY_DEADLINE_MS = 20_000;
const READY_POLL_MS = 40;
const TERMINATE_GRACE_MS = 2_000;
const LOG_LINES = 12;

export interface EnvoyProcessOptions {
  readonly binary: string;
  /** Private to this process; made here, removed by whoever owns the folder above it. */
  readonly folder: string;
  /** For messages: the pod whose proxy this is. */
  readonly pod: string;
  readonly configure: (adminSocket: string) => Message;
  /** Called once if the process ends after it was ready and before it was disposed. */
  readonly onUnexpectedEnd: (error: MeshproofError) => void;
}

interface Running {
  readonly child: ChildProcess;
  /** Resolves when the process is over, or could not be started at all. */
  readonly ended: Promise<Error | undefined>;
}

/** Nothing runs before `start`; nothing runs after disposal, whatever happened in between. */
export class EnvoyProcess implements AsyncDisposable {
  readonly #options: EnvoyProcessOptions;
  #running: Running | undefined;
  #isDisposed = false;

  constructor(options: EnvoyProcessOptions) {
    this.#options = options;
  }

  /** Resolves when the proxy says that it is ready; rejects with MPE_PORT_IN_USE, MPE_DATA_PLANE_MISSING or MPE_DATA_PLANE_FAILED. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { folder, configure, onUnexpectedEnd } = this.#options;
    await mkdir(folder, { mode: 0o700 });
    await writeFile(this.#path('config.json'), JSON.stringify(configure(this.#path(ADMIN_SOCKET))), { mode: 0o600 });
    const running = await this.#spawn();
    this.#running = running;
    const { pid } = running.child;
    if (pid !== undefined) await writeFile(this.#path(IDENTITY_FILE), identityText(await identityOf(pid)));
    await this.#ready(running, signal);
    void running.ended.then(async () => {
      if (!this.#isDisposed) onUnexpectedEnd(await this.#failure('ended by itself'));
    });
  }

  /** For a program that ends without disposal: does not wait. */
  kill(): void {
    this.#running?.child.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    if (this.#running === undefined) return;
    const { child, ended } = this.#running;
    child.kill('SIGTERM');
    const grace = new AbortController();
    const expired = sleep(TERMINATE_GRACE_MS, undefined, { signal: grace.signal }).then(
      () => child.kill('SIGKILL'),
      () => false,
    );
    await ended;
    grace.abort();
    await expired;
  }

  async #spawn(): Promise<Running> {
    await using log = await open(this.#path('log'), 'a', 0o600);
    const args = ['-c', this.#path('config.json'), '--concurrency', '1', '--disable-hot-restart', '-l', 'warning'];
    const child = spawn(this.#options.binary, args, { stdio: ['ignore', log.fd, log.fd] });
    const ended = new Promise<Error | undefined>((resolve) => {
      child.once('error', resolve);
      child.once('exit', () => {
        resolve(undefined);
      });
    });
    return { child, ended };
  }

  async #ready({ ended }: Running, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.timeout(READY_DEADLINE_MS);
    const either = AbortSignal.any([signal, deadline]);
    const over = ended.then((cause) => ({ cause }));
    while (!(await answersReady(this.#path(ADMIN_SOCKET), either))) {
      const end = await Promise.race([over, sleep(READY_POLL_MS)]);
      if (end?.cause !== undefined) throw this.#missing(end.cause);
      if (end !== undefined) throw await this.#failure('ended while it started');
      signal.throwIfAborted();
      if (deadline.aborted) throw await this.#failure('was not ready in time');
    }
  }

  #missing(cause: Error): MeshproofError {
    return new MeshproofError('MPE_DATA_PLANE_MISSING', `cannot start ${this.#options.binary}: ${cause.message}`, {
      cause,
    });
  }

  async #failure(what: string): Promise<MeshproofError> {
    const { pod } = this.#options;
    // The folder goes with the data plane, which may end at the same time.
    const log = await readFile(this.#path('log'), 'utf8').catch(() => '');
    const lines = log.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
    const taken = /cannot bind '(?<address>[^']+)': Address already in use/.exec(lines)?.groups?.['address'];
    if (taken !== undefined) {
      return new MeshproofError('MPE_PORT_IN_USE', `the Envoy of ${pod} cannot listen on ${taken}: it is taken`);
    }
    return new MeshproofError('MPE_DATA_PLANE_FAILED', `the Envoy of ${pod} ${what}:\n${lines}`);
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }
}

/** One question to the admin endpoint; a socket that is not there yet, or any other fault, counts as not ready. */
async function answersReady(socketPath: string, signal: AbortSignal): Promise<boolean> {
  const question = request({ socketPath, path: '/ready', agent: false, signal });
  question.end();
  try {
    const [response] = (await once(question, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}
