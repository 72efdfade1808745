import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { XMLParser } from 'fast-xml-parser';
import t from 'tap';
import type { Baseline } from '../../../../controller/gate/baseline.ts';
import { diff } from '../../../../controller/gate/diff.ts';
import { checkPredictions } from '../../../../controller/gate/prediction.ts';
import { verify } from '../../../../controller/gate/verification.ts';
import type { VerifyOptions } from '../../../../controller/gate/verification.ts';
import type { VerificationReport } from '../../../../controller/gate/verification-report.ts';
import { COMPARISON_PUBLISHERS } from '../../../../controller/publish/verification.ts';
import type { ComparisonFormat } from '../../../../controller/publish/formats.ts';
import { baseline, cellOf, conflict } from '../../../support/baselines.ts';

const PAGE = { columns: 100, hasColour: false };
const STRICT = { kind: 'PeerAuthentication', namespace: 'shop', name: 'default', path: 'spec.mtls.mode' };

const BEFORE = baseline(
  `shop/web (sidecar) → shop/pay:80 http GET /: mtls
   legacy/batch (naked) → shop/pay:80 http GET /: closed
   legacy/cron (naked) → shop/pay:80 http GET /: closed
   legacy/batch (naked) → shop/old:80 http GET /: closed blocked MP1001
   shop/web (sidecar) → shop/cart:80 http GET /: mtls`,
  { conflicts: [conflict('MP1005')] },
);

function exposed(line: string): Baseline['cells'][number] {
  const message =
    'legacy/batch → shop/pay:80 answered in plaintext although PeerAuthentication shop/default says STRICT.';
  return { ...cellOf(`${line}: plaintext exposed MP1005`), message, objects: [STRICT], fix: 'Correct the policy.' };
}

const lines = [
  'shop/web (sidecar) → shop/pay:80 http GET /: mtls',
  'legacy/batch (naked) → shop/old:80 http GET /: closed blocked MP1001',
  'shop/web (sidecar) → shop/cart:80 http GET /: unknown unknown',
];
const CALLS = ['batch', 'cron'].map((name) => exposed(`legacy/${name} (naked) → shop/pay:80 http GET /`));
const AFTER: Baseline = {
  ...baseline(lines.join('\n'), {
    sweepId: 'later',
    conflicts: [conflict('MP1005'), conflict('MP1010', { objects: [STRICT] })],
  }),
  cells: [...lines.map(cellOf), ...CALLS].toSorted((a, b) => (a.identity < b.identity ? -1 : 1)),
};

function reportOf(options: Partial<VerifyOptions> = {}, more: Partial<VerificationReport> = {}): VerificationReport {
  const verification = verify(BEFORE, AFTER, {
    expected: [],
    minCoverage: 1,
    failOn: ['drift', 'critical'],
    ...options,
  });
  const { sweepId, startedAt, finishedAt } = AFTER;
  return { kind: 'verification', verification, sweeps: [{ sweepId, startedAt, finishedAt }], flaps: [], ...more };
}

function published(format: ComparisonFormat, report = reportOf()): string {
  return COMPARISON_PUBLISHERS[format](report, PAGE);
}

t.test('the table says what nobody meant, why, and what is to be done; then the rest; the answer last', (t) => {
  t.equal(
    published('table'),
    `Changed, and nobody meant it to: 2 routes
  1  closed → answered in plaintext, though declared closed   strict-not-in-effect MP1005
     legacy/batch → shop/pay:80 answered in plaintext although PeerAuthentication shop/default says
     STRICT.
     objects  PeerAuthentication shop/default (spec.mtls.mode)
     fix      Correct the policy.
     routes   legacy/batch, legacy/cron (naked) → shop/pay:80 http GET /

Conflicts that were not there before
     CRITICAL conflict capture-bypassed MP1010
     MP1010 of shop/default.
     objects  PeerAuthentication shop/default (spec.mtls.mode)
     fix      Mend it.

Not known: 1 route
  It was not measured.
     shop/web (sidecar) → shop/cart:80 http GET /

Wrong before, and as wrong now: 1 route
  closed, though declared open   strict-refuses-naked-source MP1001
     legacy/batch (naked) → shop/old:80 http GET /

Conflicts that were there before
  CRITICAL conflict strict-not-in-effect MP1005: PeerAuthentication shop/default

Held against before, of 2026-03-01 12:00:05 UTC; 5 cells, 4 of them judged.
FAIL: 2 unexpected changes, 1 new conflict
`,
  );
  t.end();
});

