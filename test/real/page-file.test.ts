/** The page as a file, in a real Chromium: of a real sweep, from disk, without script, and nothing else but the file. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t from 'tap';
import type { Test } from 'tap';
import type { Page } from 'playwright-core';
import { realChromium, startBrowser } from '../support/chromium.ts';
import type { RunningBrowser, WatchedPage } from '../support/chromium.ts';
import { cli } from '../support/cli.ts';
import { SHOP_CONFLICTS } from '../support/shop-findings.ts';

const chromium = realChromium();
const OPTIONS = { skip: 'missing' in chromium ? chromium.missing : false, timeout: 120_000 };

t.test('a sweep of the shop as a file', OPTIONS, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-file-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'shop & co.html');
  const { status, stdout } = await cli(['matrix', '--sandbox', 'shop', '-o', 'html', '--output-file', path]);
  t.equal(status, 79);
  t.equal(stdout, '');
  const url = pathToFileURL(path).href;
  await using browser = await startBrowser(chromium);
  await t.test('without script it says everything', (t) => withoutScript(t, browser, path));
  await t.test('evidence opens over the page by a link, and gives the reader back', (t) => evidence(t, browser, url));
  await t.test('with script, arrow keys move and Escape closes', (t) => keyboard(t, browser, url));
  await t.test('a screen reader is told captions, heads and what each cell says', (t) => tree(t, browser, url));
  await t.test('nothing is wider than the window but what scrolls by itself', (t) => widths(t, browser, url));
  await t.test('markup that came in all the same could neither run nor fetch', (t) => policy(t, browser, url));
});

/** Everything that the page asked for, the file itself included. */
interface Asked extends WatchedPage {
  readonly requests: readonly string[];
}

