/** Where captured traffic wanted to go, and which service or route a Host header names. */
import t from 'tap';
import { proxyHeader } from '../../../../../agent/proxy-header.ts';
import type { UpstreamService } from '../../../../../deploy/sandbox/data-plane.ts';
import { readProxyHeader } from '../../../../../deploy/sandbox/node/proxy-protocol.ts';
import { routeFor, serviceNamed } from '../../../../../deploy/sandbox/node/service-routes.ts';

/** From the specification: signature, version 2 PROXY, TCP over IPv4, 12 bytes, addresses, ports 40000 and 8080. */
const IPV4 = '0d0a0d0a000d0a515549540a' + '21' + '11' + '000c' + '0a000001' + '7f400002' + '9c40' + '1f90';

t.test('a PROXY header of version 2 names the original destination', (t) => {
  const bytes = Buffer.concat([Buffer.from(IPV4, 'hex'), Buffer.from('GET /')]);
  t.strictSame(readProxyHeader(bytes), { lengthBytes: 28, destination: { host: '127.64.0.2', port: 8080 } });
  t.end();
});

t.test('what agents write is understood, for both families', (t) => {
  const v4 = readProxyHeader(proxyHeader({ host: '10.0.0.1', port: 1 }, { host: '127.64.0.9', port: 80 }));
  t.strictSame(v4?.destination, { host: '127.64.0.9', port: 80 });
  const v6 = readProxyHeader(proxyHeader({ host: '::1', port: 1 }, { host: 'fd00::7', port: 443 }));
  t.strictSame(v6?.destination, { host: 'fd00:0:0:0:0:0:0:7', port: 443 });
  t.end();
});

t.test('a header is awaited to its end, and anything else is refused at its first byte', (t) => {
  const bytes = Buffer.from(IPV4, 'hex');
  for (const length of [1, 12, 15, 27]) t.equal(readProxyHeader(bytes.subarray(0, length)), undefined);
  t.strictSame(readProxyHeader(Buffer.from('GET /')), { lengthBytes: 0, destination: undefined });
  t.end();
});

const service = (name: string, port: number, protocol: 'http' | 'tcp'): UpstreamService => {
  const [namespace = '', short = ''] = name.split('/');
  const virtualAddress = { host: `10.0.0.${String(port)}`, port };
  return { name, fqdn: `${short}.${namespace}.svc.cluster.local`, port, protocol, virtualAddress, endpoints: [] };
};
const SERVICES = [service('shop/pay', 80, 'http'), service('bank/pay', 80, 'http'), service('shop/raw', 80, 'tcp')];

const HOSTS: readonly (readonly [authority: string, named: string | undefined])[] = [
  ['pay', 'shop/pay'],
  ['pay.bank', 'bank/pay'],
  ['PAY.bank.svc:80', 'bank/pay'],
  ['pay.shop.svc.cluster.local', 'shop/pay'],
  ['pay.shop.svc.cluster.local:80', 'shop/pay'],
  ['pay.shop.svc.cluster.local:81', undefined],
  ['10.0.0.80', 'shop/pay'],
  ['raw.shop', undefined],
  ['unknown.example', undefined],
];

t.test('a Host header names a service in its short and long forms', (t) => {
  for (const [authority, named] of HOSTS)
    t.equal(serviceNamed(SERVICES, authority, 80, 'shop')?.name, named, authority);
  t.equal(serviceNamed(SERVICES, 'pay', 81, 'shop'), undefined, 'on its own port only');
  t.equal(serviceNamed(SERVICES, 'raw', 80, 'shop'), undefined, 'HTTP services only');
  t.end();
});

t.test('a gateway prefers the exact host, then the longest suffix', (t) => {
  const routes = ['*', '*.example', '*.shop.example', 'shop.example'].map((host) => ({ host }));
  t.equal(routeFor(routes, 'shop.example:8080')?.host, 'shop.example');
  t.equal(routeFor(routes, 'a.shop.example')?.host, '*.shop.example');
  t.equal(routeFor(routes, 'other.example')?.host, '*.example');
  t.equal(routeFor(routes, 'else')?.host, '*');
  t.equal(routeFor([{ host: 'shop.example' }], 'else'), undefined);
  t.end();
});
