/** What was measured of a cell, in one word that policy can tell from another. */
import type { Outcome } from '../../proto/outcome.ts';
import type { Cell } from '../judge/finding.ts';
import { resolveOutcome } from '../measured/resolve.ts';

/** An answer over this transport, none, other answers of one pod than of another, or nothing that counts. */
export type Measured = 'plaintext' | 'tls' | 'mtls' | 'hbone' | 'answered' | 'closed' | 'mixed' | 'unknown';

type Shown = Pick<Cell, 'outcome' | 'attempts' | 'drift' | 'isFlapping'>;

/**
 * The odd one out decides nothing, as in the sweep itself. Which pod a caller meets first is chance: what they show
 * together is not.
 */
export function measuredOf({ outcome, attempts, drift, isFlapping }: Shown): Measured {
  if (outcome.kind === 'untested' || drift === 'unknown') return 'unknown';
  const tested = attempts.filter((attempt) => attempt.outcome.kind !== 'untested');
  const byPod = Map.groupBy(
    tested,
    ({ pod, outcome: one }) => pod ?? (one.kind === 'reached' ? one.witness?.pod : undefined),
  );
  const each = [...byPod].flatMap(([pod, own]) => {
    const outcomes = own.map((attempt) => attempt.outcome);
    if (pod !== undefined) return [wordFor(resolveOutcome(outcomes) ?? outcome)];
    return isFlapping ? [] : outcomes.map(wordFor);
  });
  return isFlapping && each.length < 2 ? wordFor(outcome) : together(each.length === 0 ? [wordFor(outcome)] : each);
}

/** What is not known of one pod says nothing against what is known of the others. */
export function together(each: readonly Measured[]): Measured {
  const known = new Set(each.filter((measured) => measured !== 'unknown'));
  const [only = 'unknown', ...others] = known;
  return others.length > 0 ? 'mixed' : only;
}

export function wordFor(outcome: Outcome): Measured {
  if (outcome.kind === 'untested') return 'unknown';
  if (outcome.kind !== 'reached') return 'closed';
  return outcome.transport === 'unproved' ? 'answered' : outcome.transport;
}
