/** Several attempts on one route come to one outcome. */
import type { Outcome, Untested } from '../../proto/outcome.ts';

type Tested = Exclude<Outcome, Untested>;

/** Openness is the stronger fact: a door that was seen open once does open. */
const PRECEDENCE: Readonly<Record<Tested['kind'], number>> = { reached: 0, refused: 1, silent: 2 };

/**
 * What most attempts showed; among equals `reached` before `refused` before `silent`, then what was seen first.
 * Attempts that tested nothing have no say. Undefined: there is none that tested anything.
 */
export function resolveOutcome(outcomes: readonly Outcome[]): Tested | undefined {
  const alike = new Map<string, Tested[]>();
  for (const outcome of outcomes) {
    if (outcome.kind === 'untested') continue;
    const key = likenessOf(outcome);
    alike.set(key, [...(alike.get(key) ?? []), outcome]);
  }
  const [winners] = [...alike.values()].sort((a, b) => b.length - a.length || precedenceOf(a) - precedenceOf(b));
  return winners?.[0];
}

/** Attempts of one likeness say the same of the route; timings and evidence do not matter. */
export function likenessOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'reached':
      return `reached ${outcome.transport} ${outcome.certificate?.fault ?? ''}`;
    case 'refused':
      return `refused ${outcome.layer} ${outcome.signature}`;
    case 'silent':
      return `silent ${outcome.layer}`;
    case 'untested':
      return 'untested';
  }
}

function precedenceOf([first]: readonly Tested[]): number {
  return first === undefined ? Infinity : PRECEDENCE[first.kind];
}
