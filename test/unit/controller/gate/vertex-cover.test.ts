import t from 'tap';
import { smallestCover } from '../../../../controller/gate/vertex-cover.ts';
import type { Edge } from '../../../../controller/gate/vertex-cover.ts';

/** `a1 a2 b1`: callers are letters, doors are digits. */
function edgesOf(words: string): readonly Edge[] {
  return words.split(' ').flatMap((word): Edge[] => (word === '' ? [] : [[word.charAt(0), word.charAt(1)]]));
}

t.test('the fewest vertices that touch every edge', (t) => {
  const cases: readonly (readonly [edges: string, size: number])[] = [
    ['', 0],
    ['a1', 1],
    ['a1 b1 c1', 1],
    ['a1 a2 a3', 1],
    ['a1 b2', 2],
    ['a1 a2 b1 b2', 2],
    ['a1 a2 a3 b1', 2],
    ['a1 b1 b2 c2 c3', 3],
    ['a1 a2 a3 b3 b4 b5', 2],
    ['a1 b1 a2 b2 a3 c3', 3],
  ];
  for (const [words, size] of cases) {
    const { left, right } = smallestCover(edgesOf(words));
    t.equal(left.length + right.length, size, words);
    t.ok(
      edgesOf(words).every(([one, other]) => left.includes(one) || right.includes(other)),
      words,
    );
  }
  t.end();
});

t.test('of several of that size, one with as few callers as there can be', (t) => {
  const cases: readonly (readonly [edges: string, left: string, right: string])[] = [
    ['a1', '', '1'],
    ['a1 a2 a3', 'a', ''],
    ['a1 a2 b1 b2', '', '1 2'],
    ['a1 a2 a3 b1', 'a', '1'],
  ];
  for (const [words, left, right] of cases) {
    const cover = smallestCover(edgesOf(words));
    t.same([cover.left.join(' '), cover.right.join(' ')], [left, right], words);
  }
  t.end();
});
