import t from 'tap';
import { saysTheSame, settled } from '../../../../controller/gate/settled.ts';
import { baseline, conflict } from '../../../support/baselines.ts';

const CALL = 'legacy/batch (naked) → shop/pay:80 http';

t.test('what the last two sweeps disagree on is unknown; what they agree on counts', (t) => {
  const cases: readonly (readonly [seen: readonly string[], now: string, flaps: number])[] = [
    [['closed'], 'closed', 0],
    [['closed', 'closed'], 'closed', 0],
    [['closed', 'plaintext'], 'unknown', 1],
    [['closed', 'plaintext', 'plaintext'], 'plaintext', 1],
    [['closed', 'plaintext', 'closed'], 'unknown', 1],
    [['closed', 'unknown unknown'], 'unknown', 0],
    [['unknown unknown', 'closed'], 'closed', 0],
    [['closed', ''], 'unknown', 1],
    [['', 'closed'], 'unknown', 1],
    [['closed', '', ''], '', 1],
    [['', '', 'closed'], 'unknown', 1],
    [['closed', 'closed', 'closed misplaced'], 'closed', 0],
    [['closed misplaced', 'closed agrees'], 'closed', 0],
    [['closed', 'closed blocked'], 'unknown', 1],
  ];
  for (const [seen, now, flaps] of cases) {
    const sweeps = seen.map((state) => baseline(state === '' ? '' : `${CALL}: ${state}`));
    const found = settled(sweeps);
    t.same(
      found.after.cells.map(({ measured }) => measured),
      now === '' ? [] : [now],
      seen.join(', '),
    );
    t.equal(found.flaps.length, flaps, seen.join(', '));
  }
  t.throws(() => settled([]), RangeError);
  t.end();
});

t.test('a conflict that one of the last two sweeps alone confirmed does not count, and is not forgotten', (t) => {
  const [one, two] = [baseline('', { conflicts: [conflict('MP1005')] }), baseline('')];
  const found = (...sweeps: Parameters<typeof settled>[0]): readonly (readonly string[])[] => {
    const { after, openConflicts } = settled(sweeps);
    return [after.conflicts, openConflicts].map((conflicts) => conflicts.map(({ code }) => code));
  };
  t.same(found(two, one), [[], ['MP1005']]);
  t.same(found(one, two), [[], ['MP1005']]);
  t.same(found(one, two, two), [[], []]);
  t.same(found(one, one), [['MP1005'], []]);
  t.same(found(one), [['MP1005'], []]);
  t.notOk(saysTheSame(one, two));
  t.ok(saysTheSame(one, one));
  t.end();
});

t.test('sweeps say the same where neither differs from the other, nor knows less', (t) => {
  const of = (state: string) => baseline(`${CALL}: ${state}`);
  t.ok(saysTheSame(of('closed'), of('closed')));
  t.notOk(saysTheSame(of('closed'), of('mtls')));
  t.notOk(saysTheSame(of('closed'), of('unknown unknown')));
  t.ok(saysTheSame(of('unknown unknown'), of('closed')));
  t.end();
});
