import t from 'tap';
import { denialSentence, denialsOf } from '../../../../controller/publish/denials.ts';
import * as made from '../../../support/sweeps.ts';

const byPolicy = {
  ...made.refusedByStrict,
  outcome: 'DENY_AUTHZ_HTTP',
  decidedBy: { stage: 'authorization', kind: 'AuthorizationPolicy', namespace: 'shop', name: 'pay' },
} as const;
const refused = { outcome: made.reset } as const;

t.test('refusals are counted by what refuses, the most frequent first', (t) => {
  const sweep = made.sweep([
    made.cell({ ...refused, source: 'a/a', expectation: byPolicy }),
    made.cell({ ...refused, source: 'b/b', expectation: made.refusedByStrict }),
    made.cell({ ...refused, source: 'c/c', expectation: made.refusedByStrict }),
    made.cell({ source: 'd/d' }),
  ]);
  t.equal(
    denialSentence(denialsOf(sweep, ['reachability']), ['route', 'routes']),
    '3 routes refused as declared: 2 by STRICT (callers without sidecar), 1 by AuthorizationPolicy',
  );
  t.end();
});

t.test('each cause is counted by itself, with its code', (t) => {
  const cause = (code: 'MP1002' | 'MP1003') => ({ code, message: '', fix: '', objects: [] });
  const mismatch = { ...made.refusedByStrict, outcome: 'CLIENT_TLS_MISMATCH' } as const;
  const sweep = made.sweep([
    made.cell({ ...refused, source: 'a/a', expectation: mismatch, cause: cause('MP1002') }),
    made.cell({ ...refused, source: 'b/b', expectation: mismatch, cause: cause('MP1003') }),
    made.cell({ ...refused, source: 'c/c', expectation: mismatch, cause: cause('MP1003') }),
  ]);
  t.equal(
    denialSentence(denialsOf(sweep, ['reachability']), ['route', 'routes']),
    "3 routes refused as declared: 2 by the client's TLS settings MP1003, 1 by the client's TLS settings MP1002",
  );
  t.end();
});

t.test('neither drift nor the other tables count', (t) => {
  const sweep = made.sweep([
    made.cell({ expectation: made.refusedByStrict, drift: 'exposed' }),
    made.cell({ ...refused, table: 'transport', to: 'pod:shop/pay:8080', expectation: made.refusedByStrict }),
  ]);
  t.equal(denialSentence(denialsOf(sweep, ['reachability']), ['route', 'routes']), 'No route is refused as declared.');
  t.end();
});
