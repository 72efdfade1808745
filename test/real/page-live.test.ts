/** The page while the matrix changes: it follows, keeps what the reader does, and never shows silence as health. */
import t from 'tap';
import type { Test } from 'tap';
import type { Access } from '../../controller/web/access/access.ts';
import { BEAT_MS } from '../../controller/web/event-streams.ts';
import { realChromium, startBrowser } from '../support/chromium.ts';
import type { RunningBrowser } from '../support/chromium.ts';
import { currentOf, drawnCells, driftingCell, NOON_MS, transition } from '../support/monitored.ts';
import { webScene } from '../support/web-scene.ts';
import type { WebScene } from '../support/web-scene.ts';
import type { Page } from 'playwright-core';

const chromium = realChromium();
const OPTIONS = { skip: 'missing' in chromium ? chromium.missing : false, timeout: 60_000 };
/** How often a stream looks whether something has changed. */
const LOOK_MS = 500;

const CELLS = drawnCells({ rows: 20, columns: 20 });
const FOCUSED = /ns-0\/app-5 \(sidecar\) to ns-0\/app-6:8080/;
const ROUTE = { source: 'ns-0/app-1', to: 'ns-0/app-2:8080' };

t.test('the page, live', OPTIONS, async (t) => {
  await using browser = await startBrowser(chromium);
  await t.test('a change is shown, said, and moves nothing under the reader', (t) => change(t, browser));
  await t.test('other rows and columns come in, and what was open stays open', (t) => otherPlan(t, browser));
  await t.test('a stalled monitor turns it grey, and a moving one gives it its colours back', (t) =>
    stalled(t, browser),
  );
  await t.test('a controller that has gone turns it grey, with since when', (t) => gone(t, browser));
  await t.test('a stream whose time is up is followed by another one, and the page stays as it is', (t) =>
    timeIsUp(t, browser),
  );
  await t.test('whoever loses the right to look is asked for a token when the stream ends', (t) =>
    withdrawn(t, browser),
  );
  await t.test('whoever loses the right to look is asked for a token', (t) => unauthorized(t, browser));
});

/** The controller's time goes on until the page shows it. */
async function until(scene: WebScene, page: Page, condition: string): Promise<void> {
  while (!(await page.evaluate<boolean>(condition))) {
    await scene.clock.advance(LOOK_MS);
    await page.evaluate('new Promise((done) => requestAnimationFrame(done))');
  }
}

/** As `until`, by beats: the page opens its stream when it comes to it, and the life of the stream begins then. */
async function goOn(scene: WebScene, isOver: () => Promise<boolean>): Promise<void> {
  while (!(await isOver())) await scene.clock.advance(BEAT_MS);
}

const GREY = 'getComputedStyle(document.querySelector("table a.open")).backgroundColor';

async function change(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({ current: currentOf(CELLS, { intervalMs: 3_600_000 }) });
  await using opened = await browser.open(scene.address, { viewport: { width: 500, height: 500 } });
  const { page, faults } = opened;
  await page.getByRole('link', { name: FOCUSED }).focus();
  await page.evaluate('document.querySelector("#scroll-all").scrollTo(150, 200)');
  // What has come in above moves the page, and with it the window over it: what the reader looks at stays where it is.
  const place = 'document.activeElement.getBoundingClientRect().top';
  const before = await page.evaluate<number>(place);
  await page.evaluate('window.untouched = document.querySelector("table")');

  const exposed = driftingCell(ROUTE, 'exposed');
  scene.monitored.changeCells([exposed]);
  for (const one of scene.store.keep(transition(exposed))) scene.monitored.tell(one);
  await until(scene, page, 'document.querySelector("table a.exposed") !== null');

  const cell = page.locator('table a.exposed');
  t.equal(await cell.count(), 1);
  t.equal(await cell.innerText(), '○1');
  const label =
    'exposed: ns-0/app-1 (sidecar) to ns-0/app-2:8080, http GET /, answered in plaintext, status 200; finding 1';
  t.equal(await cell.getAttribute('aria-label'), label);
  t.equal(await page.getByRole('status').innerText(), label, 'said to whoever does not see it');
  t.match(await page.locator('#head').innerText(), /FAIL\s+1 findings/);
  t.equal(await page.title(), 'FAIL: 1 findings · Meshproof');
  t.match(await page.locator('#drift-list').innerText(), /answered in plaintext although STRICT is declared/);
  t.match(await page.locator('#history-list').innerText(), /2026-01-02 12:00:00 UTC exposed/);
  const movedBy = (await page.evaluate<number>(place)) - before;
  t.ok(Math.abs(movedBy) < 2, `it has moved by ${String(movedBy)} pixels`);
  t.equal(await page.evaluate('window.untouched.isConnected'), true, 'and the table is the same');
  t.match(
    await page.evaluate('document.activeElement.getAttribute("aria-label")'),
    FOCUSED,
    'the focus is where it was',
  );

  await page.locator('#drift-list summary').click();
  scene.monitored.changeCells([driftingCell({ ...ROUTE, source: 'ns-1/app-1' }, 'blocked')]);
  await until(scene, page, 'document.querySelector("table a.blocked") !== null');
  t.equal(await page.locator('#drift-list details').first().getAttribute('open'), '', 'what was open is open');

  scene.monitored.changeCells(CELLS);
  await until(scene, page, 'document.querySelector("table a.blocked, table a.exposed") === null');
  t.match(await page.locator('#head').innerText(), /PASS/);
  t.same(faults, []);
}

