import t from 'tap';
import type { Conflict } from '../../../../controller/judge/finding.ts';
import { conflictSection } from '../../../../controller/publish/conflict-list.ts';

const page = { columns: 80, hasColour: false };
const conflict: Conflict = {
  severity: 'critical',
  cause: {
    code: 'MP1005',
    message: 'PeerAuthentication shop/default has no effect.',
    fix: 'Delete it.',
    objects: [{ kind: 'PeerAuthentication', namespace: 'shop', name: 'default' }],
  },
  cells: ['shop/web → shop/pay:80 http GET /', 'shop/cart → shop/pay:80 http GET /'],
  isConfirmed: false,
};

t.test('a conflict is told with its objects, its fix and its cells, callers of one target in one line', (t) => {
  t.equal(
    conflictSection([conflict], page),
    `Conflicts: 1 critical
  1  CRITICAL strict-not-in-effect MP1005
     PeerAuthentication shop/default has no effect.
     objects  PeerAuthentication shop/default
     fix      Delete it.
     cells    shop/web, shop/cart → shop/pay:80 http GET /
`,
  );
  t.end();
});

t.test('many callers and many targets are counted, not listed', (t) => {
  const cells = ['a', 'b', 'c', 'd', 'e'].flatMap((target) =>
    Array.from({ length: 14 }, (_, at) => `n/w${String(at)} → n/${target}:80 tcp`),
  );
  const text = conflictSection([{ ...conflict, cells }], page).replace(/\s+/g, ' ');
  t.match(text, 'n/w11 and 2 more → n/a:80 tcp');
  t.match(text, 'and 2 more targets');
  t.end();
});

t.test('that there is none is said', (t) => {
  t.equal(conflictSection([], page), 'Conflicts: none; no object contradicts another one or its own purpose.\n');
  t.end();
});
