import t from 'tap';
import { publishExplanation } from '../../../../controller/publish/explain.ts';
import { batchToPay, webToMixed, webToPay } from '../../../support/expectation-items.ts';

const page = { columns: 100, hasColour: false };

t.test('a refusal: the answer and its object first, then the stages, then how it looks to the caller', (t) => {
  t.equal(
    publishExplanation(batchToPay, batchToPay, page),
    `legacy/batch → shop/pay:8080 (http)

No: it is refused, because STRICT mutual TLS takes no plaintext. What decides is PeerAuthentication
shop/default (spec.mtls.mode).

   1  client side          sends plaintext; legacy/batch has no sidecar
   2  peer authentication  STRICT: takes mutual TLS only; PeerAuthentication shop/default
                           (spec.mtls.mode) ← decides

At the caller: The TCP connection is accepted and then reset after its first bytes: curl reports
               (56) or (52) "Empty reply", never "connection refused".
`,
  );
  t.end();
});

t.test('an allowed call says which identity the server sees', (t) => {
  const text = publishExplanation(webToPay, webToPay, page).replace(/\s+/g, ' ');
  t.match(text, 'Yes: it is answered, over mutual TLS.');
  t.match(text, 'The server sees the caller as spiffe://cluster.local/ns/shop/sa/web.');
  t.match(text, 'sends Istio mutual TLS; auto mTLS');
  t.end();
});

t.test('where endpoints differ, each is explained', (t) => {
  const text = publishExplanation(webToMixed, webToMixed, page).replace(/\s+/g, ' ');
  t.match(text, 'It depends on the endpoint');
  t.match(text, 'endpoint depot/stock-1 Yes: it is answered, over mutual TLS.');
  t.match(
    text,
    'endpoint depot/stock-2 No: it fails, because the client side sends mutual TLS and the server speaks no Istio TLS. What decides is DestinationRule depot/stock',
  );
  t.match(text, '! EnvoyFilter depot/limits may change this flow');
  t.end();
});

t.test('a stage that the call does not meet says so', (t) => {
  const bypassed = {
    ...webToPay,
    trail: [
      {
        stage: 'peer-authentication',
        result: 'STRICT',
        by: 'excludeInboundPorts',
        isInEffect: false,
        note: 'the port is not captured',
      },
    ],
  } as const;
  t.match(
    publishExplanation(webToPay, bypassed, { columns: 200, hasColour: false }),
    'STRICT: takes mutual TLS only, but not for this call; excludeInboundPorts, the port is not captured',
  );
  t.end();
});
