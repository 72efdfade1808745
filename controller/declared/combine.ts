/** The answers of several endpoints as one expectation. */
import type { EndpointExpectation, Expectation, TrailStep } from './expectation.ts';
import type { ServerVerdict } from './connection.ts';

export interface EndpointVerdict {
  /** `namespace/pod`, or an address. */
  readonly pod: string;
  readonly verdict: ServerVerdict;
}

/** Does the caller get its answer? */
function answerOf({ outcome, isUnanswered }: ServerVerdict): 'allow' | 'deny' | 'unknown' {
  if (outcome === 'UNKNOWN') return 'unknown';
  return outcome.startsWith('ALLOW_') && isUnanswered !== true ? 'allow' : 'deny';
}

/** One answer where all agree; otherwise the worst of them stands in front, and each endpoint is told. */
export function combine(
  verdicts: readonly EndpointVerdict[],
  before: readonly TrailStep[],
  warnings: readonly string[],
): Expectation {
  const answers = new Set(verdicts.map(({ verdict }) => answerOf(verdict)));
  const worst = verdicts.reduce((a, b) => (weight(b.verdict) > weight(a.verdict) ? b : a));
  const { outcome, transport, identity, httpStatus, decidedBy, steps } = worst.verdict;
  const isUniform = verdicts.every(
    ({ verdict }) => verdict.outcome === outcome && verdict.transport === transport && verdict.identity === identity,
  );
  const said = [...warnings, ...verdicts.flatMap(({ verdict }) => verdict.warnings)];
  return {
    expect: answers.size > 1 ? (answers.has('unknown') ? 'unknown' : 'mixed') : answerOf(worst.verdict),
    outcome,
    transport,
    identity,
    ...(httpStatus === undefined || answers.size > 1 ? {} : { httpStatus }),
    decidedBy,
    trail: [...before, ...steps],
    ...(isUniform ? {} : { endpoints: verdicts.map((endpoint) => endpointOf(endpoint, before)) }),
    warnings: [...new Set(said)],
  };
}

function weight(verdict: ServerVerdict): number {
  const answer = answerOf(verdict);
  return answer === 'deny' ? 3 : answer === 'unknown' ? 2 : verdict.transport === 'plaintext' ? 1 : 0;
}

function endpointOf({ pod, verdict }: EndpointVerdict, before: readonly TrailStep[]): EndpointExpectation {
  const { outcome, transport, identity, decidedBy, steps } = verdict;
  return { pod, expect: answerOf(verdict), outcome, transport, identity, decidedBy, trail: [...before, ...steps] };
}
