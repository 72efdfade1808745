import t from 'tap';
import { baselineOf, identityOf } from '../../../../controller/gate/baseline.ts';
import { measuredOf } from '../../../../controller/gate/measured-state.ts';
import { alike } from '../../../../controller/gate/object-names.ts';
import { changesForetold, checkPredictions } from '../../../../controller/gate/prediction.ts';
import type { Cell, Drift } from '../../../../controller/judge/finding.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { baseline } from '../../../support/baselines.ts';
import { sweepOf } from '../../../support/arbitrary/baselines.ts';

const FACTS = { address: 0, timings: { totalMs: 1 } };
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  plain: { kind: 'reached', ...FACTS, transport: 'plaintext' },
  mtls: { kind: 'reached', ...FACTS, transport: 'mtls' },
  bare: { kind: 'reached', ...FACTS, transport: 'unproved' },
  shut: { kind: 'refused', ...FACTS, layer: 'application', signature: 'reset', detail: '' },
  mute: { kind: 'silent', ...FACTS, layer: 'tcp', afterMs: 5000 },
};
const LOST: Outcome = { kind: 'untested', why: 'agent-lost', detail: '' };

t.test('identities name what policy can tell apart: no pod, no node, no path', (t) => {
  const vantage = { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' } as const;
  const probe = { kind: 'http', method: 'GET', path: '/ready' } as const;
  const target = { kind: 'pod', namespace: 'shop', name: 'pay-7c9f-x2x4z', port: 8080 } as const;
  const cases: readonly (readonly [Parameters<typeof identityOf>[0], string])[] = [
    [
      { table: 'transport', vantage, target, workload: 'shop/pay', probe },
      'transport shop/web (sidecar) → pods:shop/pay:8080 http',
    ],
    [
      { table: 'reachability', vantage, target: { kind: 'service', namespace: 'shop', name: 'pay', port: 80 }, probe },
      'reachability shop/web (sidecar) → shop/pay:80 http',
    ],
    [
      { table: 'transport', vantage, target, workload: 'shop/pay', probe: { kind: 'tls', alpn: ['istio-http/1.1'] } },
      'transport shop/web (sidecar) → pods:shop/pay:8080 tls istio-http/1.1',
    ],
    [
      {
        table: 'health',
        vantage: { ...vantage, dataPlane: 'host', node: 'node-7' },
        target,
        workload: 'shop/pay',
        probe,
      },
      'health shop/web (host) → pods:shop/pay:8080 http',
    ],
  ];
  for (const [cell, identity] of cases) t.equal(identityOf(cell), identity);
  t.end();
});

t.test('what was measured: most attempts count, and pods that differ are mixed', (t) => {
  // Attempts as pod:outcome; `-` is a pod that nobody knows. A ~ in front: the attempts of one place disagree.
  const cases: readonly (readonly [attempts: string, measured: string])[] = [
    ['-:plain', 'plaintext'],
    ['-:shut', 'closed'],
    ['-:mute', 'closed'],
    ['-:bare', 'answered'],
    ['-:lost', 'unknown'],
    ['a:plain b:plain', 'plaintext'],
    ['a:plain b:shut', 'mixed'],
    ['a:plain b:mtls', 'mixed'],
    ['a:plain b:lost', 'plaintext'],
    ['~ a:plain a:shut a:plain', 'plaintext'],
    ['~ -:plain -:shut -:plain', 'plaintext'],
    ['a:plain -:shut', 'mixed'],
  ];
  for (const [text, measured] of cases) {
    const isFlapping = text.startsWith('~ ');
    const attempts = text
      .replace('~ ', '')
      .split(' ')
      .map((word) => {
        const [pod = '', outcome = ''] = word.split(':');
        return { startedAtMs: 0, address: '', ...(pod !== '-' && { pod }), outcome: OUTCOMES[outcome] ?? LOST };
      });
    const [first] = attempts;
    const shown = { attempts, outcome: first?.outcome ?? LOST, drift: 'agrees', isFlapping } as const;
    t.equal(measuredOf(shown), measured, text);
  }
  t.equal(measuredOf({ attempts: [], outcome: LOST, drift: 'agrees', isFlapping: false }), 'unknown');
  t.end();
});

t.test('the worst pod of a workload stands for it', (t) => {
  const shown = [{ workload: 'pay', port: 8080, outcome: OUTCOMES['plain'] ?? LOST, drift: 'agrees' }] as const;
  const sweep = sweepOf({ shown }, { pods: ['a', 'b', 'c'], isReversed: false });
  const drifting = sweep.cells.map((cell, at): Cell => {
    if (at !== 1) return cell;
    const outcome = OUTCOMES['shut'] ?? LOST;
    return { ...cell, drift: 'blocked', outcome, attempts: cell.attempts.map((attempt) => ({ ...attempt, outcome })) };
  });
  const { cells } = baselineOf({ ...sweep, cells: drifting }, 'x');
  t.match(cells, [{ target: 'pods:shop/pay:8080', measured: 'mixed', drift: 'blocked', attempts: 3 }]);
  t.end();
});

t.test('a pod that was not measured is not hidden by one that was closed by another layer than declared', (t) => {
  const cases: readonly (readonly [drifts: readonly Drift[], drift: Drift])[] = [
    [['misplaced', 'unknown'], 'unknown'],
    [['agrees', 'unknown'], 'unknown'],
    [['agrees', 'misplaced'], 'misplaced'],
    [['exposed', 'unknown'], 'exposed'],
    [['unknown', 'blocked'], 'blocked'],
    [['downgraded', 'unknown'], 'downgraded'],
  ];
  const shown = [{ workload: 'pay', port: 8080, outcome: OUTCOMES['shut'] ?? LOST, drift: 'agrees' }] as const;
  for (const [drifts, drift] of cases) {
    const sweep = sweepOf({ shown }, { pods: drifts.map((_, at) => `pod${String(at)}`), isReversed: false });
    const cells = sweep.cells.map((cell, at): Cell => ({ ...cell, drift: drifts[at] ?? 'agrees' }));
    t.match(baselineOf({ ...sweep, cells }, 'x').cells, [{ drift }], drifts.join(', '));
  }
  t.end();
});

t.test('pods in objects go by their workload, whether the sweep knows it or not', (t) => {
  const pod = (name: string) => ({ kind: 'Pod', namespace: 'shop', name });
  const known = new Map([['shop/pay-0', 'shop/pay']]);
  const cases: readonly (readonly [name: string, workload: string])[] = [
    ['pay-0', 'pay'],
    ['cart-7c9f5d6b8d-x2x4z', 'cart'],
    ['cart-x2x4z', 'cart'],
    ['cart', 'cart'],
    ['cart-service', 'cart-service'],
  ];
  for (const [name, workload] of cases) {
    t.match(alike([pod(name)], known), [{ kind: 'Workload', namespace: 'shop', name: workload }]);
  }
  t.equal(alike([pod('cart-7c9f5d6b8d-x2x4z'), pod('cart-7c9f5d6b8d-b5b5b')], known).length, 1);
  const service = { kind: 'Service', namespace: 'shop', name: 'pay-x2x4z' };
  t.same(alike([service], known), [service]);
  t.end();
});

t.test('predictions: what is certain has to happen, the rest may; what is gone or not known did neither', (t) => {
  const before = baseline(`
    a/x (naked) → c/s:80 http GET /: plaintext
    a/y (naked) → c/s:80 http GET /: plaintext
    a/z (naked) → c/s:80 http GET /: closed`);
  const identity = (caller: string): string => `reachability a/${caller} (naked) → c/s:80 http GET /`;
  const predictions = [
    { identity: identity('x'), becomes: 'closed', certainty: 'certain' },
    { identity: identity('y'), becomes: 'closed', certainty: 'probable' },
    { identity: identity('z'), becomes: 'closed', certainty: 'certain' },
    { identity: identity('nobody'), becomes: 'closed', certainty: 'certain' },
  ] as const;
  const { expected, allowed } = changesForetold(predictions, before);
  t.match(expected, [{ from: 'a/x (naked)', to: 'c/s:80', becomes: 'closed', table: 'reachability' }]);
  t.equal(expected.length, 1, 'what is so already has not to become so');
  t.match(allowed, [{ from: 'a/y (naked)' }]);
  const after = baseline(`
    a/x (naked) → c/s:80 http GET /: closed
    a/y (naked) → c/s:80 http GET /: plaintext
    a/z (naked) → c/s:80 http GET /: unknown unknown`);
  const { checked, counts } = checkPredictions(predictions, after);
  t.same(
    checked.map(({ outcome }) => outcome),
    ['came-true', 'did-not', 'unknown', 'unknown'],
  );
  t.same(counts, { 'came-true': 1, 'did-not': 1, unknown: 2 });
  t.end();
});
