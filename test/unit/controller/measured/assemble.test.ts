import t from 'tap';
import { assembleCell } from '../../../../controller/measured/assemble.ts';
import type { Dialled } from '../../../../controller/measured/assemble.ts';
import type { Outcome, Reached, Report, Untested } from '../../../../proto/outcome.ts';
import { plannedCell } from '../../../support/planned-cell.ts';
import { ANSWERED_IN_PLAINTEXT } from '../../../support/answered-in-plaintext.ts';

const expectation = ANSWERED_IN_PLAINTEXT;
const cell = plannedCell({ attempts: 2, connectTimeoutMs: 1000, timeoutMs: 2000 });
const dialled: readonly Dialled[] = [
  { address: { host: '127.64.0.2', port: 8080 }, pod: 'shop/pay-1' },
  { address: { host: '127.64.0.3', port: 8080 }, pod: 'shop/pay-2' },
];
const missing: Untested = { kind: 'untested', why: 'agent-lost', detail: 'agent batch: the process ended' };
const starved: Untested = { kind: 'untested', why: 'agent-starved', detail: 'loop lag' };

function reached(address: number): Reached {
  return { kind: 'reached', address, timings: { totalMs: 1 }, transport: 'plaintext', status: 200 };
}

function reports(...outcomes: readonly Outcome[]): readonly Report[] {
  return outcomes.map((outcome, attempt) => ({ route: 1, slot: 0, attempt, startedAtMs: 100 + attempt, outcome }));
}

t.test('a cell carries its route, its expectation and every attempt with the pod that was dialled', (t) => {
  t.same(assembleCell({ cell, expectation, dialled, reports: reports(reached(0), reached(1)), missing }), {
    table: 'reachability',
    key: cell.key,
    vantage: cell.route.vantage,
    source: 'legacy/batch',
    target: cell.route.target,
    probe: cell.route.probe,
    expectation,
    outcome: reached(0),
    attempts: [
      { startedAtMs: 100, address: '127.64.0.2:8080', pod: 'shop/pay-1', outcome: reached(0) },
      { startedAtMs: 101, address: '127.64.0.3:8080', pod: 'shop/pay-2', outcome: reached(1) },
    ],
  });
  t.end();
});

t.test('the plaintext of a call to a gateway says nothing of the hop behind it, unless a witness does', (t) => {
  const via = { namespace: 'edge', name: 'gateway', port: 80, host: 'pay.example' };
  const target = { kind: 'service', namespace: 'shop', name: 'pay', port: 8080, via } as const;
  const routed = plannedCell({ ...cell, attempts: 1, route: { ...cell.route, target } });
  const witnessed: Outcome = { ...reached(0), witness: { pod: 'shop/pay-1', caller: null, isProof: true } };
  const transportOf = (outcome: Outcome): unknown =>
    assembleCell({ cell: routed, expectation, dialled: dialled.slice(0, 1), reports: reports(outcome), missing })
      .outcome;
  t.match(transportOf(reached(0)), { kind: 'reached', transport: 'unproved' });
  t.match(transportOf(witnessed), { kind: 'reached', transport: 'plaintext' });
  t.end();
});

t.test('a cell without reports is untested, for the reason that is known', (t) => {
  t.match(assembleCell({ cell, expectation, dialled, reports: [], missing }), { outcome: missing, attempts: [] });
  t.end();
});

t.test('a cell with an endpoint at which nothing was tested is untested', (t) => {
  const half = assembleCell({ cell, expectation, dialled, reports: reports(reached(0), reached(0)), missing });
  t.match(half, { outcome: missing, attempts: { length: 2 } });
  const unfit = assembleCell({ cell, expectation, dialled, reports: reports(reached(0), starved), missing });
  t.match(unfit, { outcome: starved, attempts: [{ pod: 'shop/pay-1' }, { address: '', outcome: starved }] });
  t.end();
});

t.test('behind a virtual address the witness says which pod answered', (t) => {
  const virtual = [{ address: { host: '127.64.9.1', port: 80 } }];
  const witness = { pod: 'shop/pay-2', caller: null, isProof: true };
  const outcome: Outcome = { ...reached(0), witness };
  const twice = reports(outcome, outcome);
  const { attempts } = assembleCell({ cell, expectation, dialled: virtual, reports: twice, missing });
  t.match(attempts, [
    { address: '127.64.9.1:80', pod: 'shop/pay-2' },
    { address: '127.64.9.1:80', pod: 'shop/pay-2' },
  ]);
  t.end();
});

t.test(
  'behind a virtual address a part of the attempts says nothing of the endpoints that the others would have met',
  (t) => {
    const virtual = [{ address: { host: '127.64.9.1', port: 80 } }];
    const one = assembleCell({ cell, expectation, dialled: virtual, reports: reports(reached(0)), missing });
    t.match(one, { outcome: missing, attempts: { length: 1 } });
    const both = assembleCell({
      cell,
      expectation,
      dialled: virtual,
      reports: reports(reached(0), reached(0)),
      missing,
    });
    t.match(both, { outcome: { kind: 'reached' } });
    t.end();
  },
);
