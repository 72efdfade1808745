/** What a change makes of a reality, what is refused, and how a difference is told. */
import t from 'tap';
import { applyChange, changeSchema, type Change } from '../../../../deploy/sandbox/change.ts';
import { differences } from '../../../../deploy/sandbox/difference.ts';
import { podsOf } from '../../../../deploy/sandbox/pods.ts';
import { realitySchema, type Reality } from '../../../../deploy/sandbox/reality.ts';
import { MeshproofError } from '../../../../proto/errors.ts';

const DECLARED = realitySchema.parse({
  workloads: {
    'shop/pay': {
      serviceAccount: 'shop',
      dataPlane: 'sidecar',
      ports: { 8080: { app: 'http', mode: 'STRICT' }, 9090: { app: 'grpc', mode: 'uncaptured' } },
      authorization: [{ name: 'callers', action: 'ALLOW', from: { namespaces: ['web'] } }],
      outbound: [
        { to: 'shop/cart', tls: 'ISTIO_MUTUAL' },
        { to: 'shop/cart', port: 81, tls: 'DISABLE' },
      ],
    },
    'shop/cart': {
      dataPlane: 'sidecar',
      certificate: { identity: 'spiffe://cluster.local/ns/shop/sa/other' },
      ports: { 8080: { app: 'http' } },
      pods: [{ name: 'cart-1' }, { name: 'cart-2', dataPlane: 'naked' }],
    },
    'old/batch': { ports: { 8080: { app: 'http' } } },
    'edge/gateway': {
      dataPlane: 'sidecar',
      gateway: { routes: [{ host: 'shop.example', port: 8080, to: 'shop/cart', toPort: 80 }] },
    },
  },
  services: {
    'shop/cart': {
      ports: { 80: { targetPort: 8080, protocol: 'http' }, 81: { targetPort: 8080, protocol: 'http' } },
      endpoints: ['shop/cart'],
    },
  },
});

const apply = (now: Reality, change: Change): Reality => applyChange(DECLARED, now, changeSchema.parse(change));
const told = (before: Reality, now: Reality): string[] =>
  differences(before, now).map(({ target, key, was, is }) => `${target} ${key}=${was}→${is}`);

const ALLOWED: readonly (readonly [change: Change, tells: readonly string[], why: string])[] = [
  [{ target: 'shop/pay', port: 8080, mode: 'PERMISSIVE' }, ['shop/pay:8080 mode=STRICT→PERMISSIVE'], 'one port'],
  [{ target: 'shop/pay', mode: 'DISABLE' }, ['shop/pay:8080 mode=STRICT→DISABLE'], 'every port that is captured'],
  [{ target: 'shop/cart', mode: 'STRICT' }, ['shop/cart-1:8080 mode=PERMISSIVE→STRICT'], 'pods that have a sidecar'],
  [{ target: 'shop/pay', port: 8080, mode: 'STRICT' }, [], 'as it is'],
  [
    { target: 'shop/cart', app: 'none' },
    ['shop/cart-1:8080 app=http→none', 'shop/cart-2:8080 app=http→none'],
    'all pods of the workload',
  ],
  [{ target: 'shop/cart-2', app: 'none' }, ['shop/cart-2:8080 app=http→none'], 'a single pod'],
  [{ target: 'shop/pay', port: 9090, app: 'none' }, ['shop/pay:9090 app=grpc→none'], 'captured or not'],
  [{ target: 'old/batch', app: 'tcp' }, ['old/batch:8080 app=http→tcp'], 'without a sidecar'],
  [{ target: 'shop/pay', certificate: 'expired' }, ['shop/pay certificate=valid→expired'], 'its state'],
  [
    { target: 'shop/cart', certificate: 'foreign-root', identity: 'own' },
    ['shop/cart-1 certificate=valid→foreign-root', 'shop/cart-1 identity=spiffe://cluster.local/ns/shop/sa/other→own'],
    'both facts of a certificate at once, of pods that have one',
  ],
  [{ target: 'edge/gateway', certificate: 'expired' }, ['edge/gateway certificate=valid→expired'], 'of a gateway'],
  [{ target: 'shop/pay', authorization: 'off' }, ['shop/pay authorization=on→off'], 'all its rules'],
  [
    { target: 'shop/pay', outbound: { to: 'shop/cart', tls: 'auto' } },
    ['shop/pay to=shop/cart:80 tls=ISTIO_MUTUAL→auto', 'shop/pay to=shop/cart:81 tls=DISABLE→auto'],
    'all ports of the service, also those that had an entry of their own',
  ],
  [
    { target: 'shop/pay', outbound: { to: 'shop/cart', port: 81, tls: 'SIMPLE' } },
    ['shop/pay to=shop/cart:81 tls=DISABLE→SIMPLE'],
    'one port of the service',
  ],
  [
    { target: 'shop/pay', port: 8080, mode: 'PERMISSIVE', app: 'none', certificate: 'expired' },
    ['shop/pay:8080 mode=STRICT→PERMISSIVE', 'shop/pay:8080 app=http→none', 'shop/pay certificate=valid→expired'],
    'several facts at once',
  ],
];

