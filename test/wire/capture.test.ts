import t from 'tap';
import type { Probe } from '../../proto/vocabulary.ts';
import { probeOnce } from '../support/probing.ts';
import { refusedAddress, serveTcp } from '../support/servers/misbehaving.ts';

const HTTP: Probe = { kind: 'http', method: 'GET', path: '/' };
const TARGET = { host: '10.96.0.7', port: 8080 };
const PROXY_V2_IPV4 = '0d0a0d0a000d0a515549540a2111000c';

t.test('a captured attempt goes to the capture point and says where it was going', async (t) => {
  const received: Buffer[] = [];
  await using capture = await serveTcp((socket, first) => {
    const take = (bytes: Buffer): void => {
      received.push(bytes);
      // Past the 28 bytes of the header, whose signature holds an empty line of its own.
      const request = Buffer.concat(received).subarray(28);
      if (request.includes('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    };
    socket.on('data', take);
    take(first);
  });
  const outcome = await probeOnce(HTTP, TARGET, { dataPlane: 'sidecar', capture: capture.address });
  t.match(outcome, { kind: 'reached', transport: 'unproved', status: 200 });
  const bytes = Buffer.concat(received);
  t.equal(bytes.subarray(0, 16).toString('hex'), PROXY_V2_IPV4);
  t.equal(bytes.subarray(16, 20).toString('hex'), '7f000001', 'from 127.0.0.1');
  t.equal(bytes.subarray(20, 24).toString('hex'), '0a600007', 'to 10.96.0.7');
  t.equal(bytes.readUInt16BE(26), 8080);
  t.equal(bytes.subarray(28, 33).toString(), 'GET /');
});

t.test('a sidecar that takes no connection says nothing of the target', async (t) => {
  const capture = await refusedAddress();
  const outcome = await probeOnce(HTTP, TARGET, { dataPlane: 'sidecar', capture });
  t.match(outcome, { kind: 'untested', why: 'agent-not-ready' });
});

t.test('an empty 502 of our own sidecar is a black hole', async (t) => {
  await using capture = await serveTcp((socket) => {
    socket.end('HTTP/1.1 502 Bad Gateway\r\nserver: envoy\r\ncontent-length: 0\r\n\r\n');
  });
  const outcome = await probeOnce(HTTP, TARGET, { dataPlane: 'sidecar', capture: capture.address });
  t.match(outcome, { kind: 'refused', signature: 'blackhole', status: 502 });
});
