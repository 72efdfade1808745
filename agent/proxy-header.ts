/** PROXY protocol version 2: tells a capture point where a connection was going. */
import { isIPv6 } from 'node:net';
import type { Address } from '../proto/vocabulary.ts';

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const VERSION_2_PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

/**
 * The header for a connection from `source` to `destination` (haproxy: doc/proxy-protocol.txt, section 2.2). Both hosts
 * are IP addresses; where the families differ, both are written as IPv6 (mapped).
 */
export function proxyHeader(source: Address, destination: Address): Buffer {
  const isV6 = isIPv6(source.host) || isIPv6(destination.host);
  const hosts = [source.host, destination.host].map((host) => (isV6 ? ipv6Bytes(host) : ipv4Bytes(host)));
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const addresses = Buffer.concat([...hosts, ports]);
  const head = Buffer.from([VERSION_2_PROXY, isV6 ? TCP_OVER_IPV6 : TCP_OVER_IPV4, 0, addresses.length]);
  return Buffer.concat([SIGNATURE, head, addresses]);
}

function ipv4Bytes(host: string): Buffer {
  return Buffer.from(host.split('.').map(Number));
}

function ipv6Bytes(host: string): Buffer {
  if (!isIPv6(host)) return Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), ipv4Bytes(host)]);
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
