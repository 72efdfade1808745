/** The command line as a child process, through the launcher in bin/. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../bin/meshproof.js', import.meta.url));

/** Sandboxes of one test file find each other there, and none of another file's. Short: a socket's path is. */
const RUNTIME = mkdtempSync(join(tmpdir(), 'mp-'));
process.once('exit', () => {
  rmSync(RUNTIME, { recursive: true, force: true });
});

export interface CliProcessSetting {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node itself, before the launcher. */
  readonly nodeOptions?: readonly string[];
}

export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running command; whoever starts one disposes it, and then it is gone. */
export class CliProcess implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ending>;
  readonly #child;

  constructor(args: readonly string[], { cwd, env = {}, nodeOptions = [] }: CliProcessSetting = {}) {
    this.#child = spawn(process.execPath, [...nodeOptions, LAUNCHER, ...args], {
      cwd,
      env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], XDG_RUNTIME_DIR: RUNTIME, ...env },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#child.stdin.on('error', () => undefined);
    this.ended = once(this.#child, 'close').then((values) => ({
      status: values[0] as number | null,
      signal: values[1] as NodeJS.Signals | null,
    }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** As `| head` does when it has seen enough. */
  closeOutput(): void {
    this.#child.stdout.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when a stream has said this; rejects when the process ends without. */
  async says(stream: 'stdout' | 'stderr', text: string | RegExp): Promise<void> {
    const found = (): boolean => this[stream].search(text) !== -1;
    while (!found()) {
      const ending = await Promise.race([this.ended, once(this.#child[stream], 'data')]);
      if (!Array.isArray(ending) && !found()) throw new Error(`ended without saying ${String(text)}: ${this.stderr}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** Processes whose parent is `pid`, and theirs, from /proc. */
export async function descendantsOf(pid: number): Promise<readonly number[]> {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').catch(() => '');
  const children = text
    .split(' ')
    .filter((part) => part !== '')
    .map(Number);
  const deeper = await Promise.all(children.map(descendantsOf));
  return [...children, ...deeper.flat()];
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
