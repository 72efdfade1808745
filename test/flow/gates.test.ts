/** What gates answer, state by state: to Flagger, to its rollback hook, and to Argo Rollouts. */
import t from 'tap';
import { callWebhook } from '../support/flagger.ts';
import type { FakeMonitored } from '../support/monitored.ts';
import { currentOf, drawnCells, driftingCell, NOON_MS, routeNow, summary } from '../support/monitored.ts';
import { described } from '../support/openapi.ts';
import { TOKENS, webScene } from '../support/web-scene.ts';
import type { WebScene, WebSceneFacts } from '../support/web-scene.ts';
import type { Conflict } from '../../controller/judge/finding.ts';

/** Of two namespaces with a workload each: who calls whom, and themselves. */
const CELLS = drawnCells({ rows: 2, columns: 2, perNamespace: 1 });
/** `ns-0` answers for what reaches it, and for what it calls. */
const INTO = { source: 'ns-1/app-0', to: 'ns-0/app-0:8080' };
const WITHIN = { source: 'ns-0/app-0', to: 'ns-0/app-0:8080' };
const OUTSIDE = { source: 'ns-1/app-0', to: 'ns-1/app-0:8080' };

const EXPOSED =
  'ns-1/app-0 (sidecar) → ns-0/app-0:8080 http GET / by strict-not-in-effect MP1005, PeerAuthentication shop/app-0: ' +
  'ns-1/app-0 → ns-0/app-0:8080 answered in plaintext although STRICT is declared.';

const CLASH: Conflict = {
  severity: 'error',
  cause: {
    code: 'MP1003',
    message: 'ns-0/app-0 speaks plaintext to a port that takes\nmutual TLS only.',
    fix: '',
    objects: [{ kind: 'DestinationRule', namespace: 'ns-0', name: 'app-0' }],
  },
  cells: [],
  isConfirmed: true,
};

interface Case {
  readonly state: string;
  readonly before?: readonly (typeof CELLS)[number][];
  readonly scene?: WebSceneFacts;
  readonly happens?: (monitored: FakeMonitored) => void;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly verdict: 'Pass' | 'Fail' | 'Inconclusive';
  readonly says: string;
  /** passed, failed, inconclusive, regressions */
  readonly counts?: readonly [number, number, number, number];
  readonly cause?: string;
  readonly pending?: boolean;
}

const trouble = (kind: 'no-agents' | 'store', message: string) => (monitored: FakeMonitored) => {
  monitored.change({ troubles: [{ kind, message, sinceMs: NOON_MS }] });
};