t.test('what was meant is named, and what was meant and is not so', (t) => {
  const expected = [
    { from: 'legacy/*', to: 'shop/pay', becomes: 'plaintext' },
    { from: 'shop/web', to: 'shop/pay', becomes: 'closed' },
    { to: 'shop/nobody', becomes: 'open' },
  ] as const;
  const text = published('table', reportOf({ expected }));
  t.match(
    text,
    `Meant, and did not happen
  from shop/web to shop/pay: closed; but shop/web (sidecar) → shop/pay:80 http GET / is answered
  over mutual TLS
  to shop/nobody: open; but no route is so named, before or now

Changed as meant: 2 routes
  1  closed → answered in plaintext, though declared closed   strict-not-in-effect MP1005
     legacy/batch, legacy/cron (naked) → shop/pay:80 http GET /
`,
  );
  t.match(text, /\nFAIL: 2 expected changes that did not happen, 1 new conflict\n$/);
  t.end();
});

t.test('predictions, flaps and a watch have sections of their own', (t) => {
  const identity = 'reachability legacy/batch (naked) → shop/pay:80 http GET /';
  const predictions = [
    { identity, becomes: 'plaintext', certainty: 'probable' },
    { identity: 'reachability shop/web (sidecar) → shop/pay:80 http GET /', becomes: 'closed', certainty: 'certain' },
    { identity: 'reachability shop/web (sidecar) → shop/cart:80 http GET /', becomes: 'closed', certainty: 'unknown' },
  ] as const;
  const at = Date.parse('2026-03-01T12:00:00.000Z');
  const text = published(
    'table',
    reportOf(
      {},
      {
        prediction: checkPredictions(predictions, AFTER),
        flaps: [{ identity, seen: [{ measured: 'closed', drift: 'agrees' }, null], isOpen: true }],
        watch: {
          sweeps: 4,
          startedAt: BEFORE.startedAt,
          finishedAt: BEFORE.finishedAt,
          resolutionMs: 2100,
          firstFlipAtMs: at,
          lastFlipAtMs: at + 61_000,
          routes: [
            {
              identity,
              ...{ before: 'mtls', now: 'closed', attempts: 9, flips: 3, firstFlipAtMs: at, lastFlipAtMs: at + 61_000 },
              intervals: [{ kind: 'outage', fromMs: at + 61_000, toMs: null, atLeastMs: 40 }],
              ...{ outageMs: 61_040, openingMs: 0, wrongMs: 900 },
            },
          ],
        },
      },
    ),
  );
  t.match(
    text,
    `The prediction: 1 of 3 came true, 1 did not, 1 could not be measured
  for certain closed, but it is answered over mutual TLS
     shop/web (sidecar) → shop/pay:80 http GET /
  perhaps closed, and that could not be measured
     shop/web (sidecar) → shop/cart:80 http GET /
  probably in plaintext, and so it is
     legacy/batch (naked) → shop/pay:80 http GET /

Watched: 4 sweeps, 1 route flipped, the longest outage took 1 min 1 s
`,
  );
  t.match(text, /\n {2}1 min 1 s\+ +- +900 ms +3 +12:00:00\.000 +12:01:01\.000 +closed +legacy\/batch/);
  t.match(text, '\n  Times are those of attempts; what was shorter than 2.1 s may have been missed.\n');
  t.match(
    text,
    '\nNot the same in all sweeps\n  legacy/batch (naked) → shop/pay:80 http GET /: closed, then not there\n',
  );
  t.end();
});

t.test('a pass is one, and says what stood before', (t) => {
  const verification = verify(BEFORE, BEFORE, { expected: [], minCoverage: 1, failOn: ['drift'] });
  const text = published('table', { ...reportOf(), verification });
  t.match(text, /\nPASS: 5 cells are as before; 1 violation was there before\n$/);
  t.end();
});

t.test('the document is as its schema says', (t) => {
  const file = new URL('../../../../deploy/schema/verification.schema.json', import.meta.url);
  const validate = new Ajv2020({ formats: { 'date-time': true } }).compile(
    JSON.parse(readFileSync(file, 'utf8')) as object,
  );
  const reports = [
    reportOf(),
    reportOf({ expected: [{ to: 'shop/pay', becomes: 'closed' }] }),
    reportOf({}, { kind: 'diff' }),
    reportOf({}, { prediction: checkPredictions([], AFTER), flaps: [{ identity: 'x', seen: [null], isOpen: false }] }),
  ];
  for (const report of reports) {
    validate(JSON.parse(published('json', report)));
    t.same(validate.errors ?? [], []);
  }
  t.match(JSON.parse(published('json')), {
    kind: 'Verification',
    verdict: { value: 'fail', coverage: 0.8 },
    counts: { compared: 4, unexpected: 2, newConflicts: 1, standing: 1, lost: 1 },
  });
  t.end();
});

