import t from 'tap';
import { Watch } from '../../../../controller/gate/watch.ts';
import type { Cell } from '../../../../controller/judge/finding.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { baseline } from '../../../support/baselines.ts';
import { ANSWERED_IN_PLAINTEXT } from '../../../support/answered-in-plaintext.ts';

const BEGAN = Date.parse('2026-03-01T12:00:00.000Z');
const FACTS = { address: 0, timings: { totalMs: 1 } };
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  open: { kind: 'reached', ...FACTS, transport: 'plaintext', status: 200 },
  shut: { kind: 'refused', ...FACTS, layer: 'application', signature: 'reset', detail: '' },
};
const LOST: Outcome = { kind: 'untested', why: 'agent-lost', detail: '' };

/** One sweep of `legacy/batch → shop/pay:80`, with attempts at milliseconds: `100 open, 250 shut`. */
function sweepOf(attempts: string, endMs: number, drift: Cell['drift'] = 'agrees'): Parameters<Watch['add']>[0] {
  const made = attempts.split(', ').map((text) => {
    const [at = '', outcome = ''] = text.split(' ');
    return { startedAtMs: BEGAN + Number(at), address: '', outcome: OUTCOMES[outcome] ?? LOST };
  });
  const cell: Cell = {
    table: 'reachability',
    key: 'k',
    vantage: { namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' },
    source: 'legacy/batch',
    target: { kind: 'service', namespace: 'shop', name: 'pay', port: 80 },
    probe: { kind: 'http', method: 'GET', path: '/' },
    expectation: ANSWERED_IN_PLAINTEXT,
    outcome: LOST,
    attempts: made,
    drift,
    isFlapping: false,
    cause: null,
  };
  const finishedAt = new Date(BEGAN + endMs).toISOString();
  return { startedAt: new Date(BEGAN).toISOString(), finishedAt, cells: [cell] };
}

const OPEN = baseline('legacy/batch (naked) → shop/pay:80 http: plaintext');
const SHUT = baseline('legacy/batch (naked) → shop/pay:80 http: closed');

t.test('an outage lasts from the first attempt that failed to the first that did not', (t) => {
  const watch = new Watch(OPEN);
  watch.add(sweepOf('0 open, 100 shut', 200, 'blocked'));
  watch.add(sweepOf('300 shut, 450 open', 500));
  watch.add(sweepOf('900 open', 1000));
  const report = watch.report();
  t.match(report, { sweeps: 3, resolutionMs: 450, firstFlipAtMs: BEGAN + 100, lastFlipAtMs: BEGAN + 450 });
  t.match(report.routes, [
    {
      before: 'plaintext',
      now: 'plaintext',
      attempts: 5,
      flips: 2,
      outageMs: 350,
      openingMs: 0,
      wrongMs: 300,
      intervals: [{ kind: 'outage', fromMs: BEGAN + 100, toMs: BEGAN + 450, atLeastMs: 200 }],
    },
  ]);
  t.end();
});

t.test('what has not ended lasts until the last attempt; what tests nothing says nothing', (t) => {
  const watch = new Watch(OPEN);
  watch.add(sweepOf('0 open', 50));
  watch.add(sweepOf('100 shut, 200 lost, 400 shut', 500, 'blocked'));
  const [route] = watch.report().routes;
  t.match(route, { now: 'closed', flips: 1, outageMs: 300, wrongMs: 0, intervals: [{ toMs: null }] });
  t.end();
});

t.test('a route that was closed and opens is no outage', (t) => {
  const watch = new Watch(SHUT);
  watch.add(sweepOf('0 open, 100 shut', 200, 'exposed'));
  t.match(watch.report().routes, [{ outageMs: 0, openingMs: 100, flips: 2 }]);
  t.end();
});

t.test('where nothing flips there is nothing to tell', (t) => {
  const watch = new Watch(SHUT);
  watch.add(sweepOf('0 shut', 100));
  watch.add(sweepOf('200 lost', 300));
  t.match(watch.report(), { sweeps: 2, routes: [], firstFlipAtMs: null, lastFlipAtMs: null });
  const unknown = new Watch(baseline('legacy/batch (naked) → shop/pay:80 http: unknown unknown'));
  unknown.add(sweepOf('0 open, 100 shut', 200));
  t.same(unknown.report().routes, []);
  t.end();
});
