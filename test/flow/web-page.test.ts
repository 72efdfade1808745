/** The page as it goes over the wire: pieces, tags, hostile names, and what it says where something is missing. */
import t from 'tap';
import { currentOf, drawnCells, driftingCell, transition } from '../support/monitored.ts';
import { cause, cell, refusedByStrict } from '../support/sweeps.ts';
import { webScene } from '../support/web-scene.ts';

const HTML = { accept: 'text/html' };
const HOSTILE = `<script>alert(1)</script>"onload='x'`;

t.test('whoever has the page is not sent it again, until something changes', async (t) => {
  await using scene = await webScene();
  const first = await scene.get('/', HTML);
  t.equal(first.headers.get('content-type'), 'text/html; charset=utf-8');
  t.equal(first.headers.get('cache-control'), 'private, no-cache');
  await first.text();
  const known = { ...HTML, 'if-none-match': first.headers.get('etag') ?? '' };
  t.equal((await scene.get('/', known)).status, 304);
  const cells = scene.monitored.current().routes.map((route) => route.cell);
  for (const one of scene.store.keep(transition(cells[0] ?? cell()))) scene.monitored.tell(one);
  const told = await scene.get('/', known);
  t.equal(told.status, 200, 'an event is a change of the page');
  t.match(await told.text(), /id="e1"/);
  scene.monitored.change({});
  t.equal((await scene.get('/', known)).status, 200);
});

t.test('names, words of the wire and messages are text, whatever is in them', async (t) => {
  const evil = cell({
    source: `shop/${HOSTILE}`,
    expectation: { ...refusedByStrict, warnings: [HOSTILE] },
    outcome: {
      kind: 'refused',
      address: 0,
      timings: { totalMs: 1 },
      layer: 'tcp',
      signature: 'reset',
      detail: HOSTILE,
    },
    drift: 'blocked',
    cause: { ...cause('MP1003', HOSTILE), fix: HOSTILE },
  });
  const conflict = { severity: 'critical' as const, cause: cause('MP1010', HOSTILE), cells: [], isConfirmed: true };
  const troubles = [{ kind: 'cluster' as const, message: HOSTILE, sinceMs: 0 }];
  await using scene = await webScene({ current: currentOf([evil], { troubles, optedOut: [HOSTILE] }, [conflict]) });
  scene.store.keep(transition(evil, { message: HOSTILE }));
  const paths = ['/', `/routes/${encodeURIComponent(evil.key)}`, `/routes/${encodeURIComponent(HOSTILE)}`];
  for (const path of paths) {
    const text = await (await scene.get(path, HTML)).text();
    t.match(text, /&lt;script&gt;alert\(1\)/, path);
    t.notMatch(text, /<script>|"onload/, path);
  }
  const live = (await (await scene.get('/live/changes?since=x')).json()) as object;
  t.same(live, { isAnother: true });
});

t.test('without its history the page says so, and shows the matrix all the same', async (t) => {
  const exposed = driftingCell({ source: 'shop/web', to: 'shop/pay:8080' }, 'exposed');
  await using scene = await webScene({ current: currentOf([exposed]) });
  scene.store.fault = new Error('away');
  const page = await (await scene.get('/', HTML)).text();
  t.match(page, /class="exposed"/);
  t.match(page, /What was before cannot be read at the moment/);
  const evidence = await scene.get(`/routes/${encodeURIComponent(exposed.key)}`, HTML);
  t.match(await evidence.text(), /What was before cannot be read at the moment/);
  scene.store.fault = undefined;
  scene.store.keep(transition(exposed, { message: 'It began.' }));
  t.match(await (await scene.get('/', HTML)).text(), /It began\./, 'and as soon as it can be read, it is there');
});

t.test('what does not work is said as a page to readers, and as JSON to everybody else', async (t) => {
  await using scene = await webScene();
  const page = await scene.get('/routes/nobody', HTML);
  t.equal(page.status, 404);
  t.match(await page.text(), /No route is called nobody\.[\s\S]*Status 404, MPE_NOT_FOUND/);
  t.match(await (await scene.get('/routes/nobody')).json(), { code: 'MPE_NOT_FOUND' });
  t.match(await (await scene.get('/api/v1/routes/nobody', HTML)).json(), { code: 'MPE_NOT_FOUND' });
});

t.test('a monitor that stalls makes another page, and so does one that moves again', async (t) => {
  const cells = drawnCells({ rows: 3, columns: 3 });
  await using scene = await webScene({ current: currentOf(cells) });
  const tagOf = async (): Promise<string> => {
    const response = await scene.get('/', HTML);
    await response.text();
    return response.headers.get('etag') ?? '';
  };
  const first = await tagOf();
  scene.monitored.stall();
  t.not(await tagOf(), first);
  t.match(await tagOf(), /stalled/);
  scene.monitored.change({ atMs: scene.clock.nowMs() });
  t.notMatch(await tagOf(), /stalled/);
});
