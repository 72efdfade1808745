import t from 'tap';
import { publishMarkdown } from '../../../../controller/publish/markdown.ts';
import * as made from '../../../support/sweeps.ts';

t.test('verdict first, then findings, then the tables folded away', (t) => {
  const text = publishMarkdown(
    made.sweep([made.cell({ drift: 'exposed', cause: made.cause('MP1005', 'shop/pay takes plaintext') })], [], {
      why: '1 exposed cell',
    }),
  );
  t.match(text, /^## Meshproof: FAIL: 1 exposed cell \(1 of 1 cells judged\)\n/);
  const places = [
    '### 1. EXPOSED strict-not-in-effect MP1005',
    '- objects: `PeerAuthentication shop/default',
    '<details>',
  ].map((part) => text.indexOf(part));
  t.notOk(places.includes(-1));
  t.same(
    places,
    places.toSorted((left, right) => left - right),
  );
  t.end();
});

t.test('what a server sent cannot become markup, a mention or another column', (t) => {
  const message = '<img src=x> @everyone `a` | [x](y) *b* # h';
  const text = publishMarkdown(made.sweep([made.cell({ drift: 'exposed', cause: made.cause('MP1005', message) })]));
  t.match(text, '&lt;img src=x&gt; &#64;everyone \\`a\\` \\| \\[x\\](y) \\*b\\* \\# h');
  t.notMatch(text, '<img');
  t.end();
});

t.test('a comment never grows beyond what GitHub takes, and says what it leaves out', (t) => {
  const cells = Array.from({ length: 500 }, (_, at) =>
    made.cell({
      source: `shop/caller-${String(at)}`,
      drift: 'exposed',
      cause: made.cause('MP1005', 'x'.repeat(400), `policy-${String(at)}`),
    }),
  );
  const text = publishMarkdown(made.sweep(cells));
  t.ok(text.length < 65_536, String(text.length));
  t.match(text, /\d+ more parts left out for want of room/);
  t.end();
});
