/** The words of `sandbox set`: what they mean, and what is said to those that mean nothing. */
import t from 'tap';
import { parseChanges } from '../../../../controller/cli/sandbox-changes.ts';
import type { Change } from '../../../../deploy/sandbox/change.ts';
import { realitySchema } from '../../../../deploy/sandbox/reality.ts';
import { MeshproofError } from '../../../../proto/errors.ts';

const REALITY = realitySchema.parse({
  workloads: {
    'shop/pay': { dataPlane: 'sidecar', ports: { 8080: { app: 'http', mode: 'STRICT' } } },
    'shop/cart': { dataPlane: 'sidecar', ports: { 8080: { app: 'http' }, 9090: { app: 'http' } } },
    'bank/pay': { dataPlane: 'sidecar', ports: { 8081: { app: 'http' } } },
    'wallet/coupons': { ports: { 8080: { app: 'http' } }, pods: [{ name: 'coupons-1' }, { name: 'coupons-2' }] },
    'web/front': { dataPlane: 'sidecar' },
  },
  services: {
    'shop/cart': { ports: { 80: { targetPort: 8080, protocol: 'http' } }, endpoints: ['shop/cart'] },
  },
});

const MEANS: readonly (readonly [words: string, changes: readonly Change[]])[] = [
  ['shop/pay:8080 mode=PERMISSIVE', [{ target: 'shop/pay', port: 8080, mode: 'PERMISSIVE' }]],
  ['cart mode=STRICT', [{ target: 'shop/cart', mode: 'STRICT' }]],
  ['coupons-2 app=none', [{ target: 'wallet/coupons-2', app: 'none' }]],
  [
    'cart:9090 mode=DISABLE app=none certificate=expired',
    [{ target: 'shop/cart', port: 9090, mode: 'DISABLE', app: 'none', certificate: 'expired' }],
  ],
  ['front to=cart:80 tls=DISABLE', [{ target: 'web/front', outbound: { to: 'shop/cart', port: 80, tls: 'DISABLE' } }]],
  ['front tls=auto to=shop/cart', [{ target: 'web/front', outbound: { to: 'shop/cart', tls: 'auto' } }]],
  ['cart authorization=off identity=own', [{ target: 'shop/cart', authorization: 'off', identity: 'own' }]],
  ['cart identity=spiffe://a/ns/b=c/sa/d', [{ target: 'shop/cart', identity: 'spiffe://a/ns/b=c/sa/d' }]],
  [
    'cart:8080 app=none shop/pay:8080 mode=STRICT',
    [
      { target: 'shop/cart', port: 8080, app: 'none' },
      { target: 'shop/pay', port: 8080, mode: 'STRICT' },
    ],
  ],
];

for (const [words, changes] of MEANS) {
  t.test(`"${words}" is understood`, (t) => {
    t.strictSame(parseChanges(words.split(' '), REALITY), changes);
    t.end();
  });
}

const REFUSED: readonly (readonly [words: string, message: string | RegExp, hint: string | RegExp])[] = [
  ['mode=STRICT', 'mode=STRICT: of what?', 'pay:8080 mode=PERMISSIVE'],
  ['cart', 'cart: what is to be in force there?', 'mode, app, certificate'],
  ['cart pay mode=STRICT', 'cart: what is to be in force there?', /./],
  ['pay mode=STRICT', 'pay is the name of more than one workload or pod', 'shop/pay, bank/pay'],
  ['crat mode=STRICT', 'there is no workload or pod "crat"', 'Did you mean cart?'],
  ['shop/crat mode=STRICT', 'there is no workload or pod "shop/crat"', 'Did you mean shop/cart?'],
  ['something-else mode=STRICT', 'there is no workload or pod "something-else"', /There are shop\/pay, shop\/cart/],
  ['cart:81 mode=STRICT', 'shop/cart has no port 81', 'It has 8080, 9090.'],
  [
    'cart:80 mode=STRICT',
    'shop/cart has no port 80',
    "80 is the Service's; the pod's own port is 8080: shop/cart:8080.",
  ],
  ['front:80 mode=STRICT', 'web/front has no port 80', 'It has none.'],
  ['cart mdoe=STRICT', 'there is no "mdoe" to be set', 'Did you mean mode?'],
  ['cart colour=red', 'there is no "colour" to be set', 'There are mode, app, certificate, identity'],
  ['cart mode=STRIKT', 'mode=STRIKT: there is no such value', 'Did you mean STRICT?'],
  ['cart mode=strict', 'mode=strict: there is no such value', 'Did you mean STRICT?'],
  ['cart mode=uncaptured', 'mode=uncaptured: there is no such value', 'There are STRICT, PERMISSIVE, DISABLE.'],
  ['cart mode=', 'mode=: there is no such value', /./],
  ['cart mode=STRICT mode=DISABLE', 'cart: mode twice', /./],
  ['cart:8080 certificate=expired', 'certificate is not of a port', 'Leave out the port: shop/cart certificate='],
  ['front tls=DISABLE', 'front: tls towards which service?', 'front to=SERVICE tls=DISABLE'],
  ['front to=cart', 'front: tls towards which service?', /./],
  ['front to=crat tls=DISABLE', 'there is no service "crat"', 'Did you mean cart?'],
  ['front to=cart:81 tls=DISABLE', 'service shop/cart has no port 81', 'It has 80.'],
  ['front to=cart tls=istio-mutual', 'tls=istio-mutual: there is no such value', 'Did you mean ISTIO_MUTUAL?'],
  ['cart identity=me', /cart: identity/, /./],
];

for (const [words, message, hint] of REFUSED) {
  t.test(`"${words}" is refused`, (t) => {
    try {
      parseChanges(words.split(' '), REALITY);
      t.fail('understood');
    } catch (error) {
      if (!(error instanceof MeshproofError)) throw error;
      t.equal(error.code, 'MPE_USAGE');
      t.match(error.message, message);
      t.match(error.hint, hint);
    }
    t.end();
  });
}
