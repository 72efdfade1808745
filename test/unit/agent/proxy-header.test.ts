import t from 'tap';
import { proxyHeader } from '../../../agent/proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

t.test('the header names source and destination as haproxy lays it down', (t) => {
  const cases: readonly (readonly [source: string, destination: string, bytes: string])[] = [
    // 0x21: version 2, PROXY. 0x11: TCP over IPv4, 12 bytes.
    ['127.0.0.1', '10.1.2.3', '2111000c' + '7f000001' + '0a010203' + '9c40' + '1f90'],
    // 0x21: TCP over IPv6, 36 bytes.
    ['::1', 'fd00::a:1', `21210024${'0'.repeat(31)}1fd00${'0'.repeat(20)}000a0001` + '9c40' + '1f90'],
    ['127.0.0.1', '::1', `21210024${'0'.repeat(20)}ffff7f000001${'0'.repeat(31)}1` + '9c40' + '1f90'],
    ['::ffff:10.0.0.1', '::1', `21210024${'0'.repeat(20)}ffff0a000001${'0'.repeat(31)}1` + '9c40' + '1f90'],
  ];
  for (const [source, destination, bytes] of cases) {
    const header = proxyHeader({ host: source, port: 40_000 }, { host: destination, port: 8_080 });
    t.equal(header.toString('hex'), SIGNATURE + bytes, `${source} to ${destination}`);
  }
  t.end();
});
