/** The page in a real Chromium: what it says without script, to a keyboard, and to a screen reader. */
import t from 'tap';
import type { Test } from 'tap';
import { realChromium, startBrowser } from '../support/chromium.ts';
import type { RunningBrowser } from '../support/chromium.ts';
import { currentOf, drawnCells, transition } from '../support/monitored.ts';
import { cause, cell, reachedInPlaintext, refusedByStrict, reset } from '../support/sweeps.ts';
import { webScene } from '../support/web-scene.ts';
import type { Conflict } from '../../controller/judge/finding.ts';

const chromium = realChromium();
const OPTIONS = { skip: 'missing' in chromium ? chromium.missing : false, timeout: 60_000 };

const WEB = { source: 'shop/web', to: 'shop/pay:8080' };
const EXPOSED = cell({
  source: 'legacy/batch',
  dataPlane: 'naked',
  to: 'shop/pay:8080',
  expectation: refusedByStrict,
  outcome: reachedInPlaintext,
  drift: 'exposed',
  cause: cause('MP1005', 'legacy/batch → shop/pay:8080 answered in plaintext although STRICT is declared.'),
});
const KUBELET = { kind: 'health', container: 'app', check: 'liveness', action: { kind: 'tcpSocket' } } as const;
const CELLS = [
  cell(WEB),
  EXPOSED,
  cell({ source: 'shop/web', to: 'bank/ledger:80', expectation: refusedByStrict, outcome: reset }),
  cell({
    table: 'transport',
    source: 'meshproof/prober',
    dataPlane: 'naked',
    to: 'pod:shop/pay-1:8080',
    outcome: reset,
  }),
  cell({
    table: 'transport',
    source: 'meshproof/prober',
    dataPlane: 'naked',
    to: 'pod:shop/pay-1:8080',
    probe: { kind: 'mtls', alpn: ['istio'], application: 'http' },
  }),
  cell({
    table: 'health',
    source: 'meshproof/kubelet',
    dataPlane: 'host',
    to: 'pod:shop/pay-1:15020',
    probe: { ...KUBELET, variant: 'kubelet' },
  }),
];
const CONFLICT: Conflict = {
  severity: 'critical',
  cause: cause('MP1010', 'The port is excluded from capture.', 'excluded'),
  cells: [CELLS[0]?.key ?? ''],
  isConfirmed: true,
};
const CURRENT = currentOf(CELLS, {}, [CONFLICT]);

t.test('the page', OPTIONS, async (t) => {
  await using browser = await startBrowser(chromium);
  await t.test('without script it says everything: verdict, tables, findings, history', (t) =>
    withoutScript(t, browser),
  );
  await t.test('a screen reader is told rows, columns, captions and what each cell says', (t) => tree(t, browser));
  await t.test('a keyboard reaches a cell, its evidence, and gets back to where it was', (t) => keyboard(t, browser));
  await t.test('arrow keys move from cell to cell', (t) => arrows(t, browser));
});

