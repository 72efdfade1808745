/** First bytes as the inspectors of Envoy 1.36 take them. */
import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import t from 'tap';
import { inspectHello } from '../../../../../deploy/sandbox/node/client-hello.ts';
import { chooseCodec, inspectHttp } from '../../../../../deploy/sandbox/node/http-inspector.ts';

/** What a real TLS client sends first. */
function helloOf(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer) => {
        resolve(chunk);
      },
    });
    connect({ ...options, socket: wire }).on('error', () => undefined);
  });
}

t.test('a ClientHello is read for its protocols and its name', async (t) => {
  const hello = await helloOf({ ALPNProtocols: ['istio-http/1.1', 'istio'], servername: 'outbound_.80_._.pay.shop' });
  t.strictSame(inspectHello(hello), {
    kind: 'client-hello',
    alpn: ['istio-http/1.1', 'istio'],
    serverName: 'outbound_.80_._.pay.shop',
  });
});

t.test('a ClientHello without extensions of ours has no protocols and no name', async (t) => {
  const hello = await helloOf({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
  t.strictSame(inspectHello(hello), { kind: 'client-hello', alpn: [], serverName: undefined });
});

t.test('a ClientHello is awaited to its last byte', async (t) => {
  const hello = await helloOf({ ALPNProtocols: ['istio'] });
  for (const length of [0, 1, 4, 5, 6, 9, hello.length - 1]) {
    t.equal(inspectHello(hello.subarray(0, length)).kind, 'incomplete', `${String(length)} bytes`);
  }
});

t.test('a ClientHello in two records is one', async (t) => {
  const hello = await helloOf({ ALPNProtocols: ['istio'] });
  const record = (part: Buffer): Buffer =>
    Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]);
  const split = Buffer.concat([record(hello.subarray(5, 100)), record(hello.subarray(100))]);
  t.match(inspectHello(split), { kind: 'client-hello', alpn: ['istio'] });
});

t.test('five bytes that begin otherwise are not TLS, fewer decide nothing', (t) => {
  t.equal(inspectHello(Buffer.from('hell')).kind, 'incomplete');
  t.equal(inspectHello(Buffer.from('hello')).kind, 'not-tls');
  t.equal(inspectHello(Buffer.from([22, 2, 1, 0, 5])).kind, 'not-tls');
  t.equal(inspectHello(Buffer.from([22, 3, 1, 0, 1, 2])).kind, 'not-tls');
  t.equal(inspectHello(Buffer.from([22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3])).kind, 'not-tls', 'a hello that ends too early');
  t.end();
});

const WAITS = undefined;
/** Asked of a real Envoy 1.36.4 with an HTTP inspector on the listener. */
const SNIFFED: readonly (readonly [bytes: string, found: string | undefined])[] = [
  ['h', 'not-http'],
  ['hello world\n', 'not-http'],
  ['MESH', 'not-http'],
  ['FOO / HTTP/1.1\r\n\r\n', 'not-http'],
  ['get / HTTP/1.1\r\n\r\n', 'not-http'],
  ['GET /\n', 'not-http'],
  ['GET / HTTP/2.1\r\n\r\n', 'not-http'],
  ['\r\nGET / HTTP/1.1\r\n\r\n', 'not-http'],
  ['\0', 'not-http'],
  ['PRI * XXXXX', 'not-http'],
  ['P', WAITS],
  ['B', WAITS],
  ['GET / HTT', WAITS],
  ['PRI * HTTP/2', WAITS],
  ['GET / HTTP/1.1\r\n', 'http/1'],
  ['M-SEARCH * HTTP/1.0\r\n', 'http/1'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2'],
];

t.test('HTTP is told from other bytes as Envoy tells it', (t) => {
  for (const [bytes, found] of SNIFFED) t.equal(inspectHttp(Buffer.from(bytes)), found, JSON.stringify(bytes));
  t.end();
});

/** Asked of a real Envoy 1.36.4 with an HTTP connection manager on the listener. */
const CODECS: readonly (readonly [bytes: string, codec: string | undefined])[] = [
  ['hello', WAITS],
  ['XYZ', WAITS],
  ['hello world\n', 'http/1'],
  ['\x16\x03\x01', 'http/1'],
  ['\0\0\0', 'http/1'],
  ['PRI * HTTP/2.0\r\n', WAITS],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2'],
];

t.test('an HTTP chain waits for a line that may become a request, and for no other', (t) => {
  for (const [bytes, codec] of CODECS) t.equal(chooseCodec(Buffer.from(bytes, 'latin1')), codec, JSON.stringify(bytes));
  t.end();
});
