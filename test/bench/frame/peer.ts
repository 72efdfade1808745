/** A program that is measured beside ours: found on this machine, started, ended. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const NOT_INSTALLED = 'not installed (test/bench/install-peers.sh)';

const COMPONENTS = process.env['MESHPROOF_COMPONENTS'] ?? join(homedir(), '.cache', 'meshproof-components');
const READY_WITHIN_MS = 10_000;
const KEPT_TEXT = 2_000;

/** Path of the program, or undefined where it is not installed. */
export function findPeer(name: string): string | undefined {
  const folders = [join(COMPONENTS, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A port of 127.0.0.1 that was free a moment ago: the peers cannot say which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export class Peer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #text = '';

  private constructor(path: string, args: readonly string[]) {
    this.#child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text = (this.#text + text).slice(-KEPT_TEXT);
      });
    }
  }

  /** Resolves when the URL answers; rejects with what the program said last where it does not. */
  static async start(path: string, args: readonly string[], readyUrl: string, signal: AbortSignal): Promise<Peer> {
    const peer = new Peer(path, args);
    const untilMs = performance.now() + READY_WITHIN_MS;
    while (!(await answers(readyUrl, signal))) {
      if (peer.#child.exitCode !== null || performance.now() > untilMs || signal.aborted) {
        await peer[Symbol.asyncDispose]();
        throw new Error(`${path} is not ready: ${peer.#text}`);
      }
      await sleep(50);
    }
    return peer;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
