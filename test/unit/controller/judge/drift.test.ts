import t from 'tap';
import type { CauseCode } from '../../../../controller/judge/causes.ts';
import { judgeCell } from '../../../../controller/judge/drift.ts';
import { gatherEvidence } from '../../../../controller/judge/evidence.ts';
import type { Cell, Drift } from '../../../../controller/judge/finding.ts';
import type { MeasuredCell } from '../../../../controller/judge/measured-cell.ts';
import type { Expectation } from '../../../../controller/declared/expectation.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import {
  HTTP,
  MTLS,
  PAY_POD,
  SHOP,
  TLS,
  allow,
  cell,
  certificate,
  deny,
  meshOf,
  plain,
  proverOf,
  reached,
  refused,
  silent,
  untested,
  worksFrom,
} from './cells.ts';
import type { CellDraft } from './cells.ts';

const NAKED = { source: 'legacy/batch', plane: 'naked' } as const;
/** Both ends are known to live. */
const CONTROL = [proverOf(), worksFrom('legacy/batch', 'naked'), worksFrom('web/front', 'sidecar')];

function judgeAmong(measured: MeasuredCell, others: readonly MeasuredCell[] = CONTROL, mesh = SHOP): Cell {
  return judgeCell(measured, gatherEvidence(mesh, [measured, ...others]));
}

interface Row {
  readonly says: string;
  readonly cell: CellDraft;
  readonly drift: Drift;
  readonly cause: CauseCode | null;
}

const row = (says: string, draft: CellDraft, drift: Drift, cause: CauseCode | null): Row => ({
  says,
  cell: draft,
  drift,
  cause,
});
const naked = (expectation: Expectation, outcome: Outcome): CellDraft => ({ ...NAKED, expectation, outcome });
const meshed = (expectation: Expectation, outcome: Outcome): CellDraft => ({ expectation, outcome });
const caller = 'spiffe://cluster.local/ns/web/sa/front';
const witness = (said: string | null, isProof = true) => ({ pod: 'shop/pay', caller: said, isProof });
const authorization = deny({
  outcome: 'DENY_AUTHZ_HTTP',
  httpStatus: 403,
  identity: caller,
  decidedBy: { stage: 'authorization', kind: 'AuthorizationPolicy', namespace: 'shop', name: 'pay-callers' },
});

