import t from 'tap';
import type { Drift } from '../../../../../controller/judge/finding.ts';
import type { Access } from '../../../../../controller/monitor/current.ts';
import { patternSentence } from '../../../../../controller/web/page/pattern-words.ts';
import { findPatterns } from '../../../../../controller/web/page/patterns.ts';
import type { PatternCell } from '../../../../../controller/web/page/patterns.ts';

const SIGNS: Readonly<Record<string, readonly [drift: Drift, access: Access]>> = {
  '.': ['agrees', 'open'],
  x: ['agrees', 'closed'],
  B: ['blocked', 'closed'],
  E: ['exposed', 'open'],
  D: ['downgraded', 'open'],
  M: ['misplaced', 'closed'],
  '?': ['unknown', 'unknown'],
};

/** `a1` is workload 1 of namespace a. First the columns, then each row with its signs; a blank is not planned. */
function drawn(picture: string): readonly PatternCell[] {
  const [head = '', ...lines] = picture.trim().split('\n');
  const columns = head.trim().split(/\s+/);
  return lines.flatMap((line) => {
    const [row = '', signs = ''] = line.trim().split(/\s+/);
    return Array.from(signs).flatMap((sign, at): PatternCell[] => {
      const meaning = SIGNS[sign];
      const column = columns[at] ?? '';
      if (meaning === undefined) return [];
      const [drift, access] = meaning;
      const [rowNamespace = '', columnNamespace = ''] = [row[0], column[0]];
      return [{ row, rowNamespace, column, columnNamespace, drift, access }];
    });
  });
}

const CASES: readonly (readonly [name: string, picture: string, sentences: readonly RegExp[]])[] = [
  [
    'nothing where all is as declared',
    `   a1 a2 b1 b2
     a1 ..x.
     a2 ....
     b1 x...`,
    [],
  ],
  [
    'a red row is its source',
    `   a1 a2 b1 b2
     a1 BBBB
     a2 ..x.
     b1 ....`,
    [/^Every call from a1 is blocked, though declared open \(4 calls\)\. It is this source\.$/],
  ],
  [
    'a red column is its target',
    `   a1 a2 b1 b2
     a1 .E..
     a2 .E..
     b1 .E..`,
    [/^Every call to a2 is exposed: .* \(3 calls\)\. It is this target\.$/],
  ],
  [
    'a red block lies between two namespaces, whatever is not planned in it',
    `   a1 a2 b1 b2 b3
     a1 ..BB_
     a2 ..BBB
     b1 .....`,
    [
      /^Every call from namespace a into namespace b is blocked.* \(5 calls\)\. Look at the policies between the two\.$/,
    ],
  ],
  [
    'a red block on the diagonal is a namespace by itself',
    `   a1 a2 b1 b2
     a1 ..x.
     b1 ..DD
     b2 ..DD`,
    [/^Every call within namespace b is downgraded: /],
  ],
  [
    'a red band is all that goes into a namespace, or comes out of one',
    `   a1 a2 b1 b2
     a1 ..BB
     a2 ..BB
     b1 EEBB
     c1 ..BB`,
    [/^Every call into namespace b is blocked/],
  ],
  [
    'everything',
    `   a1 a2 b1
     a1 BBB
     b1 BBB`,
    [/^Every call is blocked, though declared open \(6 calls\)\. Look at the mesh as a whole\.$/],
  ],
  [
    'only the diagonal green: a denial across namespaces, whether it is declared or not',
    `   a1 a2 b1 b2
     a1 ..xx
     a2 ..xB
     b1 xB..
     b2 xx..`,
    [
      /^Calls get through within a namespace only; all 8 calls between namespaces are refused: a denial across namespaces\.$/,
    ],
  ],
  [
    'one call that gets across, and it is none',
    `   a1 a2 b1 b2
     a1 ..x.
     a2 ..xx
     b1 xx..`,
    [],
  ],
  [
    'what is unknown says nothing: neither for a pattern nor against it',
    `   a1 a2 b1 b2 b3
     a1 BB?BB
     a2 ?????`,
    [/^Every call from a1 is blocked, .*\(4 calls\)/],
  ],
  [
    'one cell that is as declared, and it is no pattern',
    `   a1 a2 b1 b2
     a1 BBB.
     a2 ....`,
    [],
  ],
  [
    'two cells are better named one by one',
    `   a1 a2
     a1 BB
     a2 ..`,
    [],
  ],
  [
    'what one pattern explains, no other is named for',
    `   a1 a2 a3 b1
     a1 BBBB
     a2 ...B
     a3 ...B
     b1 ...B`,
    [/^Every call from a1 /, /^Every call to b1 /],
  ],
  [
    'of two kinds of drift, each has its own',
    `   a1 a2 a3
     a1 BBB
     b1 EEE
     b2 ...`,
    [/^Every call from b1 is exposed/, /^Every call from a1 is blocked/],
  ],
];

for (const [name, picture, expected] of CASES) {
  t.test(name, (t) => {
    const sentences = findPatterns(drawn(picture)).map(patternSentence);
    t.equal(sentences.length, expected.length, JSON.stringify(sentences));
    for (const [at, sentence] of expected.entries()) t.match(sentences[at], sentence);
    t.end();
  });
}

t.test('no more than six are named', (t) => {
  const rows = ['a1', 'b1', 'c1', 'd1', 'e1', 'f1', 'g1', 'h1'];
  const picture = ['a1 b1 c1 d1', ...rows.map((row, at) => `${row} ${at === 7 ? '....' : 'BBBB'}`)].join('\n');
  t.equal(findPatterns(drawn(picture)).length, 6);
  t.end();
});
