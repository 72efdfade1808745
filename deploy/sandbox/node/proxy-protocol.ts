/** Reads the PROXY protocol header, version 2, with which captured traffic begins (haproxy: doc/proxy-protocol.txt). */
import type { Address } from '../../../proto/vocabulary.ts';

export interface ProxyHeader {
  /** Bytes of the header; what follows is the application's. */
  readonly lengthBytes: number;
  /** The original destination; undefined: the header names none, or it is no header of version 2. */
  readonly destination: Address | undefined;
}

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const FIXED_BYTES = 16;
const VERSION_2_PROXY = 0x21;
const TCP4 = { code: 0x11, lengthBytes: 12 };
const TCP6 = { code: 0x21, lengthBytes: 36 };

/** Undefined: more bytes are needed. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  const known = Math.min(bytes.length, SIGNATURE.length);
  if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) return { lengthBytes: 0, destination: undefined };
  if (bytes.length < FIXED_BYTES) return undefined;
  const lengthBytes = FIXED_BYTES + bytes.readUInt16BE(14);
  if (bytes.length < lengthBytes) return undefined;
  const addresses = bytes.subarray(FIXED_BYTES, lengthBytes);
  return { lengthBytes, destination: bytes[12] === VERSION_2_PROXY ? destinationOf(bytes[13], addresses) : undefined };
}

/** Source address, destination address, source port, destination port. */
function destinationOf(family: number | undefined, addresses: Buffer): Address | undefined {
  if (family === TCP4.code && addresses.length >= TCP4.lengthBytes) {
    return { host: [...addresses.subarray(4, 8)].map(String).join('.'), port: addresses.readUInt16BE(10) };
  }
  if (family === TCP6.code && addresses.length >= TCP6.lengthBytes) {
    const groups = Array.from({ length: 8 }, (_, index) => addresses.readUInt16BE(16 + 2 * index).toString(16));
    return { host: groups.join(':'), port: addresses.readUInt16BE(34) };
  }
  return undefined;
}
