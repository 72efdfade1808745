import t from 'tap';
import type { Conflict } from '../../../../controller/judge/finding.ts';
import { conflictChanges, standingAfter } from '../../../../controller/monitor/conclusion.ts';
import { cause } from '../../../support/sweeps.ts';

function conflict(name: string, isConfirmed = true): Conflict {
  return { severity: 'error', cause: cause('MP1102', `${name} contradicts itself.`, name), cells: ['a'], isConfirmed };
}

/** `+name` began, `-name` is over. */
function changed(
  before: readonly Conflict[],
  after: readonly Conflict[],
): { readonly told: readonly string[]; readonly standing: readonly string[] } {
  const nameOf = (one: Conflict): string => one.cause.objects[0]?.name ?? '';
  const { standing, changes } = conflictChanges(before, after, 1000);
  return {
    told: changes.map((change) => `${change.isOver ? '-' : '+'}${nameOf(change.conflict)}@${String(change.atMs)}`),
    standing: standing.map(nameOf),
  };
}

const A = conflict('a');
const B = conflict('b');

t.test('a conflict is told when the wire confirms it, and when it is no more', (t) => {
  t.same(changed([], [A]), { told: ['+a@1000'], standing: ['a'] });
  t.same(changed([A], [A, B]), { told: ['+b@1000'], standing: ['a', 'b'] });
  t.same(changed([A, B], [B]), { told: ['-a@1000'], standing: ['b'] });
  t.same(changed([A], [A]), { told: [], standing: ['a'] });
  t.end();
});

t.test('one that the wire does not confirm is not told', (t) => {
  t.same(changed([], [conflict('a', false)]), { told: [], standing: [] });
  t.same(changed([], [conflict('a', false), B]), { told: ['+b@1000'], standing: ['b'] });
  t.end();
});

t.test('one that merely cannot be seen at the moment is not over, nor told anew when it can', (t) => {
  const unseen = changed([A], [conflict('a', false)]);
  t.same(unseen, { told: [], standing: ['a'] });
  t.same(changed([A], [A]), { told: [], standing: ['a'] });
  t.end();
});

t.test('the same cause at other objects is another conflict; other cells of it are not', (t) => {
  t.same(changed([A], [{ ...A, cells: ['a', 'b'], severity: 'critical' }]), { told: [], standing: ['a'] });
  const elsewhere = { ...A, cause: { ...A.cause, code: 'MP1101' as const } };
  t.same(changed([A], [elsewhere]).told, ['+a@1000', '-a@1000']);
  t.end();
});

t.test('what stands is what was told and is not over', (t) => {
  const event = (conflict: Conflict, isOver: boolean) => ({ kind: 'conflict', atMs: 1000, isOver, conflict }) as const;
  t.same(standingAfter([]), []);
  t.same(standingAfter([event(A, false), event(B, false), event(A, true)]), [B]);
  t.same(standingAfter([event(A, true), event(B, true), event(A, false)]), [A], 'what began before was trimmed');
  t.end();
});