const ROWS: readonly Row[] = [
  row('declared open and answered', meshed(allow(), reached()), 'agrees', null),
  row('answered with the declared identity', meshed(allow(), reached({ witness: witness(caller) })), 'agrees', null),
  row('an application that says 500 is reached', meshed(allow(), reached({ status: 500 })), 'agrees', null),
  row("an application's own 403 is reached", meshed(allow(), reached({ status: 403 })), 'agrees', null),
  row('plaintext where mTLS is declared', meshed(allow(), reached({ witness: witness(null) })), 'downgraded', 'MP1017'),
  row(
    'another identity than declared',
    meshed(allow(), reached({ witness: witness('spiffe://x/ns/a/sa/b') })),
    'downgraded',
    'MP1104',
  ),
  row(
    'a witness without proof proves nothing',
    meshed(allow(), reached({ witness: witness(null, false) })),
    'agrees',
    null,
  ),
  row('more than the declared plaintext is no drift', naked(plain(), reached({ transport: 'mtls' })), 'agrees', null),
  row('STRICT that resets', naked(deny(), refused('application', 'reset')), 'agrees', 'MP1001'),
  row('STRICT that closes', naked(deny(), refused('application', 'closed')), 'agrees', 'MP1001'),
  row(
    'STRICT that answers, with its certificate elsewhere',
    naked(deny(), reached({ transport: 'plaintext' })),
    'exposed',
    'MP1005',
  ),
  row('STRICT that nothing listens behind', naked(deny(), refused('tcp', 'connection-refused')), 'misplaced', 'MP1304'),
  row('STRICT that drops packets', naked(deny(), silent('tcp')), 'misplaced', 'MP1307'),
  row('STRICT that says 403', naked(deny(), refused('application', 'rbac-denied')), 'misplaced', 'MP1201'),
  row('authorization that says 403', meshed(authorization, refused('application', 'rbac-denied')), 'agrees', 'MP1201'),
  row('authorization that answers', meshed(authorization, reached()), 'exposed', 'MP1211'),
  row(
    'authorization, seen as a reset upstream',
    meshed(authorization, refused('application', 'upstream-reset')),
    'misplaced',
    'MP1017',
  ),
  row('open, and reset though its mTLS works', naked(plain(), refused('application', 'reset')), 'blocked', 'MP1001'),
  row('open, and nobody listens', naked(plain(), refused('tcp', 'connection-refused')), 'blocked', 'MP1304'),
  row('open, and packets are dropped', naked(plain(), silent('tcp')), 'blocked', 'MP1307'),
  row('open, and 403', meshed(allow(), refused('application', 'rbac-denied')), 'blocked', 'MP1201'),
  row(
    'open, and no healthy upstream',
    meshed(allow(), refused('application', 'no-healthy-upstream')),
    'blocked',
    'MP1303',
  ),
  row('open, and blackhole', meshed(allow(), refused('application', 'blackhole')), 'blocked', 'MP1302'),
  row('not measured', naked(deny(), untested), 'unknown', 'MP1501'),
  row('not measured though open', meshed(allow(), untested), 'unknown', 'MP1501'),
  row(
    'nothing certain declared',
    meshed(allow({ expect: 'unknown', outcome: 'UNKNOWN' }), reached()),
    'unknown',
    'MP1505',
  ),
  row(
    'an unmodelled object that changes nothing',
    meshed(allow({ warnings: ['EnvoyFilter shop/x is not modelled'] }), reached()),
    'agrees',
    null,
  ),
  row(
    'an unmodelled object where things differ',
    meshed(allow({ warnings: ['EnvoyFilter shop/x is not modelled'] }), silent('application')),
    'unknown',
    'MP1504',
  ),
  row(
    'TLS that an application does not speak',
    {
      ...NAKED,
      probe: TLS,
      expectation: plain({ outcome: 'ALLOW_OPAQUE_TLS', transport: 'tls' }),
      outcome: refused('tls', 'speaks-plaintext'),
    },
    'agrees',
    null,
  ),
  row(
    'TLS to a port that nobody listens on',
    {
      ...NAKED,
      probe: TLS,
      expectation: plain({ outcome: 'ALLOW_UNCAPTURED', transport: 'tls' }),
      outcome: refused('tcp', 'connection-refused'),
    },
    'blocked',
    'MP1304',
  ),
  row(
    'HTTP is not excused like TLS',
    {
      ...NAKED,
      probe: HTTP,
      expectation: plain({ outcome: 'ALLOW_UNCAPTURED' }),
      outcome: refused('application', 'bad-request'),
    },
    'blocked',
    'MP1305',
  ),
  row(
    'no client certificate',
    {
      ...NAKED,
      probe: TLS,
      expectation: deny({ outcome: 'DENY_TLS_NO_CERT' }),
      outcome: refused('tls', 'certificate-required', { alert: 116 }),
    },
    'agrees',
    'MP1110',
  ),
  row(
    'a provider of its own that says 403',
    meshed(deny({ outcome: 'DENY_EXTAUTHZ' }), reached({ status: 403 })),
    'agrees',
    'MP1213',
  ),
  row(
    'a provider of its own that lets through',
    meshed(deny({ outcome: 'DENY_EXTAUTHZ' }), reached()),
    'exposed',
    'MP1211',
  ),
];

for (const { says, cell: draft, drift, cause } of ROWS) {
  t.test(`${says}: ${drift}${cause === null ? '' : `, ${cause}`}`, (t) => {
    const judged = judgeAmong(cell(draft));
    t.equal(judged.drift, drift);
    t.equal(judged.cause?.code ?? null, cause);
    t.end();
  });
}

for (const [fault, code] of [
  ['expired', 'MP1102'],
  ['not-yet-valid', 'MP1106'],
  ['untrusted-root', 'MP1103'],
  ['identity-mismatch', 'MP1104'],
  ['no-spiffe-id', 'MP1104'],
] as const) {
  t.test(`a served certificate that is ${fault} blocks, for the prober and for meshed callers: ${code}`, (t) => {
    const prober = proverOf(PAY_POD, fault);
    const meshedCell = cell(meshed(allow(), refused('application', 'upstream-certificate', { status: 503 })));
    for (const [one, other] of [
      [prober, meshedCell],
      [meshedCell, prober],
    ] as const) {
      const judged = judgeAmong(one, [other]);
      t.equal(judged.drift, 'blocked');
      t.equal(judged.cause?.code, code);
      t.same(judged.cause?.objects, [{ kind: 'Pod', namespace: 'shop', name: 'pay' }]);
    }
    t.end();
  });
}