async function otherPlan(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({
    current: currentOf(drawnCells({ rows: 110, columns: 2 }), { intervalMs: 3_600_000 }),
  });
  await using opened = await browser.open(scene.address);
  const { page, faults } = opened;
  t.equal(await page.locator('details.block').count(), 11, 'above a hundred rows it is folded by namespace');
  t.match(await page.locator('#sum-ns-3').innerText(), /ns-3 10 callers, 20 open as declared/);
  const overview = page.getByRole('table', { name: 'Reachability by namespace: calls of the worst kind' });
  t.equal(await overview.getByRole('rowheader').count(), 11);
  await overview.getByRole('link', { name: 'ns-3', exact: true }).click();
  t.equal(await page.locator('#rows-ns-3').getAttribute('open'), '', 'a link to a folded namespace unfolds it');
  scene.monitored.change({ ...currentOf(drawnCells({ rows: 120, columns: 3 })), revision: 0, intervalMs: 3_600_000 });
  await until(scene, page, 'document.querySelectorAll("details.block").length === 12');
  t.equal(await page.locator('#rows-ns-3').getAttribute('open'), '', 'and it stays so');
  t.equal(await page.locator('#rows-ns-3 thead th').count(), 3);
  t.equal(await page.getByRole('status').innerText(), 'The matrix has other rows or columns now.');
  t.same(faults, []);
}

async function stalled(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({ current: currentOf(drawnCells({ rows: 3, columns: 3 })) });
  await using opened = await browser.open(scene.address);
  const { page, faults } = opened;
  t.match(await page.locator('#head').innerText(), /PASS/);
  scene.monitored.stall();
  await until(scene, page, 'document.body.classList.contains("grey")');
  t.equal(await page.locator('table a.open').count(), 0, 'nothing is shown as open');
  t.equal(await page.locator('table a.unknown').count(), 9);
  t.match(await page.locator('#head').innerText(), /INCONCLUSIVE/);
  t.match(await page.locator('#troubles').innerText(), /Nothing has been judged since 2026-01-02T12:00:00.000Z/);
  scene.monitored.change({ atMs: scene.clock.nowMs() });
  await until(scene, page, '!document.body.classList.contains("grey")');
  t.equal(await page.locator('table a.open').count(), 9);
  t.same(faults, []);
}

async function gone(t: Test, browser: RunningBrowser): Promise<void> {
  const scene = await webScene({ current: currentOf(drawnCells({ rows: 3, columns: 3 }), { atMs: NOON_MS }) });
  await using opened = await browser.open(scene.address);
  const { page } = opened;
  await page.waitForFunction('performance.getEntriesByType("resource").some(({ name }) => name.endsWith(".js"))');
  const green = await page.evaluate<string>(GREY);
  await scene[Symbol.asyncDispose]();
  await page.locator('#gone').waitFor();
  t.match(
    await page.locator('#gone').innerText(),
    /^No word from the controller since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\. What is shown is what was known then/,
  );
  t.not(await page.evaluate<string>(GREY), green, 'and it is not green');
}

async function timeIsUp(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({ current: currentOf(CELLS, { intervalMs: 3_600_000 }) });
  await using opened = await browser.open(scene.address);
  const { page, faults } = opened;
  await page.evaluate(`
    window.wasLost = false;
    new MutationObserver(() => { window.wasLost ||= document.body.classList.contains('lost'); })
      .observe(document.body, { attributes: true });
    window.streams = 0;
    window.EventSource = class extends EventSource { constructor(url) { super(url); window.streams += 1; } };`);
  for (let streams = 1; streams < 3; streams += 1) {
    await goOn(scene, async () => (await page.evaluate('window.streams')) === streams);
  }
  scene.monitored.changeCells([driftingCell(ROUTE, 'exposed')]);
  await until(scene, page, 'document.querySelector("table a.exposed") !== null');
  t.equal(await page.evaluate('window.wasLost'), false);
  t.same(faults, []);
}

async function withdrawn(t: Test, browser: RunningBrowser): Promise<void> {
  const access = withdrawable();
  await using scene = await webScene({ anonymous: 'none', access });
  await using opened = await signedIn(scene, browser);
  const { page } = opened;
  access.isKnown = false;
  await goOn(scene, () => page.locator('.sign-in').isVisible());
  t.match(await page.locator('main').innerText(), /Who asks is not known: withdrawn/);
}

/** Every token is known, until it is not. */
function withdrawable(): Access & { isKnown: boolean } {
  return {
    isKnown: true,
    admit() {
      const refused = { kind: 'unauthenticated', why: 'withdrawn' } as const;
      return Promise.resolve(this.isKnown ? { kind: 'admitted', name: 'a' } : refused);
    },
  };
}

async function signedIn(scene: WebScene, browser: RunningBrowser): ReturnType<RunningBrowser['open']> {
  const opened = await browser.open(`${scene.address}/sign-in`);
  await opened.page.getByLabel('Token').fill('any-token-of-the-day');
  await opened.page.getByRole('button', { name: 'Sign in' }).click();
  await opened.page.getByRole('table').first().waitFor();
  return opened;
}

async function unauthorized(t: Test, browser: RunningBrowser): Promise<void> {
  const access = withdrawable();
  await using scene = await webScene({ anonymous: 'none', access });
  await using opened = await signedIn(scene, browser);
  const { page } = opened;
  t.equal(await page.evaluate('document.cookie'), '', 'no script can read the token');
  access.isKnown = false;
  scene.monitored.change({ atMs: scene.clock.nowMs() });
  const asked = page.locator('.sign-in').waitFor();
  let isAsked = false;
  void asked.finally(() => {
    isAsked = true;
  });
  // The page is loaded again meanwhile, so that it cannot itself be asked.
  while (!isAsked as boolean) {
    await scene.clock.advance(LOOK_MS);
    await scene.get('/healthz');
  }
  await asked;
  t.match(await page.locator('main').innerText(), /Who asks is not known: withdrawn/);
}
