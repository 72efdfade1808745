import t from 'tap';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import { judge } from '../../../../controller/judge/judge.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { measured, meshOf, peerAuthentication, placed, pod, PROBER, refusal, service } from './live-mesh.ts';

/** What clients still do who have not heard of the change: plaintext into STRICT, mutual TLS into DISABLE. */
const PLAINTEXT = refusal('application', 'upstream-reset', 503);
const MUTUAL = refusal('application', 'upstream-plaintext', 503);
const CUT = refusal('application', 'closed');

const WEB = placed('web/front');
const NEAR = placed('shop/cart');
const NAKED = placed('legacy/batch', 'naked');
const STALE = 'web/front → shop/pay';

function shop(mode: string, policy = 'shop/default', protocol = 'http'): Mesh {
  return meshOf(
    pod('shop/pay'),
    service('shop/pay', protocol),
    pod('shop/cart'),
    pod('web/front'),
    pod('legacy/batch', { isMeshed: false }),
    pod('meshproof/prober', { isMeshed: false }),
    peerAuthentication(policy, mode),
  );
}

interface Case {
  readonly what: string;
  readonly mesh: Mesh;
  /** By the beginning of the cell as it is drawn; the rest is as declared. */
  readonly seen: Readonly<Record<string, Outcome>>;
  /** Cause of `web/front → shop/pay:80`. */
  readonly code: string;
}

const CASES: readonly Case[] = [
  { what: 'plaintext after DISABLE became STRICT', mesh: shop('STRICT'), seen: { [STALE]: PLAINTEXT }, code: 'MP1017' },
  {
    what: 'mutual TLS after STRICT became DISABLE',
    mesh: shop('DISABLE'),
    seen: { [STALE]: MUTUAL },
    code: 'MP1017',
  },
  {
    what: 'a TCP port says it by cutting the connection',
    mesh: shop('STRICT', 'shop/default', 'tcp-pay'),
    seen: { [STALE]: CUT },
    code: 'MP1017',
  },
  {
    what: 'a policy of the root namespace reaches everybody',
    mesh: shop('DISABLE', 'istio-system/default'),
    seen: { [STALE]: MUTUAL },
    code: 'MP1008',
  },
  {
    what: 'callers of the same namespace are refused as well',
    mesh: shop('DISABLE'),
    seen: { [STALE]: MUTUAL, 'shop/cart → shop/pay': MUTUAL },
    code: 'MP1008',
  },
  {
    what: 'the server itself is not as declared',
    mesh: shop('DISABLE'),
    seen: { [STALE]: MUTUAL, 'meshproof/prober → pod:shop/pay:8080 http': CUT },
    code: 'MP1008',
  },
  {
    what: 'another refusal than one of transport',
    mesh: shop('STRICT'),
    seen: { [STALE]: refusal('application', 'rbac-denied', 403) },
    code: 'MP1201',
  },
];

t.test('clients of other namespaces that still act on an old policy', (t) => {
  for (const { what, mesh, seen, code } of CASES) {
    const cells = measured(mesh, [WEB, NEAR, NAKED, PROBER], (drawn) => {
      const found = Object.entries(seen).find(([beginning]) => drawn.startsWith(beginning));
      return found?.[1];
    });
    const { cells: judged } = judge({ mesh, cells, options: { minCoverage: 1, failOn: ['drift'] }, isFinal: true });
    const stale = judged.find(({ source, table }) => source === 'web/front' && table === 'reachability');
    t.same([stale?.drift, stale?.cause?.code], ['blocked', code], what);
  }
  t.end();
});

t.test('it says which policy, and who sees it as it is', (t) => {
  const mesh = shop('DISABLE');
  const cells = measured(mesh, [WEB, NEAR], (drawn) => (drawn.startsWith(STALE) ? MUTUAL : undefined));
  const { cells: judged } = judge({ mesh, cells, options: { minCoverage: 1, failOn: [] }, isFinal: true });
  t.match(judged.find(({ drift }) => drift === 'blocked')?.cause, {
    message:
      'web/front → shop/pay:80 was refused (upstream-plaintext 503, application layer), although the port is as ' +
      'PeerAuthentication shop/default says: naked probes and callers of shop see so. Proxies outside shop still act on what held before.',
    objects: [{ kind: 'PeerAuthentication', namespace: 'shop', name: 'default' }],
  });
  t.end();
});

t.test('where nobody else was measured nothing tells a stale client from a broken server', (t) => {
  const mesh = shop('DISABLE');
  const cells = measured(mesh, [WEB], () => MUTUAL);
  const { cells: judged } = judge({ mesh, cells, options: { minCoverage: 1, failOn: [] }, isFinal: true });
  t.same(
    judged.map(({ drift, cause }) => [drift, cause?.code]),
    [['blocked', 'MP1008']],
  );
  t.end();
});