t.test('a fault of the certificate is nothing to a caller that is shut out anyway', (t) => {
  const outcome = refused('tls', 'certificate-required', { certificate: certificate('expired') });
  const judged = judgeAmong(
    cell({ ...NAKED, probe: TLS, expectation: deny({ outcome: 'DENY_TLS_NO_CERT' }), outcome }),
  );
  t.equal(judged.drift, 'agrees');
  t.end();
});

t.test('our own certificate that is refused blocks under the reason of the alert', (t) => {
  const outcome = refused('tls', 'certificate-refused', { alert: 45, certificateRefusal: 'expired' });
  const judged = judgeAmong(cell({ ...NAKED, probe: MTLS, expectation: allow(), outcome }), [
    worksFrom('legacy/batch', 'naked'),
  ]);
  t.equal(judged.cause?.code, 'MP1101');
  t.end();
});

t.test('a silence without any sign of life of the target is unknown, and is called a silence', (t) => {
  const judged = judgeAmong(cell(naked(deny(), silent('tcp'))), [worksFrom('legacy/batch', 'naked')]);
  t.equal(judged.cause?.code, 'MP1506');
  t.match(judged.cause?.message, /got no answer within .* and nothing in this sweep shows that the target was alive/);
  t.end();
});

t.test('a refusal without any sign of life of the target is unknown', (t) => {
  const judged = judgeAmong(cell(naked(deny(), refused('application', 'reset'))), [worksFrom('legacy/batch', 'naked')]);
  t.equal(judged.drift, 'unknown');
  t.equal(judged.cause?.code, 'MP1506');
  t.match(judged.cause?.message, /the target was alive/);
  t.end();
});

t.test('a refusal to a vantage that reaches nothing is unknown', (t) => {
  const judged = judgeAmong(cell(naked(deny(), refused('application', 'reset'))), [proverOf()]);
  t.equal(judged.drift, 'unknown');
  t.match(judged.cause?.message, /the vantage was alive/);
  t.end();
});

t.test('a target that is declared absent needs no sign of life', (t) => {
  const expectation = deny({ outcome: 'NO_ENDPOINTS', decidedBy: null });
  const judged = judgeAmong(cell(meshed(expectation, refused('application', 'no-healthy-upstream'))), [
    worksFrom('web/front', 'sidecar'),
  ]);
  t.equal(judged.drift, 'agrees');
  t.equal(judged.cause?.code, 'MP1303');
  t.end();
});

t.test('STRICT that answers and shows no certificate anywhere is bypassed, not overruled', (t) => {
  const judged = judgeAmong(cell(naked(deny(), reached({ transport: 'plaintext' }))), []);
  t.equal(judged.drift, 'exposed');
  t.equal(judged.cause?.code, 'MP1010');
  t.match(
    judged.cause?.message,
    'legacy/batch → shop/pay:8080 answered in plaintext although PeerAuthentication shop/default (spec.mtls.mode) says STRICT.',
  );
  t.end();
});

