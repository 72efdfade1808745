/** The evidence of one route: what is declared, what was measured, why it is so, and how it came to be so. */
import type { Conflict } from '../../judge/finding.ts';
import type { RouteNow } from '../../monitor/current.ts';
import { causePart, conflictsSection, declaredSection, measuredSection, routeTitle } from './evidence.ts';
import { frame } from './frame.ts';
import { historyPart } from './history.ts';
import type { HistoryNow } from './history.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { standingOf, SUPPRESSIONS, toneOf } from './mark.ts';
import { moment } from './words.ts';

export interface Evidence {
  readonly key: string;
  /** Undefined: it is not planned any more. */
  readonly route: RouteNow | undefined;
  readonly conflicts: readonly Conflict[];
  readonly history: HistoryNow;
}

export function routePage(evidence: Evidence): string {
  return frame({ title: evidence.key, main: evidenceArticle(evidence) });
}

/** By itself for a dialog. */
export function evidenceArticle({ key, route, conflicts, history }: Evidence): Markup {
  return markup`<article class="evidence">
${route === undefined ? goneHead(key) : routeHead(route)}
${route === undefined ? null : declaredSection(route.cell)}
${route === undefined ? null : measuredSection(route.cell)}
${conflictsSection(conflicts)}
<section><h3>How it changed</h3>${historyPart(history, 'It has not changed since the monitor began to watch.')}</section>
<p class="quiet"><a href="/api/v1/routes/${encodeURIComponent(key)}">All of this as JSON</a></p>
</article>
`;
}

function goneHead(key: string): Markup {
  return markup`<h2 id="evidence-title">${key}</h2><p>It is not planned any more: its caller or its target is gone.</p>`;
}

function routeHead(route: RouteNow): Markup {
  const { cell, sinceMs, measuredAtMs, isFlapping, suppression } = route;
  return markup`<h2 id="evidence-title">${routeTitle(cell)}</h2>
<p><span class="tag ${toneOf(route)}">${standingOf(route)}</span> since ${moment(sinceMs)}, ${measuredAtMs === null ? 'not measured yet' : markup`measured ${moment(measuredAtMs)}`}${isFlapping ? '; flapping' : null}</p>
${suppression === null ? null : markup`<p>Held back: ${SUPPRESSIONS[suppression]}.</p>`}
${causePart(cell)}`;
}
