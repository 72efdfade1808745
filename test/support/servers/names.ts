/** A small name server on loopback, over UDP and TCP, that answers as it is told. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface NameServer extends AsyncDisposable {
  /** As `host:port`. */
  readonly server: string;
}

export interface NameAnswer {
  /** RFC 1035, section 4.1.1: 0 no error, 1 format error, 2 server failure, 3 no such name, 5 refused. */
  readonly code?: number;
  /** IPv4 addresses. */
  readonly addresses?: readonly string[];
  /** The name that the name stands for, as a CNAME. */
  readonly alias?: string;
}

/** What to say to a question; undefined: nothing; a buffer: these bytes, after the question's own number. */
export type Answering = (query: Buffer) => NameAnswer | Buffer | undefined;

/** What fits into a datagram of the usual size; what does not is asked for again over TCP. */
const DATAGRAM_BYTES = 1_232;
const HEADER_BYTES = 12;
const TRUNCATED = 0x02;

export async function serveNames(answering: Answering): Promise<NameServer> {
  const tcp = createServer();
  const open = new Set<Socket>();
  tcp.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (bytes) => {
      const reply = replyTo(bytes.subarray(2), answering);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply?.length ?? 0);
      if (reply !== undefined) socket.end(Buffer.concat([length, reply]));
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', (query, from) => {
    const reply = replyTo(query, answering);
    if (reply !== undefined) udp.send(fitted(reply), from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  return {
    server: `127.0.0.1:${String(port)}`,
    [Symbol.asyncDispose]: async () => {
      const closed = [once(tcp, 'close'), once(udp, 'close')];
      tcp.close();
      udp.close();
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function replyTo(query: Buffer, answering: Answering): Buffer | undefined {
  const answer = answering(query);
  if (answer === undefined) return undefined;
  if (Buffer.isBuffer(answer)) return Buffer.concat([query.subarray(0, 2), answer]);
  const question = query.subarray(HEADER_BYTES, questionEnd(query));
  const records = [
    ...(answer.alias === undefined ? [] : [record(5, encodedName(answer.alias))]),
    ...(answer.addresses ?? []).map((address) => record(1, Buffer.from(address.split('.').map(Number)))),
  ];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header[2] = 0x81;
  header[3] = 0x80 | (answer.code ?? 0);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}

function fitted(reply: Buffer): Buffer {
  if (reply.length <= DATAGRAM_BYTES) return reply;
  const short = Buffer.from(reply.subarray(0, questionEnd(reply)));
  short[2] = (short[2] ?? 0) | TRUNCATED;
  short.writeUInt16BE(0, 6);
  return short;
}

/** After the name of the first question, its type and its class. */
function questionEnd(message: Buffer): number {
  let at = HEADER_BYTES;
  while ((message[at] ?? 0) !== 0) at += (message[at] ?? 0) + 1;
  return at + 5;
}

/** Of the name that was asked for (a pointer to it), in class IN, not to be kept. */
function record(type: number, value: Buffer): Buffer {
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 0, 0, value.length]);
  return Buffer.concat([head, value]);
}

function encodedName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.from([0])]);
}