t.test('endpoints that are declared to differ', (t) => {
  const mesh = meshOf([{ key: 'shop/pay-1' }, { key: 'shop/pay-2', dataPlane: 'naked' }], {
    'shop/pay:8080': ['shop/pay-1', 'shop/pay-2'],
  });
  const endpoints = [
    {
      pod: 'shop/pay-1',
      expect: 'allow',
      outcome: 'ALLOW_MTLS',
      transport: 'mtls',
      identity: caller,
      decidedBy: null,
      trail: [],
    },
    {
      pod: 'shop/pay-2',
      expect: 'deny',
      outcome: 'CLIENT_TLS_MISMATCH',
      transport: 'none',
      identity: null,
      decidedBy: null,
      trail: [],
    },
  ] as const;
  const expectation = allow({ expect: 'mixed', outcome: 'CLIENT_TLS_MISMATCH', transport: 'none', endpoints });
  const mismatch = refused('application', 'upstream-plaintext', { status: 503 });
  const judged = (attempts: NonNullable<CellDraft['attempts']>): Cell =>
    judgeAmong(cell({ expectation, outcome: attempts[0]?.[1] ?? untested, attempts }), [], mesh);

  t.test('agree where each does what is declared of it', (t) => {
    const both = judged([
      ['shop/pay-1', reached()],
      ['shop/pay-2', mismatch],
    ]);
    t.equal(both.drift, 'agrees');
    t.equal(both.isFlapping, false);
    t.equal(both.cause?.code, 'MP1009');
    t.match(both.cause?.message, /of 2 endpoints, shop\/pay-2 cannot be reached/);
    t.end();
  });
  t.test('agree where nobody knows which one answered, and either may', (t) => {
    const both = judged([
      [undefined, reached()],
      [undefined, mismatch],
    ]);
    t.equal(both.drift, 'agrees');
    t.equal(both.isFlapping, false);
    t.end();
  });
  t.test('are unknown where one of them was met by no attempt', (t) => {
    for (const attempts of [
      [[undefined, mismatch]],
      [
        ['shop/pay-1', reached()],
        ['shop/pay-1', reached()],
      ],
    ] as const) {
      const half = judged(attempts);
      t.equal(half.drift, 'unknown');
      t.equal(half.cause?.code, 'MP1501');
    }
    t.end();
  });
  t.test('agree where a sidecar hides the one that it cannot connect to', (t) => {
    const [open, closed] = endpoints;
    const hidden = { ...closed, trail: [{ stage: 'client', result: 'mtls', by: 'destination-rule' }] } as const;
    const cut = { ...closed, trail: [{ stage: 'client', result: 'plaintext', by: 'destination-rule' }] } as const;
    for (const [says, second, expected] of [
      ['mutual TLS to a pod without sidecar fails while connecting, and is tried elsewhere', hidden, 'agrees'],
      ['plaintext into STRICT is cut after connecting, and is not', cut, 'unknown'],
    ] as const) {
      const draft = { expectation: { ...expectation, endpoints: [open, second] }, outcome: reached() };
      const attempts = [
        ['shop/pay-1', reached()],
        ['shop/pay-1', reached()],
      ] as const;
      t.equal(judgeAmong(cell({ ...draft, plane: 'sidecar', attempts }), [], mesh).drift, expected, says);
      t.equal(judgeAmong(cell({ ...draft, plane: 'naked', attempts }), [], mesh).drift, 'unknown', 'naked');
    }
    t.end();
  });
  t.test('drift where the open one is closed', (t) => {
    const closed = judged([
      ['shop/pay-1', refused('application', 'rbac-denied')],
      ['shop/pay-2', mismatch],
    ]);
    t.equal(closed.drift, 'blocked');
    t.end();
  });
  t.test('drift where the closed one answers', (t) => {
    t.equal(judged([['shop/pay-2', reached()]]).drift, 'exposed');
    t.end();
  });
  t.test('drift where what was seen fits none of them', (t) => {
    t.equal(judged([[undefined, refused('application', 'rbac-denied')]]).drift, 'misplaced');
    t.end();
  });
  t.end();
});

t.test('an endpoint of which nothing is known is not made good by others that are refused in another way', (t) => {
  const pods = ['pay-1', 'pay-2', 'pay-3'];
  const mesh = meshOf(
    pods.map((pod) => ({ key: `shop/${pod}` })),
    { 'shop/pay:8080': pods.map((pod) => `shop/${pod}`) },
  );
  const elsewhere = refused('application', 'rbac-denied');
  const judged = (third: Outcome): Drift => {
    const attempts = [
      ['shop/pay-1', elsewhere],
      ['shop/pay-2', elsewhere],
      ['shop/pay-3', third],
    ] as const;
    const alive = pods.map((name) => proverOf({ ...PAY_POD, name }));
    return judgeAmong(cell({ ...NAKED, expectation: deny(), outcome: third, attempts }), alive, mesh).drift;
  };
  t.equal(judged(elsewhere), 'misplaced');
  t.equal(judged(untested), 'unknown');
  t.end();
});

