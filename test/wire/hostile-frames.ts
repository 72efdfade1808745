/** A process that meets header blocks which do not end well, again and again; it writes how many when it is through. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { startResponder } from '../../agent/responder.ts';
import { probeOnce } from '../support/probing.ts';
import { headers, MORE_HEADERS, settings } from '../support/servers/frames.ts';
import { HTTP2 } from './zoo/http2.ts';

const ROUNDS = 40;
/** At once: one connection ends while garbage of the others is collected. */
const IN_FLIGHT = 24;
const PATIENCE_MS = 5_000;
const LOOPBACK = { host: '127.0.0.1', port: 0 };
const TARGETS = HTTP2.filter(({ name }) => /continues its headers|thousand headers/.test(name));

/** A request, and trailers of more pieces than nghttp2 takes: the whole connection ends within them. */
const FATAL = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  settings(),
  headers([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/grpc.health.v1.Health/Check'],
    [':authority', 'x'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ]),
  headers([['x', 'y']], { isWhole: false }),
  ...Array<Buffer>(20).fill(MORE_HEADERS),
]);

const WAYS: Readonly<Record<string, () => Promise<void>>> = { target, caller };

const way = WAYS[process.argv[2] ?? ''];
if (way === undefined) throw new Error(`one of ${Object.keys(WAYS).join(', ')}`);
await way();
process.stdout.write(String(ROUNDS * IN_FLIGHT));
process.exit();

async function target(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const stages = await Promise.all(TARGETS.map(async (animal) => ({ animal, stage: stack.use(await animal.serve()) })));
  const deadlines = { connectTimeoutMs: PATIENCE_MS, timeoutMs: PATIENCE_MS };
  await rounds(async (index) => {
    const one = stages[index % stages.length];
    if (one !== undefined) await probeOnce(one.animal.probe, one.stage.address, deadlines);
  });
}

async function caller(): Promise<void> {
  const listeners = [{ address: LOOPBACK, protocol: 'grpc', setsXfcc: false }] as const;
  const { signal } = new AbortController();
  await using responder = await startResponder({ pod: 'meshproof/prober', listeners, signal });
  const [address = LOOPBACK] = responder.addresses;
  await rounds(() => send(connect(address)));
}

async function rounds(attempt: (index: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(Array.from({ length: IN_FLIGHT }, (_, index) => attempt(index)));
  }
}

/** Until the other side closes. */
async function send(socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy());
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.resume();
  socket.write(FATAL);
  await once(socket, 'close');
}
