/** Joins two connections, and closes one as Envoy's TCP proxy does when there is no other. */
import type { Socket } from 'node:net';
import { finished } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Each side's end is passed on; when one side breaks off, the other is closed. */
export function join(downstream: Socket, upstream: Socket): void {
  const pass = (from: Socket, to: Socket): void => {
    from.on('error', () => undefined);
    // Also where the end was told before the two were joined.
    finished(from, { writable: false }, (abrupt) => {
      if (!abrupt) to.end();
    });
    // An abrupt end of one side becomes an orderly end of the other (measured on Envoy 1.36: RST upstream, FIN downstream).
    finished(from, () => {
      to.destroySoon();
    });
    from.pipe(to, { end: false });
  };
  pass(downstream, upstream);
  pass(upstream, downstream);
}

/**
 * FIN (after close_notify on TLS); RST where bytes of the client are still unread, as the kernel does when a proxy closes
 * a connection that it never read from.
 */
export function close(downstream: Socket): void {
  if (downstream.readableLength > 0 && !(downstream instanceof TLSSocket)) downstream.resetAndDestroy();
  else downstream.destroySoon();
}

/** FIN (after close_notify on TLS), whatever was left unread. */
export function closeOrderly(downstream: Socket): void {
  downstream.destroySoon();
}
