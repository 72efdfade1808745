import t from 'tap';
import type { Baseline } from '../../../../controller/gate/baseline.ts';
import { verify } from '../../../../controller/gate/verification.ts';
import type { VerificationReport } from '../../../../controller/gate/verification-report.ts';
import type { Report } from '../../../../controller/publish/open-reports.ts';
import { verificationOpenReports } from '../../../../controller/publish/verification-open-reports.ts';
import { baseline, cellOf, conflict } from '../../../support/baselines.ts';

const STRICT = { kind: 'PeerAuthentication', namespace: 'shop', name: 'default', path: 'spec.mtls.mode' };
const BEFORE = baseline(
  `shop/web (sidecar) → shop/pay:80 http GET /: mtls
   legacy/batch (naked) → shop/pay:80 http GET /: closed
   shop/web (sidecar) → bank/gone:80 http GET /: mtls
   shop/web (sidecar) → shop/cart:80 http GET /: mtls`,
  { conflicts: [conflict('MP1005')] },
);
const EXPOSED = cellOf('legacy/batch (naked) → shop/pay:80 http GET /: plaintext exposed MP1005');
const AFTER: Baseline = {
  ...BEFORE,
  sweepId: 'later',
  conflicts: [conflict('MP1010', { objects: [STRICT] })],
  cells: [
    cellOf('shop/web (sidecar) → shop/pay:80 http GET /: mtls'),
    cellOf('shop/web (sidecar) → shop/cart:80 http GET /: unknown unknown'),
    { ...EXPOSED, message: 'It took plaintext.', objects: [STRICT], fix: 'Correct the policy.' },
  ],
};

function reportsOf(kind: VerificationReport['kind'] = 'verification'): readonly Report[] {
  const verification = verify(BEFORE, AFTER, { expected: [], minCoverage: 1, failOn: ['drift', 'critical'] });
  const list = JSON.parse(verificationOpenReports({ kind, verification, sweeps: [AFTER], flaps: [] })) as {
    readonly kind: string;
    readonly items: readonly Report[];
  };
  t.equal(list.kind, 'List');
  return list.items;
}

t.test('a result a route, where its target is: what changed fails, what is not known is an error', (t) => {
  const [bank, shop, ...others] = reportsOf();
  t.same(others, []);
  t.match(bank, { kind: 'Report', apiVersion: 'openreports.io/v1alpha1', metadata: { namespace: 'bank' } });
  t.match(bank?.results, [
    {
      result: 'fail',
      resources: [{ kind: 'Service', namespace: 'bank', name: 'gone' }],
      properties: { change: 'gone', vantage: 'shop/web (sidecar)', target: 'bank/gone:80' },
    },
  ]);
  t.same(shop?.summary, { pass: 1, fail: 2, warn: 0, error: 1, skip: 0 });
  t.equal(shop?.metadata.annotations['meshproof.io/measured'], 'later');
  t.match(
    shop?.results.find(({ properties }) => properties['cause'] === 'MP1005'),
    {
      result: 'fail',
      scored: true,
      message: /^legacy\/batch \(naked\) → shop\/pay:80: .*It took plaintext\.$/,
      properties: {
        change: 'changed',
        fix: 'Correct the policy.',
        objects: 'PeerAuthentication shop/default (spec.mtls.mode)',
      },
    },
  );
  t.match(
    shop?.results.find(({ policy }) => policy === 'conflict'),
    {
      rule: 'MP1010',
      result: 'fail',
      resources: [{ kind: 'PeerAuthentication', namespace: 'shop', name: 'default' }],
      properties: { change: 'new' },
    },
  );
  t.match(
    shop?.results.find(({ result }) => result === 'error'),
    { scored: false, properties: { target: 'shop/cart:80' } },
  );
  t.match(
    shop?.results.find(({ result }) => result === 'pass'),
    { properties: { target: 'shop/pay:80', vantage: 'shop/web (sidecar)' } },
  );
  t.end();
});

t.test('the id of a route stays the same whatever becomes of it; of a diff, what has ended fails as well', (t) => {
  const idOf = (items: readonly Report[], vantage: string): string | undefined =>
    items
      .flatMap(({ results }) => results)
      .find(({ properties: { vantage: from, target } }) => from === vantage && target === 'shop/pay:80')?.properties[
      'resultID'
    ];
  const same = verify(BEFORE, BEFORE, { expected: [], minCoverage: 1, failOn: ['drift'] });
  const text = verificationOpenReports({ kind: 'diff', verification: same, sweeps: [BEFORE], flaps: [] });
  const { items } = JSON.parse(text) as { readonly items: readonly Report[] };
  t.equal(idOf(items, 'legacy/batch (naked)'), idOf(reportsOf(), 'legacy/batch (naked)'));
  t.not(idOf(items, 'legacy/batch (naked)'), idOf(items, 'shop/web (sidecar)'));
  const changes = (kind: VerificationReport['kind']): readonly string[] =>
    reportsOf(kind).flatMap(({ results }) =>
      results
        .filter(({ policy }) => policy === 'conflict')
        .map(({ rule, properties }) => `${rule} ${properties['change'] ?? ''}`),
    );
  t.same([...changes('verification')].sort(), ['MP1010 new']);
  t.same([...changes('diff')].sort(), ['MP1005 gone', 'MP1010 new']);
  t.end();
});