async function openFile(
  browser: RunningBrowser,
  url: string,
  options: Parameters<RunningBrowser['open']>[1] = {},
): Promise<Asked> {
  const opened = await browser.open('about:blank', options);
  const requests: string[] = [];
  opened.page.on('request', (request) => {
    if (!request.url().startsWith('data:')) requests.push(request.url());
  });
  await opened.page.goto(url);
  return { ...opened, requests, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

/** By what they are called; of one caller to one target. */
function mark(page: Page, caller: string, target: string) {
  return page.locator(`.matrix a[aria-label*="${caller} to ${target},"]`);
}

async function withoutScript(t: Test, browser: RunningBrowser, path: string): Promise<void> {
  const url = pathToFileURL(path).href;
  await using opened = await openFile(browser, url, { javaScriptEnabled: false });
  const { page, faults, requests } = opened;
  t.match(await page.title(), /^FAIL: .* · Meshproof$/);
  const text = await page.locator('body').innerText();
  for (const expected of [
    'FAIL',
    'Swept',
    '100 %',
    `matrix --sandbox shop -o html --output-file '${path}'`,
    'PeerAuthentication depot/migration',
  ]) {
    t.ok(text.includes(expected), expected);
  }
  const conflicts = await page.locator('#conflicts .findings > li > p:first-child').allTextContents();
  const shown = conflicts.map((title) => /^(\w+) .*(MP\d+)/.exec(title)?.slice(1, 3).join(' '));
  t.same([...new Set(shown)].sort(), SHOP_CONFLICTS);
  // Of the README of the scenario: an old PeerAuthentication wins, a naked caller, an expired certificate.
  const MARKS: readonly (readonly [caller: string, target: string, look: string, glyph: RegExp])[] = [
    ['shop/cart (sidecar)', 'shop/pay:8080', 'open', /^●$/],
    ['legacy/batch (naked)', 'depot/stock:80', 'open conflict', /^○\d+$/],
    ['legacy/batch (naked)', 'shop/pay:8080', 'shut', /^✗$/],
    ['shop/cart (sidecar)', 'wallet/card:80', 'blocked', /^✗\d+$/],
    ['shop/cart (sidecar)', 'wallet/coupons:80', 'open conflict', /^±\d+$/],
  ];
  for (const [caller, target, look, glyph] of MARKS) {
    const found = mark(page, caller, target).first();
    t.equal(await found.getAttribute('class'), look, `${caller} to ${target}`);
    t.match(await found.innerText(), glyph);
  }
  t.equal(await page.locator('table').count(), 3);
  t.same(requests, [url], 'nothing is asked for but the file');
  t.same(faults, []);
}

async function evidence(t: Test, browser: RunningBrowser, url: string): Promise<void> {
  await using opened = await openFile(browser, url, {
    javaScriptEnabled: false,
    viewport: { width: 1280, height: 900 },
  });
  const { page, faults, requests } = opened;
  t.equal(await page.locator('.sheet:visible').count(), 0);
  const cell = mark(page, 'shop/cart (sidecar)', 'wallet/card:80').first();
  await cell.click();
  t.match(page.url(), /#route-\d+$/);
  const sheet = page.getByRole('dialog', { name: 'shop/cart sidecar → wallet/card:80 http GET /' });
  t.equal(await sheet.isVisible(), true);
  t.match(await sheet.innerText(), /Declared[\s\S]*Measured[\s\S]*503: the proxy does not accept the certificate/);
  t.equal(await page.evaluate('document.activeElement.className'), 'evidence sheet', 'a screen reader begins there');
  await sheet.getByRole('link', { name: 'Close' }).click();
  t.equal(await page.locator('.sheet:visible').count(), 0);
  t.equal(await page.evaluate('document.activeElement.id'), await cell.getAttribute('id'), 'where the reader was');
  await page.goBack();
  t.equal(await sheet.isVisible(), true, 'an address names it');
  await page.goBack();
  await page.locator('#conflicts details > summary').first().click();
  await page.locator('#conflicts details a').first().click();
  t.equal(await page.locator('.sheet:visible').count(), 1, 'findings lead to it as well');
  t.same(new Set(requests.map((request) => request.split('#')[0])), new Set([url]));
  t.same(faults, []);
}

async function keyboard(t: Test, browser: RunningBrowser, url: string): Promise<void> {
  await using opened = await openFile(browser, url);
  const { page, faults, requests } = opened;
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.textContent'), 'Drift', 'first the way past all');
  const cell = mark(page, 'shop/cart (sidecar)', 'shop/pay:8080').first();
  await cell.focus();
  await page.keyboard.press('ArrowRight');
  const focused = 'document.activeElement.getAttribute("aria-label")';
  t.match(await page.evaluate(focused), /^as declared: shop\/cart \(sidecar\) to shop\/search:80,/);
  await page.keyboard.press('Enter');
  t.equal(await page.locator('.sheet:visible').count(), 1);
  await page.keyboard.press('Escape');
  t.equal(await page.locator('.sheet:visible').count(), 0);
  t.match(await page.evaluate(focused), /shop\/cart \(sidecar\) to shop\/search:80,/);
  t.same(new Set(requests.map((request) => request.split('#')[0])), new Set([url]));
  t.same(faults, []);
}

async function tree(t: Test, browser: RunningBrowser, url: string): Promise<void> {
  await using opened = await openFile(browser, url);
  const { page } = opened;
  const table = page.getByRole('table', { name: /^Reachability of \d+ targets from \d+ callers$/ });
  t.ok((await table.getByRole('rowheader').allInnerTexts()).includes('legacy/batch naked'));
  t.ok((await table.getByRole('columnheader').allInnerTexts()).includes('shop/pay:8080'));
  for (const name of ['Drift', 'Reachability', 'Transport', 'Health checks', 'Conflicts', 'Legend']) {
    t.equal(await page.getByRole('heading', { name, exact: true, level: 2 }).count(), 1, `heading ${name}`);
  }
  t.equal(await page.getByRole('main').count(), 1);
  t.equal(await page.getByRole('banner').count(), 1);
}

async function widths(t: Test, browser: RunningBrowser, url: string): Promise<void> {
  for (const width of [360, 768, 1280]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await using opened = await openFile(browser, url, {
        javaScriptEnabled: false,
        colorScheme,
        viewport: { width, height: 900 },
      });
      const { page } = opened;
      const wide = 'document.documentElement.scrollWidth';
      t.equal(await page.evaluate(wide), width, `${String(width)} wide, ${colorScheme}`);
      await page.goto(`${url}#route-0`);
      t.equal(await page.evaluate(wide), width, `${String(width)} wide, ${colorScheme}, with evidence`);
      const { x = -1, width: taken = 0 } = (await page.locator('.sheet:visible').boundingBox()) ?? {};
      t.ok(x >= 0 && x + taken <= width, 'evidence is within the window');
    }
  }
}

/** How Chromium begins to say of each of the four things that it refuses. */
const REFUSED = ['Executing inline event handler', 'Loading the image', 'Executing inline script', 'Framing'];

async function policy(t: Test, browser: RunningBrowser, url: string): Promise<void> {
  const received: string[] = [];
  // Chromium connects for a frame before it asks whether it may have one; what counts is that nothing is said.
  const listener = createServer((socket) => {
    socket.on('data', (bytes) => received.push(String(bytes)));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  t.teardown(() => listener.close());
  await once(listener, 'listening');
  const away = `http://127.0.0.1:${String((listener.address() as AddressInfo).port)}`;
  const hostile = `<img src="${away}/i.png" onerror="window.ran = 1"><iframe src="${away}/f"></iframe><script>window.ran = 2</script>`;
  const html = await readFile(fileURLToPath(url), 'utf8');
  const other = `${fileURLToPath(url)}.other.html`;
  await writeFile(other, html.replace('<main class="board">', `$&${hostile}`));
  await using opened = await openFile(browser, pathToFileURL(other).href);
  const { page, faults } = opened;
  const isRefused = (): boolean => REFUSED.every((what) => faults.some((fault) => fault.startsWith(what)));
  while (!isRefused()) await page.waitForEvent('console');
  t.equal(await page.evaluate('window.ran'), undefined);
  t.same(received, []);
  t.equal(faults.length, REFUSED.length, faults.join('\n'));
  t.ok(
    faults.every((fault) => fault.includes('Content Security Policy')),
    faults.join('\n'),
  );
}
