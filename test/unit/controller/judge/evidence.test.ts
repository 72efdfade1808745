import t from 'tap';
import { gatherEvidence } from '../../../../controller/judge/evidence.ts';
import type { MeasuredCell } from '../../../../controller/judge/measured-cell.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import type { Target } from '../../../../proto/vocabulary.ts';
import {
  PAY,
  PAY_POD,
  SHOP,
  TLS,
  allow,
  cell,
  certificate,
  meshOf,
  plain,
  proverOf,
  reached,
  refused,
  silent,
  untested,
} from './cells.ts';

const BATCH = { namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' } as const;
const seenBy = (outcome: Outcome, target: Target = PAY): MeasuredCell =>
  cell({ source: 'legacy/batch', plane: 'naked', target, expectation: plain(), outcome });

for (const [says, outcome, isAlive] of [
  ['an answer', reached(), true],
  ['an application error', reached({ status: 500 }), true],
  ['a certificate, whatever came after', refused('application', 'reset', { certificate: certificate() }), true],
  ['the demand for a certificate', refused('tls', 'certificate-required'), true],
  ['a 403 of its proxy', refused('application', 'rbac-denied'), true],
  ['plaintext to a TLS client', refused('tls', 'speaks-plaintext'), true],
  ['mutual TLS that met plaintext behind our proxy', refused('application', 'upstream-plaintext'), true],
  ['a reset', refused('application', 'reset'), false],
  ['an end', refused('application', 'closed'), false],
  ['a refused connection', refused('tcp', 'connection-refused'), false],
  ["our own proxy's 503", refused('application', 'upstream-reset'), false],
  ["our own proxy's 502", refused('application', 'blackhole'), false],
  ['silence', silent('application'), false],
  ['a fault of ours', untested, false],
] as const) {
  t.test(`${says} ${isAlive ? 'shows' : 'does not show'} that target and vantage live`, (t) => {
    const evidence = gatherEvidence(SHOP, [seenBy(outcome)]);
    t.equal(evidence.isTargetAlive(PAY), isAlive);
    t.equal(evidence.isVantageAlive(BATCH), isAlive);
    t.end();
  });
}

t.test('an answer at the pod speaks for the Service in front of it, and the other way round', (t) => {
  t.ok(gatherEvidence(SHOP, [proverOf()]).isTargetAlive(PAY));
  t.ok(gatherEvidence(SHOP, [seenBy(reached())]).isTargetAlive(PAY_POD));
  t.end();
});

t.test('a vantage is its data plane, too', (t) => {
  const evidence = gatherEvidence(SHOP, [seenBy(reached())]);
  t.notOk(evidence.isVantageAlive({ ...BATCH, dataPlane: 'sidecar' }));
  t.end();
});

t.test('another port of the pod proves nothing', (t) => {
  t.notOk(gatherEvidence(SHOP, [seenBy(reached(), { ...PAY_POD, port: 9090 })]).isTargetAlive(PAY_POD));
  t.end();
});

t.test('of several endpoints only the one that is known to have answered is alive', (t) => {
  const mesh = meshOf([{ key: 'shop/pay-1' }, { key: 'shop/pay-2' }], {
    'shop/pay:8080': ['shop/pay-1', 'shop/pay-2'],
  });
  const byWitness = reached({ witness: { pod: 'shop/pay-1', caller: null, isProof: true } });
  const evidence = gatherEvidence(mesh, [seenBy(byWitness)]);
  t.ok(evidence.isTargetAlive({ ...PAY_POD, name: 'pay-1' }));
  t.notOk(evidence.isTargetAlive({ ...PAY_POD, name: 'pay-2' }));
  t.ok(evidence.isTargetAlive(PAY));
  t.notOk(gatherEvidence(mesh, [seenBy(reached())]).isTargetAlive({ ...PAY_POD, name: 'pay-1' }));
  t.end();
});

t.test('certificates and their faults are those of the pods that showed them', (t) => {
  const good = gatherEvidence(SHOP, [proverOf()]);
  t.ok(good.showsCertificate(PAY));
  t.same(good.certificateFaults(PAY), []);
  const expired = gatherEvidence(SHOP, [proverOf(PAY_POD, 'expired')]);
  t.same(expired.certificateFaults(PAY), [{ pod: 'shop/pay', fault: 'expired', certificate: certificate('expired') }]);
  t.notOk(gatherEvidence(SHOP, [seenBy(reached())]).showsCertificate(PAY));
  t.end();
});

t.test('an application’s own certificate is not a workload certificate', (t) => {
  const own = { ...certificate('no-spiffe-id'), spiffeId: null };
  const shown = cell({
    source: 'meshproof/prober',
    plane: 'naked',
    target: PAY_POD,
    probe: TLS,
    expectation: allow(),
    outcome: reached({ transport: 'tls', certificate: own }),
  });
  t.notOk(gatherEvidence(SHOP, [shown]).showsCertificate(PAY));
  t.end();
});
