import t from 'tap';
import { portMode } from '../../../../controller/publish/port-mode.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import * as made from '../../../support/sweeps.ts';

const denied: Outcome = { ...made.reset, signature: 'rbac-denied', status: 403 };
const silent: Outcome = { kind: 'silent', address: 0, timings: { totalMs: 1 }, layer: 'tcp', afterMs: 1 };

/** A TCP port whose authorization closes the connection, after both sides have shown their certificates. */
const closedByPolicy: Outcome = {
  ...made.reset,
  signature: 'closed',
  certificate: {
    spiffeId: 'spiffe://cluster.local/ns/shop/sa/pay',
    notBeforeMs: 0,
    notAfterMs: 1,
    issuerFingerprint: 'ab',
    fault: null,
  },
};

const CASES: readonly (readonly [plaintext: Outcome, mutual: Outcome, mode: string])[] = [
  [made.reset, made.reached, 'STRICT'],
  [made.reachedInPlaintext, made.reached, 'PERMISSIVE'],
  [made.reachedInPlaintext, made.reset, 'plaintext only'],
  [made.reset, made.reset, 'closed'],
  [made.reset, denied, 'STRICT'],
  [denied, denied, 'PERMISSIVE'],
  [made.reset, closedByPolicy, 'STRICT'],
  [made.reset, made.untested, 'not known'],
  [silent, made.reached, 'not known'],
];

const wordsFor = (outcome: Outcome): string => (outcome.kind === 'refused' ? outcome.signature : outcome.kind);

for (const [plaintext, mutual, mode] of CASES) {
  t.test(`plaintext ${wordsFor(plaintext)}, mutual TLS ${wordsFor(mutual)}: ${mode}`, (t) => {
    const cells = [
      made.cell({ outcome: plaintext }),
      made.cell({ probe: { kind: 'mtls', alpn: ['istio'], application: 'http' }, outcome: mutual }),
    ];
    t.equal(portMode(cells), mode);
    t.end();
  });
}

t.test('a port that only one of the two probes was sent to is not known', (t) => {
  t.equal(portMode([made.cell({ outcome: made.reset })]), 'not known');
  t.end();
});
