/** A port whose kernel lets nobody in any more: the process never accepts and its backlog is full, so that a SYN is dropped. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Listening } from './misbehaving.ts';

/** Linux lets one more in than the backlog says; the next SYN is answered by nobody. */
const BACKLOG = 1;
const FILLERS = BACKLOG + 3;
const SETTLED_MS = 200;

/** The thread listens, says where, and sleeps for good. */
const LISTENER = `
const { createServer } = require('node:net');
const { parentPort } = require('node:worker_threads');
const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: ${String(BACKLOG)} }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;

/** Resolves when no more connections come to stand. */
export async function serveUnaccepting(): Promise<Listening> {
  const worker = new Worker(LISTENER, { eval: true });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const fillers = Array.from({ length: FILLERS }, () => connect(port, '127.0.0.1'));
  await noMoreConnect(fillers);
  return {
    address: { host: '127.0.0.1', port },
    [Symbol.asyncDispose]: async () => {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

/** The kernel says nothing when a backlog is full; no connection for a while is the sign. */
async function noMoreConnect(fillers: readonly Socket[]): Promise<void> {
  await new Promise<void>((resolve) => {
    let timer = setTimeout(resolve, SETTLED_MS);
    for (const filler of fillers) {
      filler.on('error', () => filler.destroy());
      filler.once('connect', () => {
        clearTimeout(timer);
        timer = setTimeout(resolve, SETTLED_MS);
      });
    }
  });
}