const CASES: readonly Case[] = [
  { state: 'nothing has changed', verdict: 'Pass', says: 'ok: 3/3 cells', counts: [3, 0, 0, 0] },
  {
    state: 'a cell of its own is exposed',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(INTO, 'exposed')]);
    },
    verdict: 'Fail',
    says: `fail: exposed, was mtls: ${EXPOSED}`,
    counts: [2, 1, 0, 1],
    cause: 'MP1005',
  },
  {
    state: 'two are: the one by which somebody gets in comes first',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(WITHIN, 'blocked'), driftingCell(INTO, 'exposed')]);
    },
    verdict: 'Fail',
    says: `fail (and 1 more): exposed, was mtls: ${EXPOSED}`,
    counts: [1, 2, 0, 2],
    cause: 'MP1005',
  },
  {
    state: 'a cell of another namespace is exposed',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(OUTSIDE, 'exposed')]);
    },
    verdict: 'Pass',
    says: 'ok: 3/3 cells',
    counts: [3, 0, 0, 0],
  },
  {
    state: 'the same, and the rollout answers for that namespace',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(OUTSIDE, 'exposed')]);
    },
    metadata: { namespaces: 'ns-0, ns-1' },
    verdict: 'Fail',
    says: `fail: exposed, was mtls: ${EXPOSED.replaceAll('ns-0', 'ns-1')}`,
    counts: [3, 1, 0, 1],
    cause: 'MP1005',
  },
  {
    state: 'a cell is declared and measured closed that was open',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(WITHIN, 'agrees', true)]);
    },
    verdict: 'Fail',
    says: 'fail: closed, was mtls: ns-0/app-0 (sidecar) → ns-0/app-0:8080 http GET /',
    counts: [2, 1, 0, 1],
  },
  {
    state: 'nothing was measured of late',
    happens: (monitored) => {
      const routes = CELLS.map((cell) => routeNow({ ...cell, drift: 'unknown' }, { freshness: 'stale' }));
      monitored.change({ routes });
    },
    verdict: 'Inconclusive',
    says: 'inconclusive: not known now: 2 of 2 cells',
    counts: [0, 0, 2, 0],
  },
  {
    state: 'no agent is there',
    happens: trouble('no-agents', 'no agent is up: nothing is measured'),
    verdict: 'Inconclusive',
    says: 'inconclusive: no agent is up: nothing is measured',
    cause: 'no-agents',
  },
  {
    state: 'the store takes nothing, and something is exposed',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(INTO, 'exposed')]);
      trouble('store', 'the disk is full')(monitored);
    },
    verdict: 'Inconclusive',
    says: 'inconclusive: the disk is full',
    cause: 'store',
  },
  {
    state: 'one cell is unknown',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(INTO, 'unknown')]);
    },
    verdict: 'Inconclusive',
    says: 'inconclusive: not known now: 1 of 3 cells',
    counts: [2, 0, 1, 0],
  },
  {
    state: 'one cell is unknown, and less is asked for',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(INTO, 'unknown')]);
    },
    metadata: { minCoverage: '0.6' },
    verdict: 'Pass',
    says: 'ok: 2/3 cells',
    counts: [2, 0, 1, 0],
  },
  {
    state: 'one cell is unknown, another one exposed',
    happens: (monitored) => {
      monitored.changeCells([driftingCell(WITHIN, 'unknown'), driftingCell(INTO, 'exposed')]);
    },
    verdict: 'Fail',
    says: `fail: exposed, was mtls: ${EXPOSED}`,
    counts: [1, 1, 1, 1],
    cause: 'MP1005',
  },
  {
    state: 'the monitor is not sure yet',
    happens: (monitored) => {
      const routes = CELLS.map((cell, at) => routeNow(cell, at === 0 ? { seen: 'blocked' } : {}));
      monitored.change({ routes });
    },
    verdict: 'Inconclusive',
    says: 'inconclusive: not known now: 1 of 3 cells',
    counts: [2, 0, 1, 0],
  },
  {
    state: 'a violation was there before',
    before: [driftingCell(INTO, 'exposed')],
    verdict: 'Pass',
    says: 'ok: 3/3 cells; 1 violation was there before',
    counts: [3, 0, 0, 0],
  },
  {
    state: 'a violation was there before, strictly',
    before: [driftingCell(INTO, 'exposed')],
    metadata: { strict: 'true' },
    verdict: 'Fail',
    says: `fail: exposed as before: ${EXPOSED}`,
    counts: [2, 1, 0, 0],
    cause: 'MP1005',
  },
  {
    state: 'a violation is mended',
    before: [driftingCell(INTO, 'exposed')],
    happens: (monitored) => {
      monitored.changeCells([driftingCell(INTO, 'agrees')]);
    },
    verdict: 'Pass',
    says: 'ok: 3/3 cells',
    counts: [3, 0, 0, 0],
  },
  {
    state: 'a conflict is new',
    happens: (monitored) => {
      monitored.change({ conflicts: [CLASH] });
    },
    verdict: 'Fail',
    says: 'fail: new error conflict destination-rule-mtls-to-naked MP1003, DestinationRule ns-0/app-0: ns-0/app-0 speaks plaintext to a port that takes mutual TLS only.',
    counts: [3, 0, 0, 1],
    cause: 'MP1003',
  },
  {
    state: 'a conflict is new, and nothing shows it',
    happens: (monitored) => {
      monitored.change({ conflicts: [{ ...CLASH, isConfirmed: false }] });
    },
    verdict: 'Pass',
    says: 'ok: 3/3 cells',
    counts: [3, 0, 0, 0],
  },
  {
    state: 'the namespace has a typing error',
    metadata: { namespaces: 'ns-9' },
    verdict: 'Inconclusive',
    says: 'inconclusive: nothing is measured of ns-9',
    counts: [0, 0, 0, 0],
  },
  {
    state: 'no sweep was complete yet',
    happens: (monitored) => {
      monitored.change({ lastSweep: null });
    },
    verdict: 'Inconclusive',
    says: 'pending: no sweep is complete yet',
    pending: true,
  },
  {
    state: 'another controller measures',
    scene: { isStandby: () => true },
    verdict: 'Inconclusive',
    says: 'inconclusive: another controller measures. Ask the one that is ready: ',
    cause: 'MPE_NOT_READY',
  },
  {
    state: 'what is asked is not understood',
    metadata: { namespaced: 'ns-1' },
    verdict: 'Inconclusive',
    says: ' must NOT have additional properties',
    cause: 'MPE_BAD_REQUEST',
  },
  {
    state: 'it asks for more of the past than is kept',
    metadata: { lookback: '2h' },
    verdict: 'Inconclusive',
    says: 'inconclusive: lookback 2h is more than 1h, and nobody remembers that. ',
    cause: 'MPE_BAD_REQUEST',
  },
  {
    state: 'it names a baseline, and there are none to be named',
    metadata: { baseline: 'release-7' },
    verdict: 'Inconclusive',
    says: 'inconclusive: this controller cannot read baselines, nor release-7',
  },
];

