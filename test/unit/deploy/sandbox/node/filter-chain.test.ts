/** The filter chains of a captured port: protocol × mode × what the client's first bytes are. */
import t from 'tap';
import { chooseChain, inspectorsOf, type FirstBytes } from '../../../../../deploy/sandbox/node/filter-chain.ts';

const FIRST: Readonly<Record<string, FirstBytes>> = {
  http: { transport: 'raw', isHttp: true },
  bytes: { transport: 'raw', isHttp: false },
  tls: { transport: 'tls', alpn: [] },
  'tls http/1.1': { transport: 'tls', alpn: ['http/1.1'] },
  'tls istio': { transport: 'tls', alpn: ['istio'] },
  'tls istio-h2': { transport: 'tls', alpn: ['istio-h2', 'istio', 'h2'] },
  'tls istio first': { transport: 'tls', alpn: ['istio', 'istio-http/1.1'] },
};

/** `http`, `tcp`: in plaintext or opaque; `+m`: mutual TLS ends here; `-`: no chain. */
const CHAINS = `
  port  first bytes      DISABLE  PERMISSIVE  STRICT
  http  http             http     http        -
  http  bytes            http     http        -
  http  tls              http     -           http+m
  http  tls http/1.1     http     -           http+m
  http  tls istio        http     http+m      http+m
  http  tls istio-h2     http     http+m      http+m
  tcp   http             tcp      tcp         -
  tcp   bytes            tcp      tcp         -
  tcp   tls              tcp      tcp         tcp+m
  tcp   tls http/1.1     tcp      tcp         tcp+m
  tcp   tls istio        tcp      tcp+m       tcp+m
  auto  http             http     http        -
  auto  bytes            tcp      tcp         -
  auto  tls              tcp      tcp         tcp+m
  auto  tls http/1.1     tcp      tcp         tcp+m
  auto  tls istio        tcp      tcp+m       tcp+m
  auto  tls istio-h2     tcp      http+m      http+m
  auto  tls istio first  tcp      tcp+m       http+m
`;

for (const line of CHAINS.trim().split('\n').slice(1)) {
  const [, protocol = '', first = '', ...cells] = /^\s*(\S+)\s+(.*?)\s{2,}(\S+)\s+(\S+)\s+(\S+)$/.exec(line) ?? [];
  t.test(`${first} on ${protocol} ports: ${cells.join(', ')}`, (t) => {
    for (const [index, mode] of (['DISABLE', 'PERMISSIVE', 'STRICT'] as const).entries()) {
      const bytes = FIRST[first];
      if (bytes === undefined) throw new Error(`no such first bytes: ${first}`);
      const chain = chooseChain(protocol as 'http', mode, bytes);
      t.equal(chain === undefined ? '-' : `${chain.application}${chain.isMutualTls ? '+m' : ''}`, cells[index], mode);
    }
    t.end();
  });
}

t.test('inspectors wait for the client wherever TLS may come, and on every undeclared port', (t) => {
  t.strictSame(inspectorsOf('tcp', 'DISABLE'), { tls: false, http: false });
  t.strictSame(inspectorsOf('auto', 'DISABLE'), { tls: false, http: true });
  t.strictSame(inspectorsOf('http', 'PERMISSIVE'), { tls: true, http: false });
  t.strictSame(inspectorsOf('auto', 'STRICT'), { tls: true, http: true });
  t.end();
});
