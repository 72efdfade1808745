import { createHash } from 'node:crypto';
import t from 'tap';
import type { Cell, Conflict } from '../../../../controller/judge/finding.ts';
import { publishHtml } from '../../../../controller/publish/html.ts';
import { publishJson } from '../../../../controller/publish/json.ts';
import { drawnCells } from '../../../support/monitored.ts';
import * as made from '../../../support/sweeps.ts';

const EXPOSED = made.cell({
  source: 'legacy/batch',
  dataPlane: 'naked',
  expectation: made.refusedByStrict,
  outcome: made.reachedInPlaintext,
  drift: 'exposed',
  cause: made.cause('MP1005', 'legacy/batch → shop/pay:8080 answered in plaintext although STRICT is declared.'),
});
const REFUSED = made.cell({ to: 'bank/ledger:80', expectation: made.refusedByStrict, outcome: made.reset });
const PORT = made.cell({
  table: 'transport',
  source: 'meshproof/prober',
  dataPlane: 'naked',
  to: 'pod:shop/pay-1:8080',
});
const CHECK = made.cell({
  table: 'health',
  source: 'meshproof/kubelet',
  dataPlane: 'host',
  to: 'pod:shop/pay-1:15020',
  probe: { kind: 'health', container: 'app', check: 'liveness', action: { kind: 'tcpSocket' }, variant: 'kubelet' },
});
const UNKNOWN = made.cell({ source: 'shop/cart', outcome: made.untested, drift: 'unknown' });
const CELLS = [made.cell(), EXPOSED, REFUSED, UNKNOWN, PORT, CHECK];
const CONFLICT: Conflict = {
  severity: 'critical',
  cause: made.cause('MP1010', 'The port is excluded from capture.', 'excluded'),
  cells: [PORT.key],
  isConfirmed: true,
};
const SWEEP = made.sweep(CELLS, [CONFLICT], { why: '1 exposed cell' });

interface PublishedSweep {
  readonly cells: readonly Cell[];
  readonly conflicts: readonly Conflict[];
}

t.test('when it was, what it comes to, and how to get it again', (t) => {
  const html = publishHtml(SWEEP, undefined, undefined, 'meshproof matrix --sandbox shop -o html');
  t.match(html, '<title>FAIL: 1 exposed cell · Meshproof</title>');
  const text = textOf(html);
  for (const expected of [
    'FAIL 1 exposed cell',
    'Counts 1 exposed, 1 critical conflict, 1 unknown',
    'Coverage 83.3 % (5 of 6 cells)',
    'Swept 2026-01-02 03:04:05 UTC, took 3.3 s',
    'Policy read 1 object',
    'Sweep sweep-1',
    'Command meshproof matrix --sandbox shop -o html',
    'Refused as declared 1 route refused as declared: 1 by STRICT (callers without sidecar)',
  ]) {
    t.ok(text.includes(expected), expected);
  }
  t.notMatch(publishHtml(SWEEP), '<dt>Command</dt>', 'nobody knows it');
  t.end();
});

