/** Frames of HTTP/2 as raw bytes, right ones and wrong ones: RFC 9113, section 6. */

const TYPE = { data: 0, headers: 1, priority: 2, rst: 3, settings: 4, push: 5, ping: 6, goaway: 7, window: 8 } as const;
const CONTINUATION = 9;
const ALTSVC = 10;
const ORIGIN = 12;
const END_STREAM = 1;
const END_HEADERS = 4;
/** The first stream of a client, on which every probe asks. */
const STREAM = 1;

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Identifier and value pairs; 4 is the window that each of our streams begins with. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = pairs.map(([id, value]) => {
    const pair = Buffer.alloc(6);
    pair.writeUInt16BE(id, 0);
    pair.writeUInt32BE(value, 2);
    return pair;
  });
  return frame(TYPE.settings, 0, 0, Buffer.concat(payload));
}

export const PING = frame(TYPE.ping, 0, 0, Buffer.alloc(8));
export const WINDOW_UPDATE = frame(TYPE.window, 0, 0, uint32(1));
export const ALTERNATIVE = frame(ALTSVC, 0, 0, Buffer.from('\0\x01ab', 'latin1'));
export const ORIGINS = frame(ORIGIN, 0, 0, Buffer.from('\0\x04http', 'latin1'));
export const UNKNOWN_FRAME = frame(0xfe, 0, 0, Buffer.alloc(1_000));
export const PRIORITY = frame(TYPE.priority, 0, STREAM, Buffer.from([0, 0, 0, 3, 1]));
export const PUSH = frame(TYPE.push, END_HEADERS, STREAM, Buffer.concat([uint32(2), Buffer.from([0x82])]));
export const MORE_HEADERS = frame(CONTINUATION, 0, STREAM, fields([['x', 'y'.repeat(100)]]));

export function goAway(lastStream: number, code: number): Buffer {
  return frame(TYPE.goaway, 0, 0, Buffer.concat([uint32(lastStream), uint32(code)]));
}

export function resetStream(code: number): Buffer {
  return frame(TYPE.rst, 0, STREAM, uint32(code));
}

type Fields = readonly (readonly [name: string, value: string])[];

export function headers(list: Fields, { isWhole = true } = {}): Buffer {
  return frame(TYPE.headers, isWhole ? END_HEADERS : 0, STREAM, fields(list));
}

/** Headers that end the stream: trailers, or an answer that is nothing else. */
export function lastHeaders(list: Fields): Buffer {
  return frame(TYPE.headers, END_HEADERS | END_STREAM, STREAM, fields(list));
}

export function data(payload: Buffer, { isLast = false } = {}): Buffer {
  return frame(TYPE.data, isLast ? END_STREAM : 0, STREAM, payload);
}

/** Literals without indexing and without Huffman's code: RFC 7541, section 6.2.2. */
function fields(list: Fields): Buffer {
  return Buffer.concat(list.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));
}

/** RFC 7541, section 5.2, with its integers of section 5.1. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
