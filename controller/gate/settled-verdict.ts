/** What sweeps of one state come to: what only one of the last two says neither fails nor is passed over. */
import type { Baseline } from './baseline.ts';
import { settled } from './settled.ts';
import type { Flap } from './settled.ts';
import type { Verification } from './verification.ts';

/** @param doubt Why `after` cannot be relied on; empty where it can. */
export type Judge = (after: Baseline, doubt: string) => Verification;

export interface SettledVerdict {
  readonly verification: Verification;
  readonly flaps: readonly Flap[];
}

/** @param sweeps Oldest first; throws RangeError for none. @param doubt See `Judge`. */
export function settledVerdict(sweeps: readonly Baseline[], doubt: string, judge: Judge): SettledVerdict {
  const { after, flaps, openConflicts } = settled(sweeps);
  const verification = judge(after, doubt);
  if (verification.verdict === 'fail' || openConflicts.length === 0) return { verification, flaps };
  const atWorst = judge({ ...after, conflicts: [...after.conflicts, ...openConflicts] }, doubt);
  if (atWorst.verdict !== 'fail') return { verification, flaps };
  const open = `the last two sweeps do not agree on ${atWorst.why}`;
  return { verification: judge(after, doubt === '' ? open : `${doubt}, ${open}`), flaps };
}
