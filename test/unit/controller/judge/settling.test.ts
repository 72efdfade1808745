import t from 'tap';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import type { K8sObject, ObjectMetadata } from '../../../../controller/declared/objects.ts';
import type { Cell } from '../../../../controller/judge/finding.ts';
import { judge } from '../../../../controller/judge/judge.ts';
import type { MeasuredCell } from '../../../../controller/judge/measured-cell.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { ANSWER, measured, meshOf, peerAuthentication, placed, pod, refusal, service } from './live-mesh.ts';

const RESET = refusal('application', 'reset');
const SILENCE: Outcome = { kind: 'silent', layer: 'application', afterMs: 5000, address: 0, timings: { totalMs: 1 } };

/** STRICT since the policy was written; what is measured starts at 20 s after 1970. */
function shop(policy: Partial<ObjectMetadata>): Mesh {
  return meshOf(
    pod('shop/pay'),
    service('shop/pay'),
    pod('legacy/batch', { isMeshed: false }),
    pod('legacy/open', { isMeshed: false }),
    service('legacy/open'),
    peerAuthentication('shop/default', 'STRICT', policy),
  );
}

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Attempts of `legacy/batch → shop/pay:80`, second and outcome. */
function judged(
  mesh: Mesh,
  attempts: readonly (readonly [second: number, outcome: Outcome])[],
  settleMs = 10_000,
): Cell {
  const cells = measured(mesh, [placed('legacy/batch', 'naked')], () => ANSWER).map((cell): MeasuredCell => {
    if (cell.target.name !== 'pay') return cell;
    return {
      ...cell,
      outcome: attempts.some(([, { kind }]) => kind === 'reached') ? ANSWER : RESET,
      attempts: attempts.map(([second, outcome]) => ({ startedAtMs: second * 1000, address: '', outcome })),
    };
  });
  const options = { minCoverage: 1, failOn: [], settleMs, sessionsAreControl: true };
  const [, cell] = judge({ mesh, cells, options, isFinal: true }).cells;
  if (cell === undefined) throw new Error('no cell');
  return cell;
}

const OLD = { creationTimestamp: at(0) };
const NEW = { creationTimestamp: at(18) };
const CHANGED = { creationTimestamp: at(0), changedAt: at(18) };

/** The policy says STRICT: an answer to plaintext is `exposed`. */
const CASES: readonly (readonly [
  what: string,
  policy: Partial<ObjectMetadata>,
  attempts: readonly (readonly [number, Outcome])[],
  drift: string,
  code: string | undefined,
])[] = [
  [
    'an old policy: drift is drift',
    OLD,
    [
      [20, ANSWER],
      [21, ANSWER],
    ],
    'exposed',
    'MP1010',
  ],
  [
    'a policy that was just made',
    NEW,
    [
      [20, ANSWER],
      [21, ANSWER],
    ],
    'unknown',
    'MP1013',
  ],
  [
    'a policy that was just changed',
    CHANGED,
    [
      [20, ANSWER],
      [21, ANSWER],
    ],
    'unknown',
    'MP1013',
  ],
  [
    'one attempt since is too few to be sure',
    NEW,
    [
      [20, ANSWER],
      [29, ANSWER],
    ],
    'unknown',
    'MP1013',
  ],
  [
    'drift that outlives the window',
    NEW,
    [
      [20, ANSWER],
      [29, ANSWER],
      [30, ANSWER],
    ],
    'exposed',
    'MP1010',
  ],
  [
    'what was measured when it had settled',
    NEW,
    [
      [28, ANSWER],
      [29, ANSWER],
    ],
    'exposed',
    'MP1010',
  ],
];

t.test('drift on what has just changed', (t) => {
  for (const [what, policy, attempts, drift, code] of CASES) {
    const cell = judged(shop(policy), attempts);
    t.same([cell.drift, cell.cause?.code, cell.attempts.length], [drift, code, attempts.length], what);
  }
  t.end();
});

t.test('a change that has arrived meanwhile is as declared', (t) => {
  const mesh = meshOf(
    ...shopObjects(),
    peerAuthentication('shop/default', 'STRICT', NEW),
    // A control, so that a refusal means something.
    pod('shop/pay', {
      container: { readinessProbe: { httpGet: { path: '/', port: 8080 } } },
    }),
  );
  const cell = judged(mesh, [
    [20, ANSWER],
    [29, RESET],
  ]);
  t.same([cell.drift, cell.cause?.code, cell.attempts.length], ['agrees', 'MP1001', 2]);
  t.end();
});

t.test('without a settle window every attempt counts', (t) => {
  const cell = judged(
    shop(NEW),
    [
      [20, ANSWER],
      [21, ANSWER],
    ],
    0,
  );
  t.equal(cell.drift, 'exposed');
  t.end();
});

t.test('the policy that was on its way is named', (t) => {
  const cell = judged(shop(NEW), [
    [20, ANSWER],
    [21, SILENCE],
    [22, ANSWER],
  ]);
  t.match(cell.cause, {
    message:
      'legacy/batch → shop/pay:80 answered, which would be exposed; but PeerAuthentication shop/default had changed just before.',
    objects: [{ kind: 'PeerAuthentication', namespace: 'shop', name: 'default' }],
  });
  t.end();
});

function shopObjects(): readonly K8sObject[] {
  return [
    service('shop/pay'),
    pod('legacy/batch', { isMeshed: false }),
    pod('legacy/open', { isMeshed: false }),
    service('legacy/open'),
  ];
}
