import t from 'tap';
import { nearest } from '../../../../controller/gate/nearest.ts';

const KNOWN = ['shop/pay', 'shop/cart', 'web/front'];

for (const [typed, meant] of [
  ['shop/pya', 'shop/pay'],
  ['shop/crt', 'shop/cart'],
  ['web/frontend', 'web/front'],
  ['depot/stock', undefined],
] as const) {
  t.test(`${typed} ${meant === undefined ? 'is near nothing' : `was meant as ${meant}`}`, (t) => {
    t.equal(nearest(typed, KNOWN), meant);
    t.end();
  });
}
