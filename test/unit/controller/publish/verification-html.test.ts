import t from 'tap';
import type { Baseline } from '../../../../controller/gate/baseline.ts';
import { verify } from '../../../../controller/gate/verification.ts';
import type { VerificationReport } from '../../../../controller/gate/verification-report.ts';
import { verificationHtml } from '../../../../controller/publish/verification-html.ts';
import { baseline, cellOf, conflict } from '../../../support/baselines.ts';

const STRICT = { kind: 'PeerAuthentication', namespace: 'shop', name: 'default', path: 'spec.mtls.mode' };
const BEFORE = baseline(
  `shop/web (sidecar) → shop/pay:80 http GET /: mtls
   legacy/batch (naked) → shop/pay:80 http GET /: closed
   legacy/batch (naked) → shop/old:80 http GET /: closed blocked MP1001
   shop/web (sidecar) → shop/gone:80 http GET /: mtls
   shop/web (sidecar) → shop/cart:80 http GET /: mtls`,
  { conflicts: [conflict('MP1005')] },
);

function after(message: string): Baseline {
  const lines = [
    'shop/web (sidecar) → shop/pay:80 http GET /: mtls',
    'legacy/batch (naked) → shop/old:80 http GET /: closed blocked MP1001',
    'shop/web (sidecar) → shop/new:80 http GET /: mtls',
    'shop/web (sidecar) → shop/cart:80 http GET /: unknown unknown',
  ];
  const exposed = cellOf('legacy/batch (naked) → shop/pay:80 http GET /: plaintext exposed MP1005');
  return {
    ...BEFORE,
    sweepId: 'later',
    conflicts: [conflict('MP1010', { objects: [STRICT] })],
    cells: [...lines.map(cellOf), { ...exposed, message, objects: [STRICT], fix: 'Correct the policy.' }],
  };
}

function reportOf(message: string, more: Partial<VerificationReport> = {}): VerificationReport {
  const now = after(message);
  const verification = verify(BEFORE, now, { expected: [], minCoverage: 1, failOn: ['drift', 'critical'] });
  return { kind: 'verification', verification, sweeps: [now], flaps: [], ...more };
}

t.test('what is new, gone and changed, by cause; and what was so before', (t) => {
  const html = verificationHtml(reportOf('It took plaintext.'), undefined, undefined, 'meshproof verify -o html');
  t.match(html, '<title>FAIL: 3 unexpected changes, 1 new conflict · Meshproof</title>');
  const sections = html.split('<section>').map(lineOf);
  const EXPECTED: readonly (readonly [title: string, ...says: readonly string[]])[] = [
    [
      'Changed, and nobody meant it to',
      'changed closed → answered in plaintext, though declared closed strict-not-in-effect MP1005',
      'It took plaintext.',
      'Objects PeerAuthentication shop/default (spec.mtls.mode)',
      'Fix Correct the policy.',
      'legacy/batch (naked) → shop/pay:80 http GET /',
      'new new → answered over mutual TLS',
      'shop/web (sidecar) → shop/new:80 http GET /',
      'gone answered over mutual TLS → gone',
      'shop/web (sidecar) → shop/gone:80 http GET /',
    ],
    ['Conflicts that were not there before', 'critical conflict capture-bypassed MP1010', 'Fix Mend it.'],
    ['Not known', 'It was not measured.', 'shop/web (sidecar) → shop/cart:80 http GET /'],
    ['Wrong before, and as wrong now', 'closed, though declared open', 'legacy/batch (naked) → shop/old:80 http GET /'],
    ['Conflicts that are gone', 'conflict strict-not-in-effect MP1005'],
  ];
  t.match(sections[0], 'Command meshproof verify -o html');
  for (const [at, [title, ...says]] of EXPECTED.entries()) {
    const text = sections[at + 1] ?? '';
    t.ok(text.startsWith(title), title);
    for (const words of says) t.ok(text.includes(words), words);
  }
  t.equal(sections.length, EXPECTED.length + 1);
  t.end();
});

t.test('nothing is loaded, and what a target says is text', (t) => {
  const hostile = `<img src=x onerror=alert(1)>"'</style><script>`;
  const html = verificationHtml(reportOf(hostile), undefined, undefined, hostile);
  t.notMatch(html, '<img');
  t.equal(html.match(/<script/g)?.length, 1);
  t.match(html, 'default-src &#39;none&#39;');
  t.notMatch(html, /\s(href|src)="(?!#|data:)/);
  t.end();
});

t.test('a diff, a watch and flaps', (t) => {
  const identity = 'reachability legacy/batch (naked) → shop/pay:80 http GET /';
  const atMs = Date.parse('2026-03-01T12:00:00.000Z');
  const flips = { flips: 3, firstFlipAtMs: atMs, lastFlipAtMs: atMs + 61_000 };
  const counts = { outageMs: 61_040, openingMs: 0, wrongMs: 900, intervals: [] };
  const { startedAt, finishedAt } = BEFORE;
  const html = verificationHtml(
    reportOf('It took plaintext.', {
      kind: 'diff',
      flaps: [{ identity, seen: [{ measured: 'closed', drift: 'agrees' }, null], isOpen: true }],
      watch: {
        ...{ sweeps: 4, startedAt, finishedAt, resolutionMs: 2100, firstFlipAtMs: atMs, lastFlipAtMs: atMs + 61_000 },
        routes: [{ identity, before: 'mtls', now: 'closed', attempts: 9, ...flips, ...counts }],
      },
    }),
  );
  const text = lineOf(html);
  for (const words of [
    'DIFFERENT 3 changes, 1 new conflict',
    '4 sweeps, 1 route flipped, the longest outage took 1 min 1 s.',
    `${identity} 1 min 1 s 0 ms 3`,
    `${identity}: closed, then not there`,
  ]) {
    t.ok(text.includes(words), words);
  }
  t.end();
});

t.test('where nothing has changed, that is said', (t) => {
  const verification = verify(BEFORE, BEFORE, { expected: [], minCoverage: 1, failOn: ['drift'] });
  const html = verificationHtml({ kind: 'verification', verification, sweeps: [BEFORE], flaps: [] });
  t.match(html, '<p class="verdict pass"><strong>PASS</strong>');
  t.match(lineOf(html), 'Changed, and nobody meant it to Nothing.');
  t.end();
});

/** What is to be read, in one line. */
function lineOf(html: string): string {
  return html
    .replaceAll(/<(style|script)[^>]*>[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('\u00A0', ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ([,;:.])/g, '$1')
    .trim();
}
