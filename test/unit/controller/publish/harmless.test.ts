import t from 'tap';
import { harmless, harmlessLine } from '../../../../controller/publish/harmless.ts';
import { paint } from '../../../../controller/publish/page.ts';
import type { Tone } from '../../../../controller/publish/page.ts';

const CASES: readonly (readonly [name: string, text: string, shown: string])[] = [
  ['plain words stay', 'shop/pay → 503 – ü ✗\n\tnext', 'shop/pay → 503 – ü ✗\n\tnext'],
  ['a title of the window', '/\u001b]0;all is well\u0007', '/\\u001b]0;all is well\\u0007'],
  ['a cleared screen', '/\u001b[2J\u001b[H', '/\\u001b[2J\\u001b[H'],
  ['text that is not to be seen', '/\u001b[8mhidden', '/\\u001b[8mhidden'],
  ['colours, on a page without any', '\u001b[32mgreen\u001b[39m', '\\u001b[32mgreen\\u001b[39m'],
  ['a control sequence in one byte', '/\u009b2J', '/\\u009b2J'],
  ['a line that is written over', 'FAIL\rPASS', 'FAIL\\u000dPASS'],
  ['characters that are taken back', 'FAIL\b\b\b\u007f', 'FAIL\\u0008\\u0008\\u0008\\u007f'],
  ['words that run backwards', 'shop/\u202eyap\u202c \u2066x\u2069', 'shop/\\u202eyap\\u202c \\u2066x\\u2069'],
];

for (const [name, text, shown] of CASES) {
  t.test(`shown, not obeyed: ${name}`, (t) => {
    t.equal(harmless(text, false), shown);
    t.end();
  });
}

t.test('on a page with colours, ours stay and no other sequence does', (t) => {
  const page = { columns: 80, hasColour: true };
  for (const tone of ['good', 'bad', 'alarm', 'warn', 'quiet', 'strong', 'plain'] satisfies Tone[]) {
    const painted = paint(page, tone, 'words');
    t.equal(harmless(painted, true), painted, tone);
  }
  t.equal(harmless('\u001b[8m\u001b[2J\u001b[38;5;0m', true), '\\u001b[8m\\u001b[2J\\u001b[38;5;0m');
  t.end();
});

t.test('a JSON document says the same as before', (t) => {
  const said = { path: '/\u009b2J\u202e\u0007', lines: 'a\nb' };
  t.strictSame(JSON.parse(harmless(JSON.stringify(said, null, 2), false)), said);
  t.end();
});

t.test('a cell cannot begin a line of its own', (t) => {
  t.equal(harmlessLine('/\nPASS: nothing to see'), '/\\u000aPASS: nothing to see');
  t.end();
});
