/** Writes and reads DER (X.690), as far as certificates and requests need it. */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

export interface DerElement {
  /** Tag, length and content. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthBytes(content.length), content]);
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return der(TAG.sequence, ...parts);
}

/** `[n]` with structured content, as in a certificate's version and extensions. */
export function contextTagged(tag: number, content: Buffer): Buffer {
  return der(0xa0 | tag, content);
}

/** `[n]` in place of a string's own tag, as in a GeneralName. */
export function implicitTagged(tag: number, bytes: Buffer): Buffer {
  return der(0x80 | tag, bytes);
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(TAG.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** For bit strings that fill their bytes. */
export function bitString(bytes: Buffer): Buffer {
  return der(TAG.bitString, Buffer.from([0]), bytes);
}

/** To the second; years 1950 to 2049 (RFC 5280 4.1.2.5). */
export function utcTime(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/[-:T]|\..*$/g, '');
  return der(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`));
}

/** The elements that stand one after the other. Throws RangeError where a length points beyond the end. */
export function elementsOf(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = [];
  for (let start = 0; start < bytes.length;) {
    const first = bytes.readUInt8(start + 1);
    const extra = first < 0x80 ? 0 : first & 0x7f;
    const contentAt = start + 2 + extra;
    const end = contentAt + (extra === 0 ? first : bytes.readUIntBE(start + 2, extra));
    if (end > bytes.length) throw new RangeError(`an element ends ${String(end - bytes.length)} bytes beyond the end`);
    elements.push({ whole: bytes.subarray(start, end), content: bytes.subarray(contentAt, end) });
    start = end;
  }
  return elements;
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function base128(value: number): number[] {
  const groups = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) groups.unshift(0x80 | (rest & 0x7f));
  return groups;
}
