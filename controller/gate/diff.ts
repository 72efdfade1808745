/** Two that were kept, held against each other: nobody has meant anything, and what has ended is as much as what has come. */
import type { Baseline } from './baseline.ts';
import { compare } from './comparison.ts';
import { verify } from './verification.ts';
import type { Verification } from './verification.ts';

/** Passes where nothing differs and both know the same; inconclusive where nothing differs, as far as both know. */
export function diff(before: Baseline, after: Baseline): Verification {
  const verification = verify(before, after, {
    expected: [],
    minCoverage: 0,
    failOn: ['critical', 'error', 'warning'],
  });
  const { verdict, why, comparison } = verification;
  const ended = comparison.endedConflicts.length;
  if (ended > 0) {
    const gone = ended === 1 ? '1 conflict that is gone' : `${String(ended)} conflicts that are gone`;
    return { ...verification, verdict: 'fail', why: verdict === 'fail' ? `${why}, ${gone}` : gone };
  }
  if (verdict !== 'pass') return verification;
  const halfKnown = [
    knownOnlyIn(before, comparison.lost.length),
    knownOnlyIn(after, compare(after, before).lost.length),
  ];
  const words = halfKnown.filter((one) => one !== '').join(', ');
  return words === '' ? verification : { ...verification, verdict: 'inconclusive', why: words };
}

function knownOnlyIn({ name }: Baseline, routes: number): string {
  if (routes === 0) return '';
  return `${routes === 1 ? '1 route is' : `${String(routes)} routes are`} known in ${name} only`;
}
