/** The API as a client meets it; every answer is held to what /openapi.json says of it. */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { buildMesh } from '../../controller/declared/mesh.ts';
import { publishJson } from '../../controller/publish/json.ts';
import { loadSnapshot } from '../../controller/snapshot/files.ts';
import { currentOf, drawnCells, NOON_MS, routeNow, summary, transition } from '../support/monitored.ts';
import { described } from '../support/openapi.ts';
import { cause, cell, refusedByStrict, reset, sweep } from '../support/sweeps.ts';
import { TOKENS, webScene } from '../support/web-scene.ts';

const SHOP = fileURLToPath(new URL('../../deploy/sandbox/scenarios/shop/manifests', import.meta.url));
/** `ns-0/app-1` is exposed to both callers, and refuses nobody. */
const CELLS = drawnCells({ rows: 2, columns: 2, drift: (_row, column) => (column === 1 ? 'exposed' : 'agrees') });
const KEY = 'ns-0/app-0 (sidecar) → ns-0/app-1:8080 http GET /';

interface Matrix {
  readonly kind: string;
  readonly isStalled: boolean;
  readonly verdict: { readonly value: string; readonly coverage: number };
  readonly troubles: readonly { readonly kind: string }[];
  readonly cells: readonly {
    readonly key: string;
    readonly drift: string;
    readonly now: { readonly freshness: string; readonly sinceMs: number; readonly suppression: string | null };
  }[];
  readonly conflicts: readonly unknown[];
}

t.test('the matrix is a sweep with what is known of each cell besides', async (t) => {
  const conflict = { severity: 'error' as const, cause: cause('MP1003', 'c'), cells: [KEY], isConfirmed: true };
  const routes = CELLS.map((one) => routeNow(one, { suppression: one.key === KEY ? 'rollout' : null }));
  await using scene = await webScene({ current: currentOf(CELLS, { routes }, [conflict]) });
  const { faults } = await described(scene.address);
  const response = await scene.get('/api/v1/matrix');
  const body = (await response.json()) as Matrix;
  t.equal(response.status, 200);
  t.equal(faults('get', '/api/v1/matrix', '200', body), null);
  t.equal(body.kind, 'Matrix');
  t.equal(body.cells.length, 4);
  const one = body.cells.find(({ key }) => key === KEY);
  t.match(one, { drift: 'exposed', now: { freshness: 'fresh', sinceMs: NOON_MS - 60_000, suppression: 'rollout' } });
});

t.test('its ETag stands for the revision, and whoever has it is sent nothing', async (t) => {
  await using scene = await webScene();
  const first = await scene.get('/api/v1/matrix');
  const tag = first.headers.get('etag') ?? '';
  t.not(tag, '');
  await first.text();
  const again = await scene.get('/api/v1/matrix', { 'if-none-match': `"other", ${tag}` });
  t.equal(again.status, 304);
  t.equal(await again.text(), '');
  scene.monitored.change({});
  const changed = await scene.get('/api/v1/matrix', { 'if-none-match': tag });
  t.equal(changed.status, 200);
  await changed.text();
});

t.test('parts of it are asked for by namespace, table and drift', async (t) => {
  const cells = [
    cell({ source: 'shop/web', to: 'bank/ledger:80' }),
    cell({ source: 'shop/web', to: 'shop/pay:80', drift: 'blocked', outcome: reset }),
    cell({ source: 'edge/proxy', to: 'pod:bank/ledger-1:8080', table: 'transport', drift: 'unknown' }),
  ];
  await using scene = await webScene({ current: currentOf(cells) });
  const cases: readonly (readonly [query: string, keys: readonly number[]])[] = [
    ['', [0, 1, 2]],
    ['?namespace=bank', [0, 2]],
    ['?namespace=shop', [0, 1]],
    ['?namespace=edge&namespace=shop', [0, 1, 2]],
    ['?table=transport', [2]],
    ['?drift=blocked&drift=unknown', [1, 2]],
    ['?namespace=bank&drift=agrees', [0]],
    ['?namespace=nowhere', []],
  ];
  for (const [query, expected] of cases) {
    const body = (await (await scene.get(`/api/v1/matrix${query}`)).json()) as Matrix;
    t.same(
      body.cells.map(({ key }) => key),
      expected.map((at) => cells[at]?.key),
      query,
    );
  }
});

t.test('of a monitor that has stopped moving everything is unknown', async (t) => {
  await using scene = await webScene({ current: currentOf(CELLS, { intervalMs: 2000 }) });
  t.equal(((await (await scene.get('/api/v1/matrix')).json()) as Matrix).isStalled, false, 'not before');
  scene.monitored.stall();
  const response = await scene.get('/api/v1/matrix');
  const body = (await response.json()) as Matrix;
  t.equal(body.isStalled, true);
  t.same([...new Set(body.cells.map(({ drift, now }) => `${drift} ${now.freshness}`))], ['unknown stale']);
  t.match(body.verdict, { value: 'inconclusive', coverage: 0 });
  t.equal(body.troubles[0]?.kind, 'stalled');
  const { faults } = await described(scene.address);
  t.equal(faults('get', '/api/v1/matrix', '200', body), null);

  scene.monitored.change({ atMs: NOON_MS + 6001 });
  t.equal(((await (await scene.get('/api/v1/matrix')).json()) as Matrix).isStalled, false, 'and it is known again');
});

