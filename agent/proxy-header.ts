/** PROXY protocol version 2: tells a capture point where a connection was going. */
import { isIPv6 } from 'node:net';
import { ipv4Bytes, ipv6Bytes } from '../proto/ip-address.ts';
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