for (const [change, tells, why] of ALLOWED) {
  t.test(`${JSON.stringify(change)} changes ${why}`, (t) => {
    const now = apply(DECLARED, change);
    t.strictSame(told(DECLARED, now), tells);
    t.strictSame(told(now, DECLARED).length, tells.length, 'and as many facts are different the other way round');
    t.end();
  });
}

const REFUSED: readonly (readonly [change: Change, message: RegExp, hint: RegExp])[] = [
  [{ target: 'shop/pya', mode: 'STRICT' }, /no workload or pod shop\/pya/, /shop\/pay/],
  [{ target: 'shop/pay', port: 80, mode: 'STRICT' }, /shop\/pay has no port 80/, /8080, 9090/],
  [{ target: 'shop/pay', port: 9090, mode: 'STRICT' }, /shop\/pay:9090: no sidecar captures it/, /./],
  [{ target: 'shop/cart-2', mode: 'STRICT' }, /shop\/cart-2: no sidecar captures it/, /./],
  [{ target: 'edge/gateway', app: 'none' }, /edge\/gateway: no application listens there/, /./],
  [{ target: 'old/batch', certificate: 'expired' }, /old\/batch has no sidecar/, /./],
  [{ target: 'shop/cart', authorization: 'off' }, /shop\/cart has no authorization rules/, /./],
  [{ target: 'shop/cart-1', outbound: { to: 'shop/cart', tls: 'auto' } }, /cart-1 is one pod of shop\/cart/, /./],
  [{ target: 'old/batch', outbound: { to: 'shop/cart', tls: 'auto' } }, /old\/batch has no sidecar/, /./],
  [{ target: 'shop/pay', outbound: { to: 'shop/crt', tls: 'auto' } }, /no service shop\/crt/, /shop\/cart/],
  [{ target: 'shop/pay', outbound: { to: 'shop/cart', port: 9, tls: 'auto' } }, /has no port 9/, /80, 81/],
];

for (const [change, message, hint] of REFUSED) {
  t.test(`${JSON.stringify(change)} is refused`, (t) => {
    try {
      apply(DECLARED, change);
      t.fail('accepted');
    } catch (error) {
      if (!(error instanceof MeshproofError)) throw error;
      t.match(error, { code: 'MPE_USAGE', message, hint });
    }
    t.end();
  });
}

t.test('what was changed can be taken back, word for word', (t) => {
  const changes: readonly Change[] = [
    { target: 'shop/pay', port: 8080, mode: 'PERMISSIVE', app: 'none', certificate: 'expired', authorization: 'off' },
    { target: 'shop/pay', outbound: { to: 'shop/cart', tls: 'auto' } },
    { target: 'shop/cart-1', identity: 'own' },
  ];
  const backwards: readonly Change[] = [
    { target: 'shop/pay', port: 8080, mode: 'STRICT', app: 'http', certificate: 'valid', authorization: 'on' },
    { target: 'shop/pay', outbound: { to: 'shop/cart', port: 80, tls: 'ISTIO_MUTUAL' } },
    { target: 'shop/pay', outbound: { to: 'shop/cart', port: 81, tls: 'DISABLE' } },
    { target: 'shop/cart-1', identity: 'spiffe://cluster.local/ns/shop/sa/other' },
  ];
  const there = changes.reduce(apply, DECLARED);
  t.equal(told(DECLARED, there).length, 7);
  t.strictSame(told(DECLARED, backwards.reduce(apply, there)), []);
  t.end();
});

t.test('a sidecar keeps the chains of a port, whatever becomes of the app behind it', (t) => {
  const chain = (reality: Reality): unknown =>
    podsOf(reality)
      .find(({ key }) => key === 'shop/pay')
      ?.ports.get(8080);
  const down = apply(DECLARED, { target: 'shop/pay', port: 8080, app: 'none' });
  t.match(chain(down), { app: 'none', chain: 'http' });
  t.match(chain(apply(down, { target: 'shop/pay', port: 8080, app: 'tcp' })), { app: 'tcp', chain: 'http' });
  t.end();
});

t.test('an identity that is the own one is none that stands in the file', (t) => {
  const now = apply(DECLARED, { target: 'shop/cart-1', identity: 'spiffe://cluster.local/ns/shop/sa/cart' });
  t.strictSame(told(DECLARED, now), ['shop/cart-1 identity=spiffe://cluster.local/ns/shop/sa/other→own']);
  t.end();
});

t.test('the declared reality itself is never touched', (t) => {
  const before = structuredClone(DECLARED);
  for (const [change] of ALLOWED) apply(DECLARED, change);
  t.strictSame(DECLARED, before);
  t.end();
});