t.test('one route: now, its conflicts, and its transitions', async (t) => {
  const conflict = { severity: 'error' as const, cause: cause('MP1003', 'c'), cells: [KEY], isConfirmed: true };
  await using scene = await webScene({ current: currentOf(CELLS, {}, [conflict]) });
  const exposed = CELLS.filter(({ key }) => key === KEY);
  scene.store.keep(...CELLS.map((one) => transition(one)), ...exposed.map((one) => transition(one, { sequence: 2 })));
  const { faults } = await described(scene.address);
  const path = '/api/v1/routes/{key}';
  const response = await scene.get(`/api/v1/routes/${encodeURIComponent(KEY)}`);
  const body: unknown = await response.json();
  t.equal(faults('get', path, '200', body), null);
  t.match(body, {
    route: { key: KEY, drift: 'exposed' },
    conflicts: [conflict],
    history: [{ event: { route: KEY, sequence: 1 } }, { event: { route: KEY, sequence: 2 } }],
  });
  t.equal((body as { history: unknown[] }).history.length, 2);

  scene.monitored.change({ routes: [] });
  const gone: unknown = await (await scene.get(`/api/v1/routes/${encodeURIComponent(KEY)}`)).json();
  t.match(gone, { route: null, history: [{}, {}] }, 'what has gone keeps its history');
  t.equal(faults('get', path, '200', gone), null);

  const never = await scene.get('/api/v1/routes/nobody');
  t.equal(never.status, 404);
  const problem: unknown = await never.json();
  t.match(problem, { code: 'MPE_NOT_FOUND', message: 'no route is called nobody' });
  t.equal(faults('get', path, '4XX', problem), null);
});

t.test('sweeps that are remembered, latest first, and one of them in full', async (t) => {
  await using scene = await webScene();
  const whole = publishJson(sweep(CELLS));
  scene.store.keepSweep({ ...summary('a'), startedAtMs: NOON_MS, finishedAtMs: NOON_MS + 20 });
  scene.store.keepSweep({ ...summary('b'), startedAtMs: NOON_MS + 10, finishedAtMs: NOON_MS + 20 }, whole);
  const { faults } = await described(scene.address);
  const list = (await (await scene.get('/api/v1/sweeps')).json()) as { items: { id: string }[] };
  t.equal(faults('get', '/api/v1/sweeps', '200', list), null);
  t.same(
    list.items.map(({ id }) => id),
    ['b', 'a'],
  );
  const before: unknown = await (await scene.get(`/api/v1/sweeps?before=${String(NOON_MS + 5)}&limit=1`)).json();
  t.match(before, { items: [{ id: 'a' }] });

  const record = (await (await scene.get('/api/v1/sweeps/b')).json()) as { sweep: unknown };
  t.equal(faults('get', '/api/v1/sweeps/{id}', '200', record), null);
  t.same(record.sweep, JSON.parse(whole));
  const poor: unknown = await (await scene.get('/api/v1/sweeps/a')).json();
  t.equal(faults('get', '/api/v1/sweeps/{id}', '200', poor), null);
  t.match(poor, { kind: 'SweepRecord', summary: { id: 'a' }, sweep: null });
  t.equal((await scene.get('/api/v1/sweeps/c')).status, 404);
});

t.test('a sweep that is asked for twice is made once', async (t) => {
  await using scene = await webScene();
  const { faults } = await described(scene.address);
  const authorization = { authorization: `Bearer ${TOKENS.write}` };
  const first = await scene.post('/api/v1/sweeps', authorization);
  const asked = (await first.json()) as { id: string };
  t.equal(first.status, 202);
  t.equal(faults('post', '/api/v1/sweeps', '202', asked), null);
  const where = first.headers.get('location') ?? '';
  t.equal(where, `/api/v1/sweeps/requests/${asked.id}`);
  const second = await scene.post('/api/v1/sweeps', authorization);
  t.same(await second.json(), asked);
  t.equal(scene.monitored.sweepSignals.length, 1);
  const state = async (): Promise<unknown> => {
    const body: unknown = await (await scene.get(where)).json();
    t.equal(faults('get', '/api/v1/sweeps/requests/{id}', '200', body), null);
    return body;
  };
  t.match(await state(), { state: 'under-way' });
  scene.monitored.finishSweep(summary('s-7'));
  await new Promise(setImmediate);
  t.match(await state(), { state: 'done', sweep: { id: 's-7' } });

  const third = (await (await scene.post('/api/v1/sweeps', authorization)).json()) as { id: string };
  t.not(third.id, asked.id);
  scene.monitored.failSweep(new Error('the fleet is gone'));
  await new Promise(setImmediate);
  t.match(await (await scene.get(`/api/v1/sweeps/requests/${third.id}`)).json(), {
    state: 'failed',
    why: 'the fleet is gone',
  });
  t.equal((await scene.get('/api/v1/sweeps/requests/nobody')).status, 404);
});

