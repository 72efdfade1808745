import t from 'tap';
import { publishTlsCheck } from '../../../../controller/publish/tls-check.ts';
import { batchToPay, webToMixed, webToPay } from '../../../support/expectation-items.ts';

const page = { columns: 140, hasColour: false };
const pay = 'pay.shop.svc.cluster.local:8080';

t.test('the six columns that people remember, a table a client', (t) => {
  t.equal(
    publishTlsCheck(
      [
        { client: 'shop/web', hostPort: pay, expectation: webToPay },
        { client: 'legacy/batch', hostPort: pay, expectation: batchToPay },
      ],
      page,
    ),
    `From shop/web
HOST:PORT                        STATUS  SERVER  CLIENT  AUTHN POLICY  DESTINATION RULE
pay.shop.svc.cluster.local:8080  OK      mTLS    mTLS    shop/default  -

From legacy/batch
HOST:PORT                        STATUS    SERVER  CLIENT  AUTHN POLICY  DESTINATION RULE
pay.shop.svc.cluster.local:8080  CONFLICT  mTLS    HTTP    shop/default  -
`,
  );
  t.end();
});

t.test('clients whose tables are alike share one', (t) => {
  const text = publishTlsCheck(
    ['shop/web', 'shop/front'].map((client) => ({ client, hostPort: pay, expectation: webToPay })),
    page,
  );
  t.match(text, /^From shop\/web, shop\/front\n/);
  t.equal(text.match(/HOST:PORT/g)?.length, 1);
  t.end();
});

t.test('a service of which only some endpoints fit is neither OK nor in conflict', (t) => {
  const text = publishTlsCheck([{ client: 'shop/web', hostPort: 'stock:80', expectation: webToMixed }], page);
  t.match(text, /stock:80 +MIXED +differs/);
  t.end();
});

t.test('a DestinationRule that sets the client is named, a policy that is bypassed is marked', (t) => {
  const expectation = {
    ...webToPay,
    outcome: 'CLIENT_TLS_MISMATCH',
    trail: [
      { stage: 'client', result: 'mtls', object: { kind: 'DestinationRule', namespace: 'shop', name: 'legacy' } },
      {
        stage: 'peer-authentication',
        result: 'STRICT',
        isInEffect: false,
        object: { kind: 'PeerAuthentication', namespace: 'shop', name: 'default' },
      },
    ],
  } as const;
  t.match(
    publishTlsCheck([{ client: 'shop/web', hostPort: 'x:80', expectation }], page),
    /x:80 +CONFLICT +HTTP +mTLS +shop\/default \(bypassed\) +shop\/legacy/,
  );
  t.end();
});

t.test('what sets the client and is no DestinationRule does not stand in its column', (t) => {
  const object = { kind: 'PeerAuthentication', namespace: 'shop', name: 'ports' };
  const expectation = { ...webToPay, trail: [{ stage: 'client', result: 'plaintext', object }] } as const;
  t.match(
    publishTlsCheck([{ client: 'shop/web', hostPort: 'x:80', expectation }], page),
    /^x:80 +\S+ +\S+ +HTTP +\S+ +-$/m,
  );
  t.end();
});

t.test('when nothing matches, it says so instead of printing an empty table', (t) => {
  t.equal(publishTlsCheck([], page), 'Nothing to check: no client workload and service port that match.\n');
  t.end();
});