async function withoutScript(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({ current: CURRENT });
  scene.store.keep(transition(EXPOSED));
  await using opened = await browser.open(scene.address, { javaScriptEnabled: false });
  const { page, faults } = opened;
  const text = await page.locator('body').innerText();
  for (const expected of [
    'FAIL',
    '100 % (6 of 6 cells)',
    'all fresh',
    '2026-01-02 12:00:00 UTC',
    'legacy/batch → shop/pay:8080 answered in plaintext although STRICT is declared.',
    'PeerAuthentication shop/default (spec.mtls.mode)',
    'Correct PeerAuthentication shop/default.',
    'The port is excluded from capture.',
    'STRICT',
    'a TCP connect to port 15020',
    'Without script this page shows one moment',
  ]) {
    t.ok(text.includes(expected), expected);
  }
  t.equal(await page.title(), 'FAIL: 2 findings · Meshproof');
  t.equal(await page.locator('table').count(), 3);
  await page.locator('a.exposed').click();
  t.equal(await page.getByRole('heading', { level: 2 }).innerText(), 'legacy/batch naked → shop/pay:8080 http GET /');
  const evidence = await page.locator('main').innerText();
  t.match(evidence, /exposed since 2026-01-02 11:59:00 UTC, measured 2026-01-02 12:00:00 UTC/);
  t.match(evidence, /No: it is refused, because STRICT mutual TLS takes no plaintext/);
  t.match(evidence, /answered in plaintext, status 200/);
  t.match(evidence, /curl -sv -X GET http:\/\/127\.1\.0\.1:8080\//);
  t.same(faults, []);
}

async function tree(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({ current: CURRENT });
  await using opened = await browser.open(scene.address);
  const { page } = opened;
  const table = page.getByRole('table', { name: 'Reachability of 2 targets from 2 callers' });
  t.same(await table.getByRole('columnheader').allInnerTexts(), ['bank/ledger:80', 'shop/pay:8080']);
  t.same(await table.getByRole('rowheader').allInnerTexts(), ['legacy/batch naked', 'shop/web sidecar']);
  t.same(
    await page.evaluate<string[]>(
      '[...document.querySelectorAll(".matrix tbody a")].map((link) => link.getAttribute("aria-label"))',
    ),
    [
      'exposed: legacy/batch (naked) to shop/pay:8080, http GET /, answered in plaintext, status 200; finding 1',
      'as declared: shop/web (sidecar) to bank/ledger:80, http GET /, connection reset (application)',
      'as declared: shop/web (sidecar) to shop/pay:8080, http GET /, answered over mutual TLS, status 200; finding 2',
    ],
  );
  for (const name of ['Transport', 'Health checks']) t.equal(await page.getByRole('table', { name }).count(), 1, name);
  for (const name of [
    'Drift',
    'Reachability',
    'Transport',
    'Health checks',
    'Conflicts',
    'What has changed',
    'Legend',
  ]) {
    t.equal(await page.getByRole('region', { name, exact: true }).first().count(), 1, `region ${name}`);
    t.equal(await page.getByRole('heading', { name, exact: true }).count(), 1, `heading ${name}`);
  }
  t.equal(await page.getByRole('status').count(), 1, 'where changes are told');
  t.equal(await page.getByRole('main').count(), 1);
  const ids = await page.evaluate<string[]>('[...document.querySelectorAll("[id]")].map(({ id }) => id)');
  t.equal(new Set(ids).size, ids.length, 'no id is given twice');
}

async function keyboard(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({ current: CURRENT });
  await using opened = await browser.open(scene.address);
  const { page, faults } = opened;
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.textContent'), 'Drift', 'first the way past all');
  const cellLink = page.locator('table a.exposed');
  for (let presses = 0; presses < 60; presses += 1) {
    if (await page.evaluate<boolean>('document.activeElement.matches("table a.exposed")')) break;
    await page.keyboard.press('Tab');
  }
  t.equal(await page.evaluate('document.activeElement.className'), 'exposed', 'tabs lead to the cell');
  const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineWidth');
  t.equal(outline, '3px', 'and it is to be seen where one is');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'legacy/batch naked → shop/pay:8080 http GET /' });
  await dialog.waitFor();
  t.match(await dialog.innerText(), /STRICT mutual TLS takes no plaintext/);
  t.equal(await page.evaluate('document.querySelector("dialog").contains(document.activeElement)'), true);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  t.equal(await page.evaluate('document.activeElement.className'), 'exposed', 'the focus is back');
  t.equal(page.url(), `${scene.address}/`, 'nobody has left the page');
  await cellLink.click();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'hidden' });
  t.same(faults, []);
}

async function arrows(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({ current: currentOf(drawnCells({ rows: 3, columns: 3 })) });
  await using opened = await browser.open(scene.address);
  const { page } = opened;
  const cells = await page.evaluate<string[]>('[...document.querySelectorAll(".matrix tbody a")].map(({ id }) => id)');
  await page.locator(`#${cells[0] ?? ''}`).focus();
  const moves: readonly (readonly [key: string, at: number])[] = [
    ['ArrowRight', 1],
    ['ArrowDown', 4],
    ['End', 5],
    ['ArrowRight', 5],
    ['ArrowDown', 8],
    ['ArrowDown', 8],
    ['Home', 6],
    ['ArrowUp', 3],
    ['ArrowLeft', 3],
  ];
  for (const [key, at] of moves) {
    await page.keyboard.press(key);
    t.equal(await page.evaluate('document.activeElement.id'), cells[at], key);
  }
}
