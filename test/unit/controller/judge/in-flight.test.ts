import t from 'tap';
import { expectFlow } from '../../../../controller/declared/expect.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import type { Cell } from '../../../../controller/judge/finding.ts';
import { judge } from '../../../../controller/judge/judge.ts';
import { flowOf } from '../../../../controller/plan/flow.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { ANSWER, measured, meshOf, peerAuthentication, pod, PROBER, service, SILENCE } from './live-mesh.ts';

const PAY = pod('shop/pay');
const HERE = pod('meshproof/prober', { isMeshed: false });
const OPEN = meshOf(HERE, PAY, service('shop/pay'));
const STRICT = meshOf(HERE, PAY, service('shop/pay'), peerAuthentication('shop/default', 'STRICT'));

/** The plaintext probe of the pod's port, judged against two states. */
function judged(mesh: Mesh, later: Mesh, outcome: Outcome): Cell {
  const cells = measured(mesh, [PROBER], (drawn) => (drawn.endsWith('http GET /') ? outcome : undefined));
  const expectations = cells.map((cell) => expectFlow(later, flowOf(cell, cell.source)));
  const options = { minCoverage: 1, failOn: [] };
  const found = judge({ mesh, cells, options, isFinal: true, later: { mesh: later, expectations } }).cells;
  const [cell] = found;
  if (cell === undefined) throw new Error('no cell');
  return cell;
}

const UNREADY = meshOf(HERE, pod('shop/pay', { isReady: false }), service('shop/pay'));
const ENDING = meshOf(
  HERE,
  pod('shop/pay', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
  service('shop/pay'),
);

const CASES: readonly (readonly [what: string, Mesh, Mesh, Outcome, drift: string, code: string | undefined])[] = [
  [
    'open although STRICT, and in the end it is to be open',
    STRICT,
    OPEN,
    { ...ANSWER, transport: 'plaintext' },
    'unknown',
    'MP1013',
  ],
  ['drift against both states', STRICT, STRICT, { ...ANSWER, transport: 'plaintext' }, 'exposed', 'MP1010'],
  ['as declared before, and no longer: the sweep as a whole says so', OPEN, STRICT, ANSWER, 'agrees', undefined],
  ['refused, and in the end it is to be refused', OPEN, STRICT, SILENCE, 'unknown', 'MP1013'],
  ['refused, and never to be', OPEN, OPEN, SILENCE, 'blocked', 'MP1307'],
  ['the pod went away', OPEN, meshOf(HERE, service('shop/pay')), SILENCE, 'unknown', 'MP1014'],
  ['the pod is being deleted', OPEN, ENDING, SILENCE, 'unknown', 'MP1014'],
  ['the pod became unready', OPEN, UNREADY, SILENCE, 'unknown', 'MP1014'],
];

t.test('what was measured while the declared state moved', (t) => {
  for (const [what, before, after, outcome, drift, code] of CASES) {
    const cell = judged(before, after, outcome);
    t.same([cell.drift, cell.cause?.code], [drift, code], what);
  }
  t.end();
});

t.test('the object that changed is named, and the one that did not is not', (t) => {
  const { cause } = judged(STRICT, OPEN, ANSWER);
  t.match(cause, {
    message:
      'meshproof/prober → pod:shop/pay:8080 answered, which would be exposed; but PeerAuthentication shop/default changed while it was measured.',
    objects: [{ kind: 'PeerAuthentication', namespace: 'shop', name: 'default' }],
  });
  t.equal(cause?.objects.length, 1);
  t.end();
});
