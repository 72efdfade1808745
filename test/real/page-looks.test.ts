/** How the page looks in a real Chromium: contrast in both colour schemes, and what fits at which width. */
import t from 'tap';
import type { Test } from 'tap';
import { realChromium, startBrowser } from '../support/chromium.ts';
import type { RunningBrowser } from '../support/chromium.ts';
import { currentOf, drawnCells, NOON_MS, routeNow, transition } from '../support/monitored.ts';
import { cause } from '../support/sweeps.ts';
import { webScene } from '../support/web-scene.ts';
import type { Conflict } from '../../controller/judge/finding.ts';

const chromium = realChromium();
const OPTIONS = { skip: 'missing' in chromium ? chromium.missing : false, timeout: 60_000 };

const CONFLICT: Conflict = {
  severity: 'critical',
  cause: cause('MP1010', 'The port is excluded from capture.', 'excluded'),
  cells: ['ns-0/app-2 (sidecar) → ns-0/app-2:8080 http GET /'],
  isConfirmed: true,
};

t.test('the looks of the page', OPTIONS, async (t) => {
  await using browser = await startBrowser(chromium);
  await t.test('text and ground differ enough, in light and in dark', (t) => contrast(t, browser));
  await t.test('nothing is wider than the window but what scrolls by itself', (t) => widths(t, browser));
});

/** WCAG 2.2, 1.4.3 and its relative luminance: of everything that shows text, against the ground that it stands on. */
const WORST_CONTRASTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundsOf = (element) => {
    const chain = [];
    for (let here = element; here !== null; here = here.parentElement) chain.unshift(getComputedStyle(here));
    let grounds = [[255, 255, 255, 1]];
    for (const { backgroundColor, backgroundImage } of chain) {
      grounds = grounds.map((ground) => over(rgba(backgroundColor), ground));
      const stripes = backgroundImage.match(/rgba?\\([^)]*\\)/g);
      if (stripes !== null) grounds = stripes.map((stripe) => over(rgba(stripe), grounds[0]));
    }
    return grounds;
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.textContent.trim() === '' || !element.checkVisibility()) continue;
    if (element.closest('.unseen, caption, script, noscript') !== null) continue;
    for (const ground of groundsOf(element)) {
      const text = over(rgba(getComputedStyle(element).color), ground);
      const [dark, light] = [luminance(text), luminance(ground)].sort((a, b) => a - b);
      const name = element.tagName + '.' + element.className;
      found[name] = Math.min(found[name] ?? 21, (light + 0.05) / (dark + 0.05));
    }
  }
  return found;
})()`;

async function contrast(t: Test, browser: RunningBrowser): Promise<void> {
  const kinds = ['agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown'] as const;
  const cells = drawnCells({
    rows: 6,
    columns: 6,
    drift: (row, column) => (column === 0 ? (kinds[row] ?? 'agrees') : 'agrees'),
    isDenied: (_row, column) => column === 1,
  });
  const routes = cells.map((one, at) => routeNow(one, { suppression: at === 8 ? 'rollout' : null }));
  const troubles = [{ kind: 'cluster' as const, message: 'The API server is away.', sinceMs: NOON_MS }];
  await using scene = await webScene({ current: currentOf(cells, { routes, troubles }, [CONFLICT]) });
  scene.store.keep(...cells.filter(({ drift }) => drift !== 'agrees').map((one) => transition(one)));
  for (const colorScheme of ['light', 'dark'] as const) {
    await using opened = await browser.open(scene.address, { colorScheme });
    const { page } = opened;
    const check = async (state: string): Promise<void> => {
      const found: Readonly<Record<string, number>> = await page.evaluate(WORST_CONTRASTS);
      t.ok(Object.keys(found).length > 15, `${colorScheme}, ${state}: all kinds of text were looked at`);
      const poor = Object.entries(found).filter(([, ratio]) => ratio < 4.5);
      t.same(poor, [], `${colorScheme}, ${state}`);
    };
    await check('as it is');
    await page.locator('table a.exposed').click();
    await page.locator('#evidence article').waitFor();
    await check('with evidence');
    await page.keyboard.press('Escape');
    await page.evaluate('document.body.classList.add("grey")');
    await check('out of date');
  }
}

async function widths(t: Test, browser: RunningBrowser): Promise<void> {
  await using scene = await webScene({
    current: currentOf(drawnCells({ rows: 20, columns: 20, drift: (row) => (row === 4 ? 'blocked' : 'agrees') })),
  });
  for (const width of [320, 400, 1000, 1600]) {
    await using opened = await browser.open(scene.address, { viewport: { width, height: 900 } });
    const { page, faults } = opened;
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, `${String(width)} wide`);
    const small = await page.evaluate<number>(
      '[...document.querySelectorAll(".matrix td a")].filter((link) => link.getBoundingClientRect().width < 24).length',
    );
    t.equal(small, 0, 'cells are large enough for a finger (WCAG 2.2, 2.5.8)');
    const sticky = await page.evaluate(
      'getComputedStyle(document.querySelector(".matrix tbody th")).position + getComputedStyle(document.querySelector(".matrix thead th")).position',
    );
    t.equal(sticky, 'stickysticky');
    t.same(faults, []);
  }
}
