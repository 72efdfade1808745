/** An address that swallows connections: its listener never accepts, and once its queue is full the kernel drops each SYN. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Address } from '../../../proto/vocabulary.ts';
import { Worker } from './worker.ts';

export interface BlackHole extends AsyncDisposable {
  readonly address: Address;
}

/** A backlog of 1 takes two connections; one more shows that nothing more is taken. */
const FILLERS = 3;

export async function startBlackHole(signal: AbortSignal): Promise<BlackHole> {
  await using started = new AsyncDisposableStack();
  const worker = started.use(new Worker<'listen', Address>(new URL('black-hole-process.ts', import.meta.url)));
  const address = await worker.ask('listen', signal);
  process.kill(worker.pid, 'SIGSTOP');
  for (let filler = 0; filler < FILLERS; filler += 1) {
    const socket = started.adopt(connect(address.port, address.host), (open: Socket) => {
      open.destroy();
    });
    socket.on('error', () => undefined);
  }
  const lifetime = started.move();
  return { address, [Symbol.asyncDispose]: () => lifetime.disposeAsync() };
}