interface Xml {
  readonly testsuites: {
    readonly tests: string;
    readonly failures: string;
    readonly errors: string;
    readonly testsuite: readonly { readonly name: string; readonly tests: string; readonly failures: string }[];
  };
}

t.test('JUnit: a suite a target, and one that no reader takes for a success where nothing can be said', (t) => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });
  const { testsuites } = parser.parse(published('junit')) as Xml;
  t.match(testsuites, { tests: '7', failures: '3', errors: '0' });
  t.match(
    testsuites.testsuite.map(({ name, tests, failures }) => `${name} ${tests} ${failures}`),
    ['shop/old:80 1 0', 'shop/pay:80 3 2', 'shop/cart:80 1 0', 'conflicts 1 1', 'verdict 1 0'],
  );
  const thin = verify(
    BEFORE,
    { ...BEFORE, cells: BEFORE.cells.map((cell) => ({ ...cell, measured: 'unknown', drift: 'unknown' })) },
    {
      ...{ expected: [], minCoverage: 1, failOn: ['drift'] },
    },
  );
  t.match((parser.parse(published('junit', { ...reportOf(), verification: thin })) as Xml).testsuites, {
    failures: '0',
    errors: '1',
  });
  t.match(
    published('junit', reportOf({ expected: [{ to: 'shop/nobody', becomes: 'open' }] })),
    'name="to shop/nobody: open" classname="expected changes"',
  );
  t.end();
});

t.test('Markdown has the same sections, and nothing in it is taken for markup', (t) => {
  const text = published('markdown');
  t.match(text, /^## Meshproof: FAIL: 2 unexpected changes, 1 new conflict\n\nHeld against before/);
  t.match(
    text,
    '### Changed, and nobody meant it to\n\n- **closed → answered in plaintext, though declared closed** (strict-not-in-effect MP1005): `legacy/batch, legacy/cron (naked) → shop/pay:80 http GET /`\n',
  );
  t.match(text, '  - fix: Correct the policy.\n');
  const after = { ...AFTER, cells: AFTER.cells.map((cell) => ({ ...cell, message: '<b>@all</b>' })) };
  const verification = verify(BEFORE, after, { expected: [], minCoverage: 1, failOn: [] });
  t.notMatch(published('markdown', { ...reportOf(), verification }), /<b>|@all/);
  t.end();
});

t.test('SARIF: what is new, standing and gone, at the files of its objects', (t) => {
  const position = { file: 'manifests/shop.yaml', line: 3, column: 1 };
  const locate = ({ name }: { readonly name: string }) => (name === 'default' ? position : undefined);
  interface Log {
    readonly runs: readonly [
      {
        readonly invocations: readonly [{ readonly executionSuccessful: boolean }];
        readonly results: readonly {
          readonly ruleId: string;
          readonly baselineState: string;
          readonly level: string;
        }[];
      },
    ];
  }
  const [run] = (JSON.parse(COMPARISON_PUBLISHERS.sarif(reportOf(), PAGE, locate)) as Log).runs;
  t.same(
    run.results.map(({ ruleId, baselineState, level }) => `${ruleId} ${baselineState} ${level}`),
    ['MP1005 new error', 'MP1010 new error'],
  );
  t.ok(run.invocations[0].executionSuccessful);
  const [none] = (JSON.parse(published('sarif')) as Log).runs;
  t.same(none.results, [], 'a cluster says nothing of files');
  t.end();
});

t.test('a conflict that is gone is told, and fails in the JUnit of a diff only', (t) => {
  const verification = diff(BEFORE, { ...BEFORE, conflicts: [] });
  const report = { ...reportOf(), kind: 'diff', verification } as const;
  t.match(published('table', report), /\nDIFFERENT: 1 conflict that is gone\n$/);
  t.match(
    published('markdown', report),
    '### Conflicts that are gone\n\n- CRITICAL conflict strict-not-in-effect MP1005: `PeerAuthentication shop/default`\n',
  );
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });
  const failures = (one: VerificationReport): string =>
    (parser.parse(published('junit', one)) as Xml).testsuites.failures;
  t.equal(failures(report), '1');
  t.equal(failures({ ...report, kind: 'verification' }), '0');
  t.end();
});

t.test('a diff has no opinion of what was meant', (t) => {
  const text = published('table', reportOf({}, { kind: 'diff' }));
  t.match(text, /^Changed: 2 routes\n/);
  t.match(
    text,
    /\nbefore, of 2026-03-01 12:00:05 UTC, held against before, of [^\n]*\nDIFFERENT: 2 changes, 1 new conflict\n$/,
  );
  t.end();
});
