import t from 'tap';
import { HttpAnswerReader } from '../../../agent/http-answer.ts';

/** Feeds the text in pieces of this many bytes; true where the reader said that it is complete. */
function read(
  text: string,
  pieceBytes = text.length,
): { readonly reader: HttpAnswerReader; readonly isComplete: boolean } {
  const reader = new HttpAnswerReader();
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (reader.push(bytes.subarray(at, at + pieceBytes))) return { reader, isComplete: true };
  }
  return { reader, isComplete: false };
}

t.test('an answer is complete by its length, its last chunk, or the end of the connection', (t) => {
  const cases: readonly (readonly [what: string, text: string, status: number, body: string, isComplete: boolean])[] = [
    ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 200, 'hello', true],
    ['more than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello', 200, 'he', true],
    ['less than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', 200, 'hello', false],
    [
      'chunks',
      'HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n',
      403,
      'hello',
      true,
    ],
    ['a broken chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello', 200, '', true],
    ['neither', 'HTTP/1.0 200 OK\r\n\r\nhello', 200, 'hello', false],
    ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', 204, '', true],
    ['no reason', 'HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n', 503, '', true],
    ['lines that end with LF alone', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhello', 200, 'he', true],
    ['an empty line that ends otherwise', 'HTTP/1.1 200 OK\nContent-Length: 2\n\r\nhello', 200, 'he', true],
    [
      'after interim answers',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      200,
      '',
      true,
    ],
  ];
  for (const [what, text, status, body, isComplete] of cases) {
    for (const pieceBytes of [1, 7, text.length]) {
      const answered = read(text, pieceBytes);
      t.match(answered.reader.answer, { status, body }, what);
      t.equal(answered.isComplete, isComplete, what);
      t.equal(answered.reader.isMalformed, false, what);
    }
  }
  t.end();
});

t.test('header names are read in any case, repeated ones are joined', (t) => {
  const { reader } = read('HTTP/1.1 200 OK\r\nServer: istio-envoy\r\nVIA:a\r\nvia: b \r\ncontent-length: 0\r\n\r\n');
  t.strictSame(Object.fromEntries(reader.answer?.headers ?? []), {
    server: 'istio-envoy',
    via: 'a, b',
    'content-length': '0',
  });
  t.end();
});

t.test('bytes that can be no answer are seen as such at once', (t) => {
  const cases: Record<string, string> = {
    garbage: 'SSH-2.0-OpenSSH_9.2\r\n',
    'an HTTP/2 frame': '\x00\x00\x12\x04\x00',
    'another version': 'HTTP/2 200\r\n\r\n',
    'a status of letters': 'HTTP/1.1 abc OK\r\n\r\n',
    'a header without a name': 'HTTP/1.1 200 OK\r\n: x\r\n\r\n',
    'a header without a colon': 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n',
    'too many interim answers': 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9),
    'a header without end': `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(17_000)}`,
    'a head that is too large': `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`,
  };
  for (const [what, text] of Object.entries(cases)) {
    const { reader, isComplete } = read(text);
    t.equal(reader.isMalformed, true, what);
    t.equal(isComplete, true, what);
    t.equal(reader.answer, undefined, what);
  }
  t.end();
});

t.test('an unfinished head is neither an answer nor malformed', (t) => {
  for (const text of ['H', 'HTTP/', 'HTTP/1.1 200 OK\r\nserver: en']) {
    const { reader, isComplete } = read(text);
    t.strictSame([isComplete, reader.isMalformed, reader.answer], [false, false, undefined], text);
  }
  t.end();
});

t.test('of a long body the first 4 KiB are kept', (t) => {
  const { reader, isComplete } = read(`HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n${'x'.repeat(10_000)}`, 1_000);
  t.equal(isComplete, true);
  t.equal(reader.answer?.body.length, 4_096);
  t.end();
});
