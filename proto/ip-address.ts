/** IP addresses as bytes. */
import { isIPv4 } from 'node:net';

/** Four bytes, in the order of the network. */
export function ipv4Bytes(host: string): Buffer {
  return Buffer.from(host.split('.').map(Number));
}

/** Sixteen bytes; an IPv4 address is mapped (RFC 4291, section 2.5.5.2). */
export function ipv6Bytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), ipv4Bytes(host)]);
  const bytes = Buffer.alloc(16);
  const [before = '', after] = expandDotted(host.replace(/%.*$/, '')).split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  for (const [index, group] of head.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  for (const [index, group] of tail.entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 16 - (tail.length - index) * 2);
  }
  return bytes;
}

/** `::ffff:127.0.0.1` with its last 32 bits as two groups. */
function expandDotted(host: string): string {
  const dotted = /(\d+\.\d+\.\d+\.\d+)$/.exec(host)?.[1];
  if (dotted === undefined) return host;
  const bytes = ipv4Bytes(dotted);
  return host.slice(0, -dotted.length) + `${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`;
}
