import t from 'tap';
import { diff } from '../../../../controller/gate/diff.ts';
import type { Baseline } from '../../../../controller/gate/baseline.ts';
import { baseline, conflict } from '../../../support/baselines.ts';

const CALL = 'legacy/batch (naked) → shop/pay:80 http';
const OTHER = 'shop/web (sidecar) → shop/pay:80 http: mtls';

function named(name: string, state: string, conflicts: Baseline['conflicts'] = []): Baseline {
  return baseline(state === '' ? OTHER : `${OTHER}\n${CALL}: ${state}`, { name, conflicts });
}

t.test('what differs one way differs the other way, and what only one of the two knows is not the same', (t) => {
  const closed = named('a', 'closed');
  const cases: readonly (readonly [a: Baseline, b: Baseline, there: string, back: string])[] = [
    [closed, named('b', 'closed'), 'pass: 2 cells are as before', 'pass: 2 cells are as before'],
    [closed, named('b', 'closed misplaced'), 'pass: 2 cells are as before', 'pass: 2 cells are as before'],
    [closed, named('b', 'plaintext exposed'), 'fail: 1 unexpected change', 'fail: 1 unexpected change'],
    [closed, named('b', ''), 'fail: 1 unexpected change', 'fail: 1 unexpected change'],
    [
      named('a', 'closed', [conflict('MP1005', { severity: 'warning' })]),
      named('b', 'closed'),
      'fail: 1 conflict that is gone',
      'fail: 1 new conflict',
    ],
    [
      named('a', 'closed', [conflict('MP1005'), conflict('MP1006')]),
      named('b', 'plaintext exposed'),
      'fail: 1 unexpected change, 2 conflicts that are gone',
      'fail: 1 unexpected change, 2 new conflicts',
    ],
    [
      named('a', 'closed', [conflict('MP1005')]),
      named('b', 'unknown unknown'),
      'fail: 1 conflict that is gone',
      'fail: 1 new conflict',
    ],
    [
      closed,
      named('b', 'unknown unknown'),
      'inconclusive: 1 route is known in a only',
      'inconclusive: 1 route is known in a only',
    ],
  ];
  for (const [a, b, there, back] of cases) {
    const said = [diff(a, b), diff(b, a)].map(({ verdict, why }) => `${verdict}: ${why}`);
    t.same(said, [there, back]);
  }
  t.end();
});

t.test('both know what the other does not', (t) => {
  const a = baseline(`a/x (naked) → c/s:80: closed\na/y (naked) → c/s:80: unknown unknown\n${OTHER}`, { name: 'a' });
  const b = baseline(`a/x (naked) → c/s:80: unknown unknown\na/y (naked) → c/s:80: closed\n${OTHER}`, { name: 'b' });
  t.match(diff(a, b), {
    verdict: 'inconclusive',
    why: '1 route is known in a only, 1 route is known in b only',
  });
  t.end();
});
