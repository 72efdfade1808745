import t from 'tap';
import type { Expectation } from '../../../../controller/declared/expectation.ts';
import { flipOf } from '../../../../controller/gate/flip.ts';
import type { Cell } from '../../../../controller/judge/finding.ts';
import { ANSWERED_IN_PLAINTEXT } from '../../../support/answered-in-plaintext.ts';

const policy = {
  stage: 'peer-authentication',
  kind: 'PeerAuthentication',
  namespace: 'shop',
  name: 'default',
} as const;
const MUTUAL: Expectation = {
  ...ANSWERED_IN_PLAINTEXT,
  outcome: 'ALLOW_MTLS',
  transport: 'mtls',
  identity: 'spiffe://x',
};
const STRICT: Expectation = {
  ...ANSWERED_IN_PLAINTEXT,
  expect: 'deny',
  outcome: 'DENY_STRICT',
  transport: 'none',
  decidedBy: policy,
  trail: [{ stage: 'peer-authentication', result: 'STRICT', object: policy }],
};
const CLASH: Expectation = { ...STRICT, outcome: 'CLIENT_TLS_MISMATCH' };
const UNKNOWN: Expectation = {
  ...ANSWERED_IN_PLAINTEXT,
  expect: 'unknown',
  outcome: 'UNKNOWN',
  warnings: ['it is not modelled'],
};
const mixed = (...answers: readonly ('allow' | 'deny')[]): Expectation => ({
  ...STRICT,
  expect: 'mixed',
  endpoints: answers.map((expect, at) => ({
    ...(expect === 'allow' ? MUTUAL : STRICT),
    pod: `shop/${String(at)}`,
    expect,
  })),
});

function cell(expectation: Expectation, table: Cell['table'] = 'reachability'): Cell {
  return {
    table,
    key: 'legacy/batch → shop/pay:80 http GET /',
    vantage: { namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' },
    source: 'legacy/batch',
    target: { kind: 'service', namespace: 'shop', name: 'pay', port: 80 },
    probe: { kind: 'http', method: 'GET', path: '/' },
    expectation,
    outcome: { kind: 'untested', why: 'no-agent', detail: '' },
    attempts: [],
    drift: 'unknown',
    isFlapping: false,
    cause: null,
  };
}

const CASES: readonly (readonly [what: string, before: Expectation, after: Expectation, kind: string | null])[] = [
  ['answered and then refused', ANSWERED_IN_PLAINTEXT, STRICT, 'breaks MP1001'],
  ['answered and then by some endpoints only', MUTUAL, mixed('allow', 'deny'), 'breaks MP1009'],
  ['one endpoint less', mixed('allow', 'allow', 'deny'), mixed('allow', 'deny', 'deny'), 'breaks MP1009'],
  ['refused by a policy and then answered', STRICT, ANSWERED_IN_PLAINTEXT, 'opens MP1001'],
  ['failed for want of agreement and then answered', CLASH, MUTUAL, 'mends MP1002'],
  ['mutual TLS lost', MUTUAL, ANSWERED_IN_PLAINTEXT, 'downgrades -'],
  ['mutual TLS won', ANSWERED_IN_PLAINTEXT, MUTUAL, 'secures -'],
  ['not known any more', MUTUAL, UNKNOWN, 'unsure -'],
  ['not known before', UNKNOWN, STRICT, null],
  ['refused by another hand', STRICT, { ...STRICT, outcome: 'DENY_AUTHZ_HTTP' }, null],
  ['the same', MUTUAL, { ...MUTUAL, decidedBy: policy }, null],
];

for (const [what, before, after, kind] of CASES) {
  t.test(`${what}: ${kind ?? 'no flip'}`, (t) => {
    const flip = flipOf(cell(before), cell(after));
    t.equal(flip === null ? null : `${flip.kind} ${flip.cause.code ?? '-'}`, kind);
    t.end();
  });
}

t.test('a flip says what it is in one sentence, with the object', (t) => {
  const message = (before: Expectation, after: Expectation): string | undefined =>
    flipOf(cell(before), cell(after))?.cause.message;
  t.equal(
    message(ANSWERED_IN_PLAINTEXT, STRICT),
    'legacy/batch → shop/pay:80 is refused: PeerAuthentication shop/default says STRICT, and legacy/batch has no sidecar.',
  );
  t.equal(
    message(STRICT, ANSWERED_IN_PLAINTEXT),
    'legacy/batch → shop/pay:80 is answered. Until now: PeerAuthentication shop/default says STRICT, and legacy/batch has no sidecar.',
  );
  t.equal(message(MUTUAL, UNKNOWN), 'legacy/batch → shop/pay:80 cannot be foretold: it is not modelled.');
  t.end();
});

t.test('a health check that begins to pass is nothing opened, and its transport is nobody’s concern', (t) => {
  t.equal(flipOf(cell(STRICT, 'health'), cell(ANSWERED_IN_PLAINTEXT, 'health'))?.kind, 'mends');
  t.equal(flipOf(cell(MUTUAL, 'health'), cell(ANSWERED_IN_PLAINTEXT, 'health')), null);
  t.end();
});
