/** An app that speaks HTTP to whoever speaks HTTP and bytes to everyone else, so that one port serves every row of a truth table. */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { once } from 'node:events';
import type { Address } from '../../proto/vocabulary.ts';

/** What a byte answer begins with; the banner is sent before the client says anything. */
export const BYTE_ANSWER = 'bytes:';
export const BANNER = 'banner\n';

export interface TwoFacedApp extends AsyncDisposable {
  readonly address: Address;
}

/** HTTP requests get 200 and `xfcc=<x-forwarded-client-cert, or ->`; other bytes get `bytes:` and their hexadecimal start. */
export async function startTwoFacedApp(options: { readonly hasBanner: boolean }): Promise<TwoFacedApp> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    if (options.hasBanner) socket.write(BANNER);
    socket.on('data', (bytes) => {
      socket.write(answerTo(bytes));
    });
  });
  const address = await listen(server);
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function answerTo(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (!/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(text)) return `${BYTE_ANSWER}${bytes.subarray(0, 8).toString('hex')}\n`;
  const xfcc = /^x-forwarded-client-cert: (?<value>.*)\r$/im.exec(text)?.groups?.['value'] ?? '-';
  const body = `xfcc=${xfcc}`;
  return `HTTP/1.1 200 OK\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;
}

async function listen(server: Server): Promise<Address> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the app has no port');
  return { host: '127.0.0.1', port: bound.port };
}
