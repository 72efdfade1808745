/** IP addresses and CIDR ranges, IPv4 and IPv6, as numbers. */

export type AddressMatcher = (address: string) => boolean;

interface Parsed {
  readonly value: bigint;
  readonly bits: 32 | 128;
}

/** Null for what is no address. IPv4 in IPv6 (`::ffff:1.2.3.4`) counts as IPv4. */
export function parseAddress(address: string): Parsed | null {
  if (!address.includes(':')) return parseV4(address);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped === undefined ? parseV6(address) : parseV4(mapped);
}

function parseV4(address: string): Parsed | null {
  const parts = address.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return { value, bits: 32 };
}

function parseV6(address: string): Parsed | null {
  const halves = address.split('::');
  if (halves.length > 2) return null;
  const groupsOf = (half: string | undefined): string[] => (half === undefined || half === '' ? [] : half.split(':'));
  const head = groupsOf(halves[0]);
  const tail = groupsOf(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  let value = 0n;
  for (const group of [...head, ...Array.from({ length: missing }, () => '0'), ...tail]) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return { value, bits: 128 };
}

/** Null where the text is neither a CIDR nor an address. An address stands for itself alone. Go: net/netip:ParsePrefix, ParseAddr */
export function rangeMatcher(range: string): AddressMatcher | null {
  const [text = '', length, ...more] = range.split('/');
  const base = parseAddress(text);
  if (base === null || more.length > 0 || (length !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(length))) return null;
  const prefix = length === undefined ? base.bits : Number(length);
  if (prefix > base.bits) return null;
  const shift = BigInt(base.bits - prefix);
  const network = base.value >> shift;
  return (address) => {
    const parsed = parseAddress(address);
    return parsed !== null && parsed.bits === base.bits && parsed.value >> shift === network;
  };
}
