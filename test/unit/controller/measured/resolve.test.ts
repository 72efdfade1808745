import t from 'tap';
import { resolveOutcome } from '../../../../controller/measured/resolve.ts';
import type { Outcome } from '../../../../proto/outcome.ts';

const facts = { address: 0, timings: { totalMs: 1 } };
const open: Outcome = { kind: 'reached', ...facts, transport: 'mtls', status: 200 };
const bare: Outcome = { kind: 'reached', ...facts, transport: 'plaintext', status: 200 };
const reset: Outcome = { kind: 'refused', ...facts, layer: 'application', signature: 'reset', detail: '' };
const denied: Outcome = { kind: 'refused', ...facts, layer: 'application', signature: 'rbac-denied', detail: '' };
const silent: Outcome = { kind: 'silent', ...facts, layer: 'tcp', afterMs: 2000 };
const starved: Outcome = { kind: 'untested', why: 'agent-starved', detail: '' };

const CASES: readonly (readonly [string, readonly Outcome[], Outcome | undefined])[] = [
  ['nothing was attempted', [], undefined],
  ['nothing was tested', [starved, starved], undefined],
  ['one attempt speaks for itself', [reset], reset],
  ['most attempts decide', [reset, open, reset], reset],
  ['what tested nothing has no say', [starved, starved, open], open],
  ['of two, the open one', [reset, open], open],
  ['a refusal says more than silence', [silent, reset], reset],
  ['among equals of a kind the first', [denied, reset], denied],
  ['transports are not the same', [bare, open, open], open],
];

t.test('several attempts come to one outcome', (t) => {
  for (const [what, outcomes, expected] of CASES) t.same(resolveOutcome(outcomes), expected, what);
  t.end();
});
