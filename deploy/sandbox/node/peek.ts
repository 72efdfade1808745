/** Looks at a connection's first bytes without taking them. */
import type { Duplex } from 'node:stream';

/**
 * Resolves with what `decide` makes of the bytes so far, as soon as it makes something of them; the bytes are then still
 * to be read. Resolves with undefined when the connection ends before.
 */
export function peek<T>(stream: Duplex, decide: (bytes: Buffer) => T | undefined): Promise<T | undefined> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const settle = (decision: T | undefined): void => {
      stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      if (bytes.length > 0 && !stream.destroyed && !stream.readableEnded) stream.unshift(bytes);
      resolve(decision);
    };
    const onReadable = (): void => {
      for (let chunk = take(stream); chunk !== null; chunk = take(stream)) bytes = Buffer.concat([bytes, chunk]);
      const decision = bytes.length === 0 ? undefined : decide(bytes);
      if (decision !== undefined) settle(decision);
    };
    const onEnd = (): void => {
      settle(undefined);
    };
    // An end that was told before somebody listened is not told again.
    if (stream.readableEnded || stream.destroyed) resolve(undefined);
    else stream.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
  });
}

function take(stream: Duplex): Buffer | null {
  return stream.read() as Buffer | null;
}
