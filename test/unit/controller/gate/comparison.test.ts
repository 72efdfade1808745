import t from 'tap';
import { compare } from '../../../../controller/gate/comparison.ts';
import { baseline, conflict } from '../../../support/baselines.ts';

const CALL = 'legacy/batch (naked) → shop/pay:80 http';

t.test('what becomes of one route', (t) => {
  // Before, after, and what is said of it: a difference, lost, standing or shifted; `-` is nothing.
  const cases: readonly (readonly [before: string, after: string, said: string])[] = [
    ['closed', 'closed', '-'],
    ['closed', 'plaintext exposed', 'changed'],
    ['plaintext', 'mtls', 'changed'],
    ['plaintext', 'mixed blocked', 'changed'],
    ['closed blocked', 'closed', 'changed'],
    ['closed blocked', 'closed blocked', 'standing'],
    ['closed blocked', 'plaintext exposed', 'changed'],
    ['closed', 'closed misplaced', 'shifted'],
    ['closed misplaced', 'closed', '-'],
    ['plaintext', 'unknown unknown', 'lost'],
    ['plaintext exposed', 'unknown unknown', 'lost'],
    ['unknown unknown', 'plaintext', '-'],
    ['unknown unknown', 'plaintext exposed', 'found'],
    ['unknown unknown', 'unknown unknown', '-'],
    ['', 'closed', 'new'],
    ['closed', '', 'gone'],
  ];
  for (const [before, after, said] of cases) {
    const side = (state: string) => baseline(state === '' ? '' : `${CALL}: ${state}`);
    const { differences, lost, standing, shifted } = compare(side(before), side(after));
    const found = [
      ...differences.map(({ kind }) => kind),
      ...lost.map(() => 'lost'),
      ...standing.map(() => 'standing'),
      ...shifted.map(() => 'shifted'),
    ];
    t.same(found, said === '-' ? [] : [said], `${before} → ${after}`);
  }
  t.end();
});

t.test('conflicts are new, gone or standing by their code and objects, in whatever order', (t) => {
  const [one, two] = ['a', 'b'].map((name) => ({ kind: 'PeerAuthentication', namespace: 'shop', name }));
  const objects = one && two ? [one, two] : [];
  const before = baseline('', { conflicts: [conflict('MP1005', { objects }), conflict('MP1008')] });
  const after = baseline('', {
    conflicts: [conflict('MP1005', { objects: objects.toReversed(), message: 'In other words.' }), conflict('MP1010')],
  });
  const { newConflicts, endedConflicts, standingConflicts } = compare(before, after);
  t.same(
    [newConflicts, endedConflicts, standingConflicts].map((conflicts) => conflicts.map(({ code }) => code)),
    [['MP1010'], ['MP1008'], ['MP1005']],
  );
  t.end();
});