t.test('the same cells and findings as the JSON', (t) => {
  const html = publishHtml(SWEEP);
  const { cells, conflicts } = JSON.parse(publishJson(SWEEP)) as PublishedSweep;
  const marks = [...html.matchAll(/<a id="c(\d+)" class="([a-z ]+)" href="#route-(\d+)" aria-label="([^"]+)">/g)];
  t.same(
    marks.map(([, at]) => Number(at)).sort((left, right) => left - right),
    cells.map((_, at) => at),
  );
  const MARKS: Readonly<Record<string, readonly [look: string, label: RegExp]>> = {
    [EXPOSED.key]: ['exposed', /^exposed: legacy\/batch \(naked\) to shop\/pay:8080, .*; finding 1$/],
    [REFUSED.key]: ['shut', /^as declared: shop\/web \(sidecar\) to bank\/ledger:80, http GET \/, connection reset/],
    [UNKNOWN.key]: ['unknown', /^not known: shop\/cart \(sidecar\) to shop\/pay:8080, /],
    [PORT.key]: ['open conflict', /^as declared: meshproof\/prober .*; finding 2$/],
  };
  for (const [, at, look, route, label] of marks) {
    t.equal(route, at, 'its own evidence');
    const [expectedLook, expectedLabel] = MARKS[cells[Number(at)]?.key ?? ''] ?? ['open', /^as declared: /];
    t.equal(look, expectedLook);
    t.match(label, expectedLabel);
  }
  const text = textOf(html);
  for (const message of [...cells, ...conflicts].flatMap(({ cause }) => cause?.message ?? [])) {
    t.ok(text.includes(message), message);
  }
  t.equal(html.match(/<li id="f\d+"/g)?.length, 3, 'one exposed, one conflict, one not known');
  t.end();
});

t.test('each mark leads to its evidence, and that back to the mark; no name is given twice', (t) => {
  const html = publishHtml(SWEEP);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  t.equal(new Set(ids).size, ids.length);
  const targets = [...html.matchAll(/<a [^>]*href="#([^"]*)"/g)].map(([, id]) => id);
  t.same(
    targets.filter((id) => !ids.includes(id)),
    [],
  );
  t.ok(targets.includes('route-1') && targets.includes('c1'));
  const sheet = textOf(
    html.slice(html.indexOf('<article class="evidence sheet" id="route-1"')).split('</article>')[0] ?? '',
  );
  for (const expected of [
    'legacy/batch naked → shop/pay:8080 http GET /',
    'Fix Correct PeerAuthentication shop/default.',
    'No: it is refused, because STRICT mutual TLS takes no plaintext',
    'answered in plaintext, status 200',
    'curl -sv -X GET http://127.1.0.1:8080/',
  ]) {
    t.ok(sheet.includes(expected), expected);
  }
  t.end();
});

t.test('nothing is loaded, and no script runs but its own', (t) => {
  const html = publishHtml(SWEEP);
  const addresses = [...html.matchAll(/\s(?:href|src|srcset|action|poster|data)="([^"]*)"/g)].map(([, to]) => to ?? '');
  t.ok(addresses.length > 10);
  t.same(
    addresses.filter((to) => !to.startsWith('#') && !to.startsWith('data:image/svg+xml;base64,')),
    [],
  );
  t.notMatch(html, /<script[^>]*\ssrc/);
  t.notMatch(html, /@import|url\(|<base|<iframe|<object|<form|http-equiv="refresh"/i);
  const scripts = [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, script]) => script ?? '');
  t.equal(scripts.length, 1);
  const hash = createHash('sha256')
    .update(scripts[0] ?? '')
    .digest('base64');
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
  t.match(policy, 'default-src &#39;none&#39;; ');
  t.match(policy, `script-src &#39;sha256-${hash}&#39;;`);
  t.ok(html.indexOf('Content-Security-Policy') < html.indexOf('<style>'), 'it holds before anything else is read');
  t.end();
});

const HOSTILE = `<img src=x onerror=alert(1)>"'&</style></script><script>alert(2)</script>`;
/** As part of a name: neither slash nor colon. */
const HOSTILE_NAME = `<img src=x onerror=alert(1)>"'&<script>`;

