/** The head of the page: verdict, coverage, freshness, the last sweep, and what keeps the monitor from knowing. */
import type { Verdict } from '../../judge/finding.ts';
import { counted } from '../../judge/sentences.ts';
import type { Freshness } from '../../monitor/current.ts';
import { countWords } from '../../publish/verdict-words.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import type { View } from './view.ts';
import { duration, moment } from './words.ts';

const NAMES: Readonly<Record<Verdict['value'], string>> = { pass: 'PASS', fail: 'FAIL', inconclusive: 'INCONCLUSIVE' };

/** `FAIL: 2 exposed cells`: of the browser's tab. */
export function titleOf({ shown: { verdict } }: View): string {
  return `${NAMES[verdict.value]}: ${verdict.why} · Meshproof`;
}

export function headPart({ shown }: View): Markup {
  const { verdict, lastSweep, atMs, snapshot, intervalMs } = shown;
  return markup`${verdictPart(verdict)}
<dl class="facts">
<div><dt>Counts</dt><dd>${countWords(verdict)}</dd></div>
<div><dt>Coverage</dt><dd>${coverageWords(verdict)}</dd></div>
<div><dt>Freshness</dt><dd>${freshnessWords(shown)}</dd></div>
<div><dt>Last sweep</dt><dd>${lastSweep === null ? 'none is complete yet' : markup`${moment(lastSweep.finishedAtMs)}, ${lastSweep.verdict.value}, took ${duration(lastSweep.finishedAtMs - lastSweep.startedAtMs)}`}</dd></div>
<div><dt>Policy read</dt><dd>${moment(snapshot.syncedAtMs)}</dd></div>
<div><dt>As of</dt><dd>${moment(atMs)}, each route every ${duration(intervalMs)}</dd></div>
</dl>`;
}

export function verdictPart({ value, why }: Verdict): Markup {
  return markup`<p class="verdict ${value}"><strong>${NAMES[value]}</strong> <span>${why}</span></p>`;
}

export function coverageWords({ coverage, counts }: Verdict): string {
  // A tenth of a percent that is missing must not be rounded away.
  const percent = Math.floor(coverage * 1000) / 10;
  return `${String(percent)} % (${String(Math.round(coverage * counts.planned))} of ${counted(counts.planned, 'cell')})`;
}

function freshnessWords({ routes }: View['shown']): string {
  const count = (freshness: Freshness): number => routes.filter((route) => route.freshness === freshness).length;
  const [stale, unmeasured] = [count('stale'), count('unmeasured')];
  if (routes.length === 0) return 'nothing is planned';
  if (stale + unmeasured === 0) return 'all fresh';
  const parts = [
    stale === 0 ? '' : `${String(stale)} stale`,
    unmeasured === 0 ? '' : `${String(unmeasured)} not measured yet`,
  ];
  return `${parts.filter((part) => part !== '').join(', ')}, of ${counted(routes.length, 'route')}`;
}

/** What is in the way of knowing; empty where nothing is. */
export function troublesPart({ shown, suppressed }: View): Markup {
  const { troubles, agents, snapshot } = shown;
  const lost = agents.filter(({ state }) => state !== 'up');
  const lines = [
    ...troubles.map(
      ({ message, sinceMs }) => markup`<li>${message} <span class="quiet">Since ${moment(sinceMs)}.</span></li>`,
    ),
    ...(lost.length === 0 ? [] : [markup`<li>${agentWords(lost, agents.length)}</li>`]),
    ...snapshot.warnings.slice(0, WARNINGS).map((text) => markup`<li>${text}</li>`),
    ...(snapshot.warnings.length > WARNINGS
      ? [markup`<li>and ${snapshot.warnings.length - WARNINGS} more warnings</li>`]
      : []),
    ...[...suppressed].map(([why, count]) => markup`<li>${counted(count, 'route')} held back: ${why}.</li>`),
  ];
  return lines.length === 0 ? markup`` : markup`<ul>${lines}</ul>`;
}

const WARNINGS = 5;
const AGENTS = 4;

function agentWords(lost: View['shown']['agents'], all: number): string {
  const named = lost
    .slice(0, AGENTS)
    .map(({ vantage, state, why }) => `${vantage} is ${state}${why === '' ? '' : ` (${why})`}`);
  const more = lost.length - named.length;
  return `${String(lost.length)} of ${counted(all, 'agent')} not up: ${named.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}.`;
}
