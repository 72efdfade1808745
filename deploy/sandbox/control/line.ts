/** One line of text from a connection. */
import type { Socket } from 'node:net';

/**
 * Without its newline. Rejects where more than `maxBytes` come without one, where the connection ends before, and with the
 * signal's reason when that aborts. What comes after the line is thrown away.
 */
export function readLine(socket: Socket, maxBytes: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (end: () => void): void => {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      signal.removeEventListener('abort', onAbort);
      // Nobody reads any more, and a connection that nobody reads does not tell its end.
      socket.resume();
      end();
    };
    const fail = (error: unknown): void => {
      settle(() => {
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    };
    const onData = (chunk: Buffer): void => {
      const newline = chunk.indexOf(10);
      chunks.push(newline === -1 ? chunk : chunk.subarray(0, newline));
      length += chunk.length;
      if (newline !== -1 && length - (chunk.length - newline) <= maxBytes) {
        settle(() => {
          resolve(Buffer.concat(chunks).toString());
        });
      } else if (length > maxBytes) {
        fail(new Error(`more than ${String(maxBytes)} bytes without a newline`));
      }
    };
    const onEnd = (): void => {
      fail(new Error('the connection ended before the end of the line'));
    };
    const onAbort = (): void => {
      fail(signal.reason);
    };
    if (signal.aborted) {
      fail(signal.reason);
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('data', onData).on('end', onEnd).on('close', onEnd);
  });
}