t.test('one endpoint of several that drifts makes the cell drift', (t) => {
  const mesh = meshOf([{ key: 'shop/pay-1' }, { key: 'shop/pay-2' }], {
    'shop/pay:8080': ['shop/pay-1', 'shop/pay-2'],
  });
  const reset = refused('application', 'reset');
  const judged = judgeAmong(
    cell({
      ...NAKED,
      expectation: deny(),
      outcome: reset,
      attempts: [
        ['shop/pay-1', reset],
        ['shop/pay-1', reset],
        ['shop/pay-2', reached({ transport: 'plaintext' })],
      ],
    }),
    [proverOf({ ...PAY_POD, name: 'pay-1' })],
    mesh,
  );
  t.equal(judged.drift, 'exposed');
  t.equal(judged.isFlapping, false);
  t.end();
});

t.test('an endpoint that was not tested leaves the cell unknown', (t) => {
  const judged = judgeAmong(
    cell({
      expectation: allow(),
      outcome: untested,
      attempts: [
        ['shop/pay', reached()],
        [undefined, untested],
      ],
    }),
  );
  t.equal(judged.drift, 'unknown');
  t.end();
});

t.test('attempts at one endpoint that disagree are flapping, and the odd one out decides nothing', (t) => {
  const attempts = [
    [undefined, reached()],
    [undefined, silent('application')],
    [undefined, reached()],
  ] as const;
  const judged = judgeAmong(cell({ expectation: allow(), outcome: reached(), attempts }));
  t.equal(judged.drift, 'agrees');
  t.equal(judged.isFlapping, true);
  t.end();
});

t.test('a door that was seen open is open, however much else was not measured', (t) => {
  const judged = judgeAmong(
    cell({
      ...NAKED,
      expectation: deny(),
      outcome: untested,
      attempts: [
        [undefined, refused('application', 'reset')],
        [undefined, reached({ transport: 'plaintext' })],
        [undefined, untested],
      ],
    }),
  );
  t.equal(judged.drift, 'exposed');
  t.end();
});

t.test('refusals that are only a part of the attempts say nothing', (t) => {
  for (const expectation of [deny(), plain()]) {
    const attempts = [
      [undefined, refused('application', 'reset')],
      [undefined, untested],
    ] as const;
    const judged = judgeAmong(cell({ ...NAKED, expectation, outcome: untested, attempts }));
    t.equal(judged.drift, 'unknown', expectation.expect);
  }
  t.end();
});

t.test('an attempt that tested nothing does not make two endpoints one', (t) => {
  const mesh = meshOf([{ key: 'shop/pay-1' }, { key: 'shop/pay-2' }], {
    'shop/pay:8080': ['shop/pay-1', 'shop/pay-2'],
  });
  const attempts = [
    [undefined, untested],
    ['shop/pay-1', reached()],
    ['shop/pay-2', refused('application', 'reset')],
  ] as const;
  const judged = judgeAmong(cell({ ...NAKED, expectation: plain(), outcome: reached(), attempts }), CONTROL, mesh);
  t.equal(judged.drift, 'blocked');
  t.equal(judged.isFlapping, false);
  t.end();
});

t.test('drift that fails a sweep is final only when it was seen on two connections', (t) => {
  const silence = silent('application');
  const open = reached({ transport: 'plaintext' });
  const rows: readonly (readonly [Expectation, Outcome, Drift])[] = [
    [deny(), open, 'exposed'],
    [plain(), silence, 'blocked'],
    [allow(), open, 'downgraded'],
  ];
  for (const [expectation, outcome, drift] of rows) {
    const final = (...outcomes: readonly Outcome[]): Cell => {
      const attempts = outcomes.map((seen) => [undefined, seen] as const);
      const measured = cell({ ...NAKED, expectation, outcome, attempts });
      return judgeCell(measured, gatherEvidence(SHOP, [measured, ...CONTROL]), true);
    };
    t.equal(final(outcome, outcome).drift, drift);
    for (const once of [final(outcome), final(outcome, untested)]) {
      t.equal(once.drift, 'unknown', `${drift}, seen once`);
      t.match(once.cause, { code: 'MP1501', message: new RegExp(`seemed ${drift} once`) });
    }
  }
  t.end();
});

t.test('misplaced fails nothing by default, and needs no second look', (t) => {
  const measured = cell({ ...NAKED, expectation: deny(), outcome: refused('application', 'rbac-denied') });
  t.equal(judgeCell(measured, gatherEvidence(SHOP, [measured, ...CONTROL]), true).drift, 'misplaced');
  t.end();
});
