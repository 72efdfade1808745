/** What a cell of a table shows: one character, a tone, and the same in words. */
import type { Drift } from '../../judge/finding.ts';
import type { RouteNow, Suppression } from '../../monitor/current.ts';
import { glyphOfCell } from '../../publish/glyphs.ts';
import { isFailure } from '../../publish/finding-list.ts';
import type { Finding } from '../../publish/finding-list.ts';
import { outcomeWords } from '../../publish/outcome-words.ts';

/** `open` and `shut`: as declared, and let through or refused. A tone never stands alone. */
export type Tone = 'open' | 'shut' | Exclude<Drift, 'agrees'>;

export interface Mark {
  readonly glyph: string;
  /** Classes of the cell: its tone, then what else is to be seen. */
  readonly look: string;
  /** For whoever does not see it. */
  readonly label: string;
}

const UNKNOWN = '?';
const FLAPPING = '±';

/** @param call What the route is called. */
export function markOf(route: RouteNow, finding: Finding | undefined, call: string): Mark {
  const tone = toneOf(route);
  const number = finding === undefined ? '' : String(finding.number);
  const conflict = finding?.isConflict === true && isFailure(finding) ? ' conflict' : '';
  const held = route.suppression === null ? '' : ' held';
  const look = `${tone}${conflict}${held}${isInDoubt(route) ? ' doubt' : ''}`;
  return {
    glyph: `${glyphOf(route)}${number}`,
    look,
    label: labelOf(route, finding, call),
  };
}

function glyphOf({ cell, freshness, isFlapping }: RouteNow): string {
  if (freshness !== 'fresh' || cell.drift === 'unknown') return UNKNOWN;
  return isFlapping ? FLAPPING : glyphOfCell(cell);
}

export function toneOf(route: RouteNow): Tone {
  const { cell, freshness } = route;
  if (freshness !== 'fresh') return 'unknown';
  if (cell.drift !== 'agrees') return cell.drift;
  const { expect } = cell.expectation;
  // One attempt that looks different does not yet make a closed door an open one, nor the other way round.
  if (isInDoubt(route) && expect === 'deny') return 'shut';
  if (isInDoubt(route) && expect === 'allow') return 'open';
  return cell.outcome.kind === 'reached' ? 'open' : 'shut';
}

/** What was seen last is not what is held to be so; more attempts will tell. */
function isInDoubt({ cell, seen, freshness }: RouteNow): boolean {
  return freshness === 'fresh' && seen !== cell.drift;
}

function doubtWords(route: RouteNow): string {
  if (!isInDoubt(route)) return '';
  if (route.seen === 'unknown') return 'the latest attempt came to nothing';
  const looks = route.seen === 'agrees' ? 'to be as declared' : route.seen;
  return `the latest attempt looks ${looks}, which is being confirmed`;
}

/** `exposed: shop/web (sidecar) to shop/pay:8080, http GET /, answered in plaintext, status 200; finding 3`. */
function labelOf(route: RouteNow, finding: Finding | undefined, call: string): string {
  const { isFlapping, suppression } = route;
  const asides = [
    doubtWords(route),
    isFlapping ? 'flapping' : '',
    suppression === null ? '' : SUPPRESSIONS[suppression],
    finding === undefined ? '' : `finding ${String(finding.number)}`,
  ].filter((text) => text !== '');
  return `${standingOf(route)}: ${call}, ${measuredWords(route)}${asides.map((text) => `; ${text}`).join('')}`;
}

export function standingOf({ cell, freshness }: RouteNow): string {
  if (freshness === 'unmeasured') return 'not measured yet';
  if (freshness === 'stale') return 'not known any more';
  if (cell.drift !== 'agrees') return cell.drift === 'unknown' ? 'not known' : cell.drift;
  return 'as declared';
}

export function measuredWords({ cell, freshness }: RouteNow): string {
  const words = outcomeWords(cell.outcome);
  return freshness === 'stale' ? `before: ${words}` : words;
}

export const SUPPRESSIONS: Readonly<Record<Suppression, string>> = {
  terminating: 'its target is being ended, which says nothing about policy',
  'not-ready': 'its target is not ready, which says nothing about policy',
  rollout: 'its target is being rolled out, which says nothing about policy',
  'fresh-policy': 'policy has just changed, and may not be in force yet',
};
