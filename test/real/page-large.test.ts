/** 200 × 200: forty thousand cells are shown, small enough and soon enough to be of use. */
import { once } from 'node:events';
import { request } from 'node:http';
import t from 'tap';
import { realChromium, startBrowser } from '../support/chromium.ts';
import { currentOf, drawnCells } from '../support/monitored.ts';
import { webScene } from '../support/web-scene.ts';
import type { IncomingMessage } from 'node:http';

const chromium = realChromium();
const OPTIONS = { skip: 'missing' in chromium ? chromium.missing : false, timeout: 120_000 };
const MIB = 2 ** 20;

t.test('200 × 200', OPTIONS, async (t) => {
  const cells = drawnCells({
    rows: 200,
    columns: 200,
    drift: (row, column) => (column === 3 ? 'exposed' : row === 15 ? 'blocked' : 'agrees'),
  });
  await using scene = await webScene({ current: currentOf(cells, { intervalMs: 3_600_000 }) });
  const [plain, packed] = [await sizeOf(scene.address, 'identity'), await sizeOf(scene.address, 'gzip')];
  t.ok(plain < 12 * MIB, `${(plain / MIB).toFixed(1)} MiB as it is`);
  t.ok(packed < MIB, `${(packed / MIB).toFixed(2)} MiB packed`);

  await using browser = await startBrowser(chromium);
  await using opened = await browser.open(scene.address, { javaScriptEnabled: false });
  const { page, faults } = opened;
  t.equal(await page.locator('.block td a').count(), 40_000);
  t.equal(await page.locator('details[open]').count(), 0, 'folded');
  t.match(
    await page.locator('#sum-ns-1').innerText(),
    /ns-1 10 callers, 10 exposed, 199 blocked, 1791 open as declared/,
  );
  const patterns = await page.locator('.patterns li').allInnerTexts();
  t.match(patterns, [/^Every call to ns-0\/app-3:8080 is exposed/]);
  await page.locator('#rows-ns-1 > summary').click();
  t.equal(await page.locator('#rows-ns-1 a.exposed').first().isVisible(), true, 'unfolded without script');
  t.same(faults, []);
});

async function sizeOf(address: string, encoding: string): Promise<number> {
  const asked = request(address, { headers: { 'accept-encoding': encoding } }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let size = 0;
  for await (const piece of response) size += (piece as Buffer).length;
  return size;
}
