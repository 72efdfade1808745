/** What a TLS inspector reads off the first record: is it a ClientHello, and which protocols and name does it offer. */

export interface ClientHello {
  readonly kind: 'client-hello';
  /** Offered ALPN names in the client's order. */
  readonly alpn: readonly string[];
  readonly serverName: string | undefined;
}

export type HelloInspection = ClientHello | { readonly kind: 'not-tls' } | { readonly kind: 'incomplete' };

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const SERVER_NAME_EXTENSION = 0;
const ALPN_EXTENSION = 16;
const NOT_TLS = { kind: 'not-tls' } as const;
const INCOMPLETE = { kind: 'incomplete' } as const;

/**
 * Decides nothing before it has a record header (5 bytes), which is why silence and shorter messages hang behind an
 * inspector (envoy: source/extensions/filters/listener/tls_inspector/tls_inspector.cc).
 */
export function inspectHello(bytes: Buffer): HelloInspection {
  if (bytes.length < RECORD_HEADER_BYTES) return INCOMPLETE;
  if (bytes[0] !== HANDSHAKE_RECORD || bytes[1] !== 3) return NOT_TLS;
  const handshake = handshakeBytes(bytes);
  if (handshake.length === 0) return INCOMPLETE;
  if (handshake[0] !== CLIENT_HELLO) return NOT_TLS;
  if (handshake.length < HANDSHAKE_HEADER_BYTES) return INCOMPLETE;
  const end = HANDSHAKE_HEADER_BYTES + handshake.readUIntBE(1, 3);
  if (handshake.length < end) return INCOMPLETE;
  try {
    return readHello(handshake.subarray(HANDSHAKE_HEADER_BYTES, end));
  } catch (error) {
    if (error instanceof RangeError) return NOT_TLS;
    throw error;
  }
}

/** The handshake stream of the complete records and of what has come of the last one. */
function handshakeBytes(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + RECORD_HEADER_BYTES <= bytes.length && bytes[at] === HANDSHAKE_RECORD;) {
    const end = at + RECORD_HEADER_BYTES + bytes.readUInt16BE(at + 3);
    parts.push(bytes.subarray(at + RECORD_HEADER_BYTES, end));
    at = end;
  }
  return Buffer.concat(parts);
}

/** RFC 8446 4.1.2. Throws RangeError where a length points beyond the message. */
function readHello(body: Buffer): ClientHello {
  let at = 2 + 32;
  at += 1 + body.readUInt8(at);
  at += 2 + body.readUInt16BE(at);
  at += 1 + body.readUInt8(at);
  let alpn: readonly string[] = [];
  let serverName: string | undefined;
  if (at === body.length) return { kind: 'client-hello', alpn, serverName };
  const end = at + 2 + body.readUInt16BE(at);
  for (at += 2; at < end;) {
    const type = body.readUInt16BE(at);
    const length = body.readUInt16BE(at + 2);
    const extension = body.subarray(at + 4, at + 4 + length);
    if (type === ALPN_EXTENSION) alpn = readNames(extension);
    // server_name_list: length (2), type host_name (1), length (2), name.
    if (type === SERVER_NAME_EXTENSION && length > 5) serverName = extension.subarray(5).toString('latin1');
    at += 4 + length;
  }
  return { kind: 'client-hello', alpn, serverName };
}

function readNames(extension: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 2; at < extension.length; at += 1 + extension.readUInt8(at)) {
    names.push(extension.subarray(at + 1, at + 1 + extension.readUInt8(at)).toString('latin1'));
  }
  return names;
}
