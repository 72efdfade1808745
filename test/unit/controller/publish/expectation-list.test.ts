import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import type { ExpectationItem } from '../../../../controller/publish/expectation-item.ts';
import type { ExpectationFormat } from '../../../../controller/publish/expectation-list.ts';
import { EXPECTATION_PUBLISHERS } from '../../../../controller/publish/expectation-list.ts';
import { batchToPay, webToMixed, webToPay } from '../../../support/expectation-items.ts';

const page = { columns: 100, hasColour: false };

async function published(format: ExpectationFormat, ...batches: readonly ExpectationItem[][]): Promise<string> {
  const source = (async function* () {
    for (const batch of batches) yield await Promise.resolve(batch);
  })();
  return (await Array.fromAsync(EXPECTATION_PUBLISHERS[format](source, page))).join('');
}

t.test('the JSON list is what its published schema says, in the order of the flows', async (t) => {
  const file = new URL('../../../../deploy/schema/expectation-list.schema.json', import.meta.url);
  const validate = new Ajv2020({ allErrors: true }).compile(JSON.parse(readFileSync(file, 'utf8')) as object);
  const list = JSON.parse(await published('json', [webToPay], [], [batchToPay, webToMixed])) as { items: object[] };
  validate(list);
  t.same(validate.errors ?? [], []);
  t.same(list, {
    apiVersion: 'meshproof.io/v1alpha1',
    kind: 'ExpectationList',
    items: [webToPay, batchToPay, webToMixed],
  });
  t.equal(validate({ ...list, items: [{ ...list.items[0], more: 1 }] }), false, 'nothing else is allowed in it');
});

t.test('without a flow the JSON list is empty, and still a list', async (t) => {
  t.same(JSON.parse(await published('json')), {
    apiVersion: 'meshproof.io/v1alpha1',
    kind: 'ExpectationList',
    items: [],
  });
});

t.test('the JSON list is printed batch by batch, before the last flow is known', async (t) => {
  let asked = 0;
  const endless = (async function* () {
    for (;;) {
      asked += 1;
      yield await Promise.resolve([webToPay]);
    }
  })();
  for await (const chunk of EXPECTATION_PUBLISHERS.json(endless, page)) if (chunk.includes('"id":"1"')) break;
  t.equal(asked, 1);
});

t.test('the table names the answer, the transport and the object, and counts them at its end', async (t) => {
  t.equal(
    await published('table', [webToPay, batchToPay]),
    `SOURCE        TARGET         PROBE  EXPECT   OVER  BECAUSE OF
shop/web      shop/pay:8080  http   ● allow  mtls  default
legacy/batch  shop/pay:8080  http   ✗ deny   none  DENY_STRICT: PeerAuthentication shop/default
                                                   (spec.mtls.mode)

2 flows: 1 allow, 1 deny.
`,
  );
});

t.test('endpoints that differ are named, and each warning is told once', async (t) => {
  const text = await published('table', [webToMixed, { ...webToMixed, id: '4' }]);
  t.match(text, '± mixed');
  t.match(text.replace(/\s+/g, ' '), 'endpoints differ; not depot/stock-2');
  t.equal(text.match(/! EnvoyFilter depot\/limits may change this flow/g)?.length, 1);
});