for (const { state, verdict, says, counts, cause = '', pending = false, ...facts } of CASES) {
  t.test(`${state}: ${verdict}`, async (t) => {
    await using scene = await prepared(facts);
    const metadata = { lookback: '0s', ...facts.metadata };
    const gate = await flagger(scene, '', metadata);
    t.equal(gate.status === 200, verdict === 'Pass');
    t.ok([200, 400, 403].includes(gate.status), String(gate.status));
    t.equal(gate.type, 'text/plain; charset=utf-8');
    t.match(gate.text, says);
    t.notMatch(gate.text, /\n/);
    if (counts !== undefined) t.equal(gate.text, says);

    const rollback = await flagger(scene, '/rollback', metadata);
    t.equal(rollback.status === 200, verdict === 'Fail', 'inverted, and nothing else is a yes');
    if (counts !== undefined) t.equal(rollback.text, `${verdict === 'Fail' ? 'roll back' : 'no rollback'}: ${says}`);

    for (const ask of [measureByGet, measureByPost]) {
      const { status, type, body } = await ask(scene, metadata);
      t.equal(status, 200, 'whatever it is');
      t.equal(type, 'application/json; charset=utf-8');
      const [passed = 0, failed = 0, inconclusive = 0, regressions = 0] = counts ?? [];
      const { message, runId, ...rest } = body;
      const total = passed + failed + inconclusive;
      const numbers = { total, passed, failed, inconclusive, regressions };
      t.same(rest, { verdict, pending, ...numbers, cause, url: `${scene.address}/` });
      t.equal(runId, counts === undefined ? '' : 'sweep-1');
      t.match(message, says);
    }
  });
}

t.test('measurements are what the description of the API says they are', async (t) => {
  await using scene = await prepared({});
  const { faults } = await described(scene.address);
  const { body } = await measureByGet(scene, { lookback: '0s' });
  for (const method of ['get', 'post'] as const) {
    t.equal(faults(method, '/api/v1/measure/argo', '200', body), null);
    t.not(faults(method, '/api/v1/measure/argo', '200', { ...body, total: '3' }), null);
    t.not(faults(method, '/api/v1/measure/argo', '200', { ...body, cause: null }), null);
  }
});

