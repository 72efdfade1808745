/** Tells HTTP from anything else by its first bytes, as Envoy's HTTP inspector and codec detection do. */

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** The inspector's parser knows these methods and no other (measured on Envoy 1.36: `FOO / HTTP/1.1` is not HTTP). */
const METHODS: readonly string[] = (
  'DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND ' +
  'UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE'
).split(' ');
const REQUEST_LINE = /^[A-Z-]+ \S+ HTTP\/1\.[01]\r?\n/;
const LONGEST_LINE_BYTES = 8192;
/** Characters of an HTTP token (RFC 9110 5.6.2), with which a request line has to begin. */
const TOKEN_CHARACTER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]/;

export type HttpInspection = 'http/1' | 'h2' | 'not-http';

/** For connections of which nothing is known. Undefined: more bytes are needed. */
export function inspectHttp(bytes: Buffer): HttpInspection | undefined {
  const preface = inspectPreface(bytes);
  if (preface !== false) return preface === true ? 'h2' : undefined;
  const text = bytes.subarray(0, LONGEST_LINE_BYTES).toString('latin1');
  const [method = ''] = text.split(' ', 1);
  if (text.length > method.length ? !METHODS.includes(method) : !METHODS.some((known) => known.startsWith(method))) {
    return 'not-http';
  }
  if (REQUEST_LINE.test(text)) return 'http/1';
  return text.includes('\n') || bytes.length >= LONGEST_LINE_BYTES ? 'not-http' : undefined;
}

/** For connections of which HTTP is expected: which codec takes it. Undefined: more bytes are needed. */
export function chooseCodec(bytes: Buffer): 'http/1' | 'h2' | undefined {
  const preface = inspectPreface(bytes);
  if (preface !== false) return preface === true ? 'h2' : undefined;
  const text = bytes.subarray(0, LONGEST_LINE_BYTES).toString('latin1');
  // Envoy's codec waits for the end of a line that may become a request, and refuses any other at its first byte.
  return TOKEN_CHARACTER.test(text) && !text.includes('\n') && bytes.length < LONGEST_LINE_BYTES ? undefined : 'http/1';
}

/** Whether a connection opens with HTTP/2's preface. Undefined: more bytes are needed. */
function inspectPreface(bytes: Buffer): boolean | undefined {
  const length = Math.min(bytes.length, PREFACE.length);
  if (!bytes.subarray(0, length).equals(PREFACE.subarray(0, length))) return false;
  return length === PREFACE.length ? true : undefined;
}
