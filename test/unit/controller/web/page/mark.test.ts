import t from 'tap';
import { markOf } from '../../../../../controller/web/page/mark.ts';
import type { Finding } from '../../../../../controller/publish/finding-list.ts';
import type { RouteNow } from '../../../../../controller/monitor/current.ts';
import { routeNow } from '../../../../support/monitored.ts';
import { cell, reachedInPlaintext, refusedByStrict, reset, untested } from '../../../../support/sweeps.ts';

const DRIFT: Finding = {
  number: 3,
  label: 'exposed',
  isConflict: false,
  isConfirmed: true,
  cause: null,
  reason: '',
  cells: [],
};
const CONFLICT: Finding = { ...DRIFT, number: 4, label: 'critical', isConflict: true };
const ADVICE: Finding = { ...CONFLICT, number: 5, label: 'warning' };
const open = cell();
const shut = cell({ expectation: refusedByStrict, outcome: reset });
const exposed = cell({ expectation: refusedByStrict, outcome: reachedInPlaintext, drift: 'exposed' });

const CASES: readonly (readonly [
  route: RouteNow,
  finding: Finding | undefined,
  glyph: string,
  look: string,
  label: string,
])[] = [
  [routeNow(open), undefined, '●', 'open', 'as declared: CALL, answered over mutual TLS, status 200'],
  [
    routeNow(open),
    CONFLICT,
    '●4',
    'open conflict',
    'as declared: CALL, answered over mutual TLS, status 200; finding 4',
  ],
  [routeNow(open), ADVICE, '●5', 'open', 'as declared: CALL, answered over mutual TLS, status 200; finding 5'],
  [routeNow(shut), undefined, '✗', 'shut', 'as declared: CALL, connection reset (application)'],
  [routeNow(exposed), DRIFT, '○3', 'exposed', 'exposed: CALL, answered in plaintext, status 200; finding 3'],
  [
    routeNow(exposed, { suppression: 'fresh-policy' }),
    undefined,
    '○',
    'exposed held',
    'exposed: CALL, answered in plaintext, status 200; policy has just changed, and may not be in force yet',
  ],
  [
    routeNow(cell({ expectation: refusedByStrict, outcome: reachedInPlaintext }), { seen: 'exposed' }),
    undefined,
    '○',
    'shut doubt',
    'as declared: CALL, answered in plaintext, status 200; the latest attempt looks exposed, which is being confirmed',
  ],
  [
    routeNow(cell({ outcome: reset }), { seen: 'blocked' }),
    undefined,
    '✗',
    'open doubt',
    'as declared: CALL, connection reset (application); the latest attempt looks blocked, which is being confirmed',
  ],
  [
    routeNow(cell({ outcome: untested }), { seen: 'unknown' }),
    undefined,
    '?',
    'open doubt',
    'as declared: CALL, not tested: the agent was lost (the process ended); the latest attempt came to nothing',
  ],
  [
    routeNow({ ...exposed, outcome: reset }, { seen: 'agrees' }),
    DRIFT,
    '✗3',
    'exposed doubt',
    'exposed: CALL, connection reset (application); the latest attempt looks to be as declared, which is being confirmed; finding 3',
  ],
  [
    routeNow(open, { isFlapping: true }),
    undefined,
    '±',
    'open',
    'as declared: CALL, answered over mutual TLS, status 200; flapping',
  ],
  [
    routeNow(open, { freshness: 'stale' }),
    undefined,
    '?',
    'unknown',
    'not known any more: CALL, before: answered over mutual TLS, status 200',
  ],
  [
    routeNow(cell({ outcome: untested, drift: 'unknown' }), { freshness: 'unmeasured', measuredAtMs: null }),
    undefined,
    '?',
    'unknown',
    'not measured yet: CALL, not tested: the agent was lost (the process ended)',
  ],
  [
    routeNow(cell({ drift: 'unknown' })),
    undefined,
    '?',
    'unknown',
    'not known: CALL, answered over mutual TLS, status 200',
  ],
];

t.test('a character, a tone and words, which say the same', (t) => {
  for (const [route, finding, glyph, look, label] of CASES) {
    t.same(markOf(route, finding, 'CALL'), { glyph, look, label }, label);
  }
  t.end();
});