t.test('what a target is called or says is text', (t) => {
  const refused = { ...made.reset, detail: HOSTILE, signature: 'reset' } as const;
  const cell = made.cell({
    source: `shop/${HOSTILE_NAME}`,
    to: `${HOSTILE_NAME}/pay${HOSTILE_NAME}:8080`,
    probe: { kind: 'http', method: 'GET', path: `/${HOSTILE}` },
    outcome: refused,
    drift: 'blocked',
    expectation: { ...made.allowed, identity: HOSTILE, warnings: [HOSTILE] },
    cause: made.cause('MP1003', HOSTILE, HOSTILE_NAME),
  });
  const port = made.cell({ table: 'transport', to: `pod:shop/${HOSTILE_NAME}:80`, outcome: refused });
  const conflict: Conflict = {
    severity: 'error',
    cause: { ...made.cause('MP1009', HOSTILE), fix: HOSTILE },
    cells: [cell.key, HOSTILE],
    isConfirmed: false,
  };
  const sweep = { ...made.sweep([cell, port], [conflict], { why: HOSTILE }), id: HOSTILE, optedOut: [HOSTILE] };
  const html = publishHtml(sweep, undefined, undefined, HOSTILE);
  t.notMatch(html, '<img');
  t.equal(html.match(/<script/g)?.length, 1);
  t.equal(html.match(/<\/style/g)?.length, 1);
  t.ok(html.split('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;').length > 20, 'it is there, as text');
  const labels = [...html.matchAll(/ (?:aria-label|title|id|href)="([^"]*)"/g)].map(([, value]) => value ?? '');
  t.same(
    labels.filter((value) => value.includes('<') || value.includes("'")),
    [],
  );
  t.end();
});

t.test('200 × 200 stay a file of a few megabytes, which says what it leaves out; findings go first', (t) => {
  const cells = drawnCells({
    rows: 200,
    columns: 200,
    drift: (row, column) => (column === 3 ? 'exposed' : row === 15 ? 'blocked' : 'agrees'),
    isDenied: (row) => row % 2 === 0,
  });
  const html = publishHtml(made.sweep(cells));
  const sizeBytes = Buffer.byteLength(html);
  t.ok(sizeBytes < 7 * 2 ** 20, `${String(sizeBytes)} bytes`);
  const sheets = html.match(/<article class="evidence sheet"/g)?.length ?? 0;
  t.ok(sheets > 399, `${String(sheets)} routes with evidence`);
  const links = html.match(/<a id="c\d+" class="[a-z ]+" href="#route-/g)?.length ?? 0;
  const plain = [...html.matchAll(/<span class="tile ([a-z]+)" role="img" title="([^"]+)">/g)];
  t.equal(links, sheets);
  t.equal(links + plain.length, 40_000);
  t.same([...new Set(plain.map(([, look]) => look))].sort(), ['open', 'shut'], 'none of a finding');
  t.same([...new Set(plain.map(([, , title]) => title))].sort(), [
    'as declared: http GET /, answered over mutual TLS, status 200',
    'as declared: http GET /, connection reset (application)',
  ]);
  t.match(
    textOf(html.slice(0, html.indexOf('<main'))),
    `the evidence of ${String(40_000 - sheets)} cells as declared is left out`,
  );
  t.end();
});

t.test('where there are more findings than room, that is said as well', (t) => {
  const html = publishHtml(made.sweep(drawnCells({ rows: 60, columns: 60, drift: () => 'blocked' })));
  const sheets = html.match(/<article class="evidence sheet"/g)?.length ?? 0;
  t.match(
    textOf(html.slice(0, html.indexOf('<main'))),
    `the evidence of ${String(3600 - sheets)} cells of findings is left out`,
  );
  t.match(
    html,
    /<span class="tile blocked" role="img" title="blocked: http GET \/, connection reset \(application\); finding \d+">/,
  );
  t.end();
});

t.test('a sweep of nothing is a page too', (t) => {
  const text = textOf(publishHtml(made.sweep([], [], { value: 'inconclusive', why: 'nothing is planned' })));
  for (const expected of [
    'INCONCLUSIVE',
    'No call is planned.',
    'No port is planned.',
    'No route is refused as declared.',
  ]) {
    t.ok(text.includes(expected), expected);
  }
  t.end();
});

/** What is to be read, in one line. */
function textOf(html: string): string {
  return html
    .replaceAll(/<(style|script)[^>]*>[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll('\u00A0', ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ([,;.])/g, '$1');
}
