/** The answer of a preview that was joined with a sweep. */
import type { Foreseen, MeasuredPreview } from './measured-preview.ts';
import type { Preview, PreviewAnswer } from './preview.ts';

/**
 * What works today and stops fails, as does what opens; where that is only possible, nobody can say. Of what the sweep has
 * not measured, the declared answer holds.
 */
export function answerMeasured(
  { answer, groups }: Preview,
  { foreseen, alreadyClosed }: MeasuredPreview,
): PreviewAnswer {
  const harmful = foreseen.filter(({ kind }) => kind === 'breaks' || kind === 'opens' || kind === 'downgrades');
  if (harmful.some(isLikely)) return 'flips';
  if (harmful.length > 0 || foreseen.some(({ kind }) => kind === 'unsure')) return 'unsure';
  const declared = groups.filter(({ kind }) => kind === 'breaks').reduce((sum, { flips }) => sum + flips.length, 0);
  // All that would break does not work today, and nothing else is wrong with the change.
  const onlyClosed =
    declared > 0 &&
    declared <= alreadyClosed.length &&
    groups.every(({ kind }) => kind !== 'opens' && kind !== 'downgrades');
  return onlyClosed ? 'safe' : answer;
}

function isLikely({ certainty }: Foreseen): boolean {
  return certainty !== 'unknown';
}
