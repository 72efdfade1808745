import t from 'tap';
import * as layout from '../../../../controller/publish/text-layout.ts';

t.test('text is broken at spaces and never inside a word', (t) => {
  t.same(layout.wrap('one two three', 7), ['one two', 'three']);
  t.same(layout.wrap('a-word-that-is-too-long b', 5), ['a-word-that-is-too-long', 'b']);
  t.same(layout.wrap('  ', 5), []);
  t.end();
});

t.test('a paragraph is indented as far as its lead', (t) => {
  t.same(layout.paragraph('fix  ', 'delete the older policy of the two', 25), [
    'fix  delete the older',
    '     policy of the two',
  ]);
  t.end();
});

t.test('colour codes take no width', (t) => {
  const red = '\u001b[31mred\u001b[39m';
  t.equal(layout.widthOf(red), 3);
  t.equal(layout.padTo(red, 5), `${red}  `);
  t.end();
});

t.test('columns are as wide as their widest cell, and the last one is broken when the page is narrow', (t) => {
  const rows = [
    ['A', 'WHAT'],
    ['long', 'some words that do not fit'],
  ];
  t.same(layout.alignColumns(rows, 80), ['A     WHAT', 'long  some words that do not fit']);
  t.same(layout.alignColumns(rows, 26), ['A     WHAT', 'long  some words that do', '      not fit']);
  t.end();
});

t.test('entries stay whole when they are broken into lines', (t) => {
  t.same(layout.flow(['a b', 'c d', 'e f'], '  ', 8), ['a b  c d', 'e f']);
  t.end();
});

t.test('what is shortened ends in an ellipsis and keeps its width', (t) => {
  t.equal(layout.shorten('abcdef', 4), 'abc…');
  t.equal(layout.shorten('abcd', 4), 'abcd');
  t.end();
});