t.test('a sweep that is under way is given up when the controller ends', async (t) => {
  const scene = await webScene();
  await (await scene.post('/api/v1/sweeps', { authorization: `Bearer ${TOKENS.write}` })).text();
  t.equal(scene.monitored.sweepSignals[0]?.aborted, false);
  await scene[Symbol.asyncDispose]();
  t.equal(scene.monitored.sweepSignals[0]?.aborted, true);
  t.equal(scene.monitored.listeners, 0, 'and nobody listens to the monitor any more');
});

t.test('one call explained: declared, in words, and as it was measured', async (t) => {
  const measured = cell({
    source: 'legacy/batch',
    dataPlane: 'naked',
    to: 'shop/pay:8080',
    expectation: refusedByStrict,
    outcome: reset,
  });
  await using scene = await webScene({ current: currentOf([measured]) });
  const path = '/api/v1/explain?source=legacy/batch&target=shop/pay:8080';
  const early = await scene.get(path);
  t.equal(early.status, 503);
  t.match(await early.json(), { code: 'MPE_NOT_READY' });

  scene.monitored.declared = buildMesh(await loadSnapshot([SHOP]));
  const { faults } = await described(scene.address);
  const body: unknown = await (await scene.get(path)).json();
  t.equal(faults('get', '/api/v1/explain', '200', body), null);
  t.match(body, {
    items: [
      {
        declared: { source: 'legacy/batch', target: 'shop/pay', port: 8080, expect: 'deny', outcome: 'DENY_STRICT' },
        measured: [{ key: measured.key }],
        text: /STRICT mutual TLS takes no plaintext/,
      },
    ],
  });
  const wrong = await scene.get('/api/v1/explain?source=legacy/bach&target=shop/pay:8080');
  t.equal(wrong.status, 400);
  t.match(await wrong.json(), { code: 'MPE_USAGE', hint: 'Did you mean legacy/batch?' });
});

t.test('health: alive at once, ready once a sweep is complete, metrics as they are given', async (t) => {
  let isStandby = false;
  const metrics = { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('meshproof_up 1\n') };
  await using scene = await webScene({
    current: currentOf(CELLS, { lastSweep: null }),
    isStandby: () => isStandby,
    metrics,
  });
  const { faults } = await described(scene.address);
  const ready = async (): Promise<readonly [number, unknown]> => {
    const response = await scene.get('/readyz');
    return [response.status, await response.json()];
  };
  t.same(await (await scene.get('/healthz')).json(), { status: 'ok' });
  const [early, why] = await ready();
  t.equal(early, 503);
  t.match(why, { code: 'MPE_NOT_READY', message: 'no sweep is complete yet' });
  t.equal(faults('get', '/readyz', '503', why), null);
  scene.monitored.change({ lastSweep: summary('s-1') });
  t.same(await ready(), [200, { status: 'ok' }]);

  isStandby = true;
  t.match(await ready(), [503, { message: 'this controller stands by; another one measures' }]);
  t.equal((await scene.get('/api/v1/matrix')).status, 503, 'a standby knows no matrix');
  t.equal((await scene.get('/')).status, 503);
  const text = await scene.get('/metrics');
  t.equal(await text.text(), 'meshproof_up 1\n', 'but it has metrics');
  t.equal(text.headers.get('content-type'), 'text/plain; version=0.0.4');
});

t.test('every route of the API is described, with its answers and its errors', async (t) => {
  await using scene = await webScene();
  const { document } = await described(scene.address);
  t.equal(document.openapi, '3.1.0');
  t.same(Object.keys(document.paths).sort(), [
    '/api/v1/events',
    '/api/v1/explain',
    '/api/v1/gate/flagger',
    '/api/v1/gate/flagger/rollback',
    '/api/v1/matrix',
    '/api/v1/measure/argo',
    '/api/v1/routes/{key}',
    '/api/v1/sweeps',
    '/api/v1/sweeps/requests/{id}',
    '/api/v1/sweeps/{id}',
    '/healthz',
    '/metrics',
    '/readyz',
  ]);
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      t.ok(
        Object.keys(responses).some((status) => status.startsWith('2')),
        `${method} ${path} says what it answers`,
      );
    }
  }
});

t.test('the store being away is said, with what to do; nothing else is told', async (t) => {
  await using scene = await webScene();
  const { MeshproofError } = await import('../../proto/errors.ts');
  scene.store.fault = new MeshproofError('MPE_STORE_FAILED', 'the store cannot be read: disk I/O error');
  for (const path of ['/api/v1/sweeps', '/api/v1/events', '/api/v1/routes/x']) {
    const response = await scene.get(path);
    t.equal(response.status, 503, path);
    t.match(await response.json(), { code: 'MPE_STORE_FAILED', message: 'the store cannot be read: disk I/O error' });
  }
  scene.store.fault = new TypeError('secret internals');
  const response = await scene.get('/api/v1/sweeps');
  t.equal(response.status, 500);
  t.notMatch(await response.text(), /secret|TypeError|\.ts:/);
  t.ok(
    scene.said.some((line) => line.includes('secret internals')),
    'the log has it',
  );
});
