/** The verdict in one line, and the counts behind it. */
import type { Verdict } from '../judge/finding.ts';

const NAMES = { pass: 'PASS', fail: 'FAIL', inconclusive: 'INCONCLUSIVE' } as const;

/** `FAIL  2 exposed cells, 1 critical conflict (127 of 128 cells judged)`. The other verdicts say why by themselves. */
export function verdictLine(verdict: Verdict): string {
  const { counts } = verdict;
  const judged = Math.round(verdict.coverage * counts.planned);
  const judgedWords = verdict.value === 'fail' ? ` (${String(judged)} of ${String(counts.planned)} cells judged)` : '';
  return `${NAMES[verdict.value]}: ${verdict.why}${judgedWords}`;
}

/** `2 exposed, 1 blocked, 1 critical conflict`; `none` where there is none. */
export function countWords(verdict: Verdict): string {
  const { counts } = verdict;
  const parts = [
    part(counts.exposed, 'exposed'),
    part(counts.blocked, 'blocked'),
    part(counts.downgraded, 'downgraded'),
    part(counts.misplaced, 'misplaced'),
    part(counts.critical, 'critical', ' conflict'),
    part(counts.error, 'error', ' conflict'),
    part(counts.warning, 'warning'),
    part(counts.unknown, 'unknown'),
    part(counts.flapping, 'flapping'),
  ].filter((text) => text !== '');
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function part(count: number, word: string, noun = ''): string {
  if (count === 0) return '';
  return `${String(count)} ${word}${noun}${noun !== '' && count > 1 ? 's' : ''}`;
}