t.test('who is not known is told nothing: no verdict, and no error of a measurement', async (t) => {
  await using scene = await prepared({ scene: { anonymous: 'none' } });
  const payload = { name: 'app', namespace: 'ns-0', phase: 'Progressing', checksum: '1' };
  const url = (user = ''): string => `${scene.address.replace('//', `//${user}`)}/api/v1/gate/flagger`;
  const hook = { type: 'confirm-promotion', name: 'mesh', metadata: { lookback: '0s' }, retries: 3 };
  t.same(await callWebhook({ ...hook, url: url() }, payload), {
    error:
      'inconclusive: who asks is not known: there is no token in the request. Send a token that it accepts: Authorization: Bearer TOKEN, or sign in on the page.',
    attempts: 1,
  });
  t.match(await callWebhook({ ...hook, url: url('meshproof:wrong@') }, payload), { error: /the token is not known/ });
  t.same(await callWebhook({ ...hook, url: url(`meshproof:${TOKENS.read}@`) }, payload), { error: null, attempts: 1 });
  const measured = await measureByGet(scene, {});
  t.match(measured, { status: 200, body: { verdict: 'Inconclusive', cause: 'MPE_REQUEST_REFUSED' } });
  const response = await scene.get(`${ARGO}?${QUERY}&lookback=0s`, { authorization: `Bearer ${TOKENS.read}` });
  t.match(await response.json(), { verdict: 'Pass' });
});

t.test('too many questions: a no that waits, and a measurement that says nothing', async (t) => {
  await using scene = await prepared({ scene: { requestsPerMinute: 2 } });
  for (let at = 0; at < 10; at += 1) t.equal((await flagger(scene, '', { lookback: '0s' })).status, 200);
  const { status, text } = await flagger(scene, '', { lookback: '0s' });
  t.equal(status, 403);
  t.match(text, /^inconclusive: that is more than 10 questions a minute\. Ask again in /);
  for (let at = 0; at < 10; at += 1) await measureByGet(scene, {});
  t.match(await measureByGet(scene, {}), { status: 200, body: { verdict: 'Inconclusive', cause: 'MPE_OVERLOADED' } });
});

t.test('a body that is too large, or is none, is no verdict', async (t) => {
  await using scene = await prepared({});
  const json = { 'content-type': 'application/json' };
  for (const body of ['{', '', '[]', `{"name":"${'x'.repeat(70_000)}"}`]) {
    const gate = await scene.post('/api/v1/gate/flagger', json, body);
    t.ok(gate.status >= 400 && gate.status < 500, `${body.slice(0, 3)} ${String(gate.status)}`);
    t.match(await gate.text(), /^inconclusive: [^\n]+$/);
    const measured = await scene.post(ARGO, json, body);
    t.equal(measured.status, 200);
    t.match(await measured.json(), { verdict: 'Inconclusive', cause: 'MPE_BAD_REQUEST' });
  }
});

const ARGO = '/api/v1/measure/argo';
const QUERY = 'namespace=ns-0&rollout=app&revision=6b7c';

/** Sweeps end at once; what happens, happens after the matrix was known for the first time. */
async function prepared({
  before = [],
  scene: facts = {},
  happens,
}: Pick<Case, 'before' | 'scene' | 'happens'>): Promise<WebScene> {
  const changed = new Map(before.map((cell) => [cell.key, cell]));
  const scene = await webScene({ current: currentOf(CELLS.map((cell) => changed.get(cell.key) ?? cell)), ...facts });
  scene.monitored.sweepsAtOnce = { ...summary('sweep-1'), startedAtMs: NOON_MS };
  happens?.(scene.monitored);
  return scene;
}

async function flagger(scene: WebScene, path: '' | '/rollback', metadata: Readonly<Record<string, string>>) {
  const body = { name: 'app', namespace: 'ns-0', phase: 'Progressing', checksum: '1', metadata };
  const headers = { 'content-type': 'application/json' };
  const response = await scene.post(`/api/v1/gate/flagger${path}`, headers, JSON.stringify(body));
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

interface Measured {
  readonly status: number;
  readonly type: string | null;
  readonly body: { readonly message: string; readonly runId: string };
}

async function measured(response: Response): Promise<Measured> {
  const body = (await response.json()) as Measured['body'];
  return { status: response.status, type: response.headers.get('content-type'), body };
}

async function measureByGet(scene: WebScene, metadata: Readonly<Record<string, string>>): Promise<Measured> {
  return measured(await scene.get(`${ARGO}?${QUERY}&${new URLSearchParams(metadata).toString()}`));
}

async function measureByPost(scene: WebScene, metadata: Readonly<Record<string, string>>): Promise<Measured> {
  const body = JSON.stringify({ namespace: 'ns-0', rollout: 'app', revision: '6b7c', ...metadata });
  return measured(await scene.post(ARGO, { 'content-type': 'application/json' }, body));
}
