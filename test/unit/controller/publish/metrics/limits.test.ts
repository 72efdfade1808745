import t from 'tap';
import { foldNamespaces, worstFirst } from '../../../../../controller/publish/metrics/limits.ts';
import { Tally } from '../../../../../controller/publish/metrics/tally.ts';

type Pair = readonly [source: string, target: string, finding: string, count: number];

function tally(pairs: readonly Pair[]) {
  const all = new Tally<'source_namespace' | 'target_namespace' | 'finding'>();
  for (const [source_namespace, target_namespace, finding, count] of pairs) {
    all.add({ source_namespace, target_namespace, finding }, count);
  }
  return all.entries();
}

const PAIRS: readonly Pair[] = [
  ['a', 'x', 'agrees', 5],
  ['b', 'x', 'agrees', 6],
  ['a', 'x', 'blocked', 2],
  ['b', 'x', 'blocked', 3],
  ['a', 'y', 'agrees', 1],
  ['b', 'y', 'unknown', 1],
];

const FOLDS: readonly (readonly [what: string, limit: number, shown: readonly Pair[], suppressed: number])[] = [
  ['all fit', 6, PAIRS, 0],
  [
    'sources of routes without drift are not named',
    5,
    [
      ['_other', 'x', 'agrees', 11],
      ['a', 'x', 'blocked', 2],
      ['b', 'x', 'blocked', 3],
      ['_other', 'y', 'agrees', 1],
      ['_other', 'y', 'unknown', 1],
    ],
    1,
  ],
  [
    'no sources are named',
    4,
    [
      ['_other', 'x', 'agrees', 11],
      ['_other', 'x', 'blocked', 5],
      ['_other', 'y', 'agrees', 1],
      ['_other', 'y', 'unknown', 1],
    ],
    2,
  ],
  [
    'nobody is named',
    3,
    [
      ['_other', '_other', 'agrees', 12],
      ['_other', '_other', 'blocked', 5],
      ['_other', '_other', 'unknown', 1],
    ],
    3,
  ],
];

for (const [what, limit, shown, suppressed] of FOLDS) {
  t.test(`namespaces within ${String(limit)} series: ${what}`, (t) => {
    t.strictSame(foldNamespaces(tally(PAIRS), limit), { shown: tally(shown), suppressed });
    t.end();
  });
}

t.test('the worst are shown first, and those that are as bad in their order', (t) => {
  const entries = tally([
    ['1', '', 'agrees', 1],
    ['2', '', 'blocked', 1],
    ['3', '', 'unknown', 1],
    ['4', '', 'exposed', 1],
    ['5', '', 'blocked', 1],
    ['6', '', 'misplaced', 1],
    ['7', '', 'downgraded', 1],
  ]);
  const names = (limit: number): string =>
    worstFirst(entries, limit)
      .shown.map(({ labels }) => labels.source_namespace)
      .join('');
  t.equal(names(7), '1234567', 'in order where there is room');
  t.equal(names(6), '476253');
  t.equal(names(4), '4762');
  t.equal(worstFirst(entries, 4).suppressed, 3);
  t.end();
});

t.test('labels are told apart by their values, whatever is in them', (t) => {
  const all = new Tally<'a' | 'b'>();
  all.add({ a: 'x', b: 'y,z' });
  all.add({ a: 'x,y', b: 'z' });
  all.add({ a: 'x', b: 'y,z' }, 2);
  t.strictSame(all.entries(), [
    { labels: { a: 'x', b: 'y,z' }, count: 3 },
    { labels: { a: 'x,y', b: 'z' }, count: 1 },
  ]);
  t.equal(all.size, 2);
  t.end();
});
