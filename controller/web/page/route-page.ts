/** The evidence of one route: what is declared, what was measured, why it is so, and how it came to be so. */
import { probeKey, targetKey } from '../../../proto/vocabulary.ts';
import type { EndpointExpectation, Expectation } from '../../declared/expectation.ts';
import { CAUSES } from '../../judge/causes.ts';
import type { Attempt, Cell, Conflict } from '../../judge/finding.ts';
import { callerName } from '../../judge/sentences.ts';
import type { RouteNow } from '../../monitor/current.ts';
import { ANSWERS, decisionWords, identityWords, meaningOf, STAGES, stepInEffect } from '../../publish/explain.ts';
import { commandOf } from '../../publish/measured-call.ts';
import { objectWords } from '../../publish/object-words.ts';
import { outcomeWords, SYMPTOMS } from '../../publish/outcome-words.ts';
import { stepWords } from '../../publish/trail-words.ts';
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
${route === undefined ? null : declaredSection(route.cell.expectation)}
${route === undefined ? null : measuredSection(route)}
${conflicts.length === 0 ? null : markup`<section><h3>Conflicts that it is part of</h3><ul>${conflicts.map(conflictItem)}</ul></section>`}
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
  const { cause } = cell;
  return markup`<h2 id="evidence-title">${callerName(cell)} <span class="plane">${cell.vantage.dataPlane}</span> → ${targetKey(cell.target)} <span class="plane">${probeKey(cell.probe)}</span></h2>
<p><span class="tag ${toneOf(route)}">${standingOf(route)}</span> since ${moment(sinceMs)}, ${measuredAtMs === null ? 'not measured yet' : markup`measured ${moment(measuredAtMs)}`}${isFlapping ? '; flapping' : null}</p>
${suppression === null ? null : markup`<p>Held back: ${SUPPRESSIONS[suppression]}.</p>`}
${cause === null ? null : markup`<p><b>${CAUSES[cause.code].name}</b> <span class="code">${cause.code}</span></p><p>${cause.message}</p>`}
${cause === null || cause.objects.length === 0 ? null : markup`<p><b>Objects</b> ${cause.objects.map(objectWords).join(', ')}</p>`}
${cause === null || cause.fix === '' ? null : markup`<p><b>Fix</b> ${cause.fix}</p>`}`;
}

function declaredSection(expectation: Expectation): Markup {
  const { expect, endpoints, outcome, warnings } = expectation;
  const symptom = SYMPTOMS[outcome];
  return markup`<section><h3>Declared</h3>
${expect === 'mixed' ? markup`<p>It depends on the endpoint.</p>` : answer({ ...expectation, expect })}
${endpoints === undefined ? trail(expectation) : endpoints.map((endpoint) => markup`<h4>${endpoint.pod}</h4>${answer(endpoint)}${trail(endpoint)}`)}
${symptom === undefined ? null : markup`<p><b>At the caller</b> ${symptom}</p>`}
${warnings.map((text) => markup`<p><b>Doubt</b> ${text}</p>`)}
</section>`;
}

function answer(answer: Omit<EndpointExpectation, 'pod'>): Markup {
  const [word] = ANSWERS[answer.expect];
  const identity = answer.expect === 'allow' ? ` ${identityWords(answer.identity)}` : '';
  return markup`<p>${word}: ${meaningOf(answer)}. ${decisionWords(answer.decidedBy)}${identity}</p>`;
}

function trail({ decidedBy, trail: steps }: Pick<Expectation, 'decidedBy' | 'trail'>): Markup {
  const decisive = decidedBy === null ? undefined : stepInEffect(steps, decidedBy.stage);
  const items = steps.map((step) => {
    const look = step === decisive ? 'decides' : step.isInEffect === false ? 'quiet' : '';
    return markup`<li class="${look}"><b>${STAGES[step.stage]}</b> ${stepWords(step)}${step === decisive ? ' — decides' : null}</li>`;
  });
  return markup`<ol class="trail">${items}</ol>`;
}

function measuredSection({ cell }: RouteNow): Markup {
  const { attempts } = cell;
  const list =
    attempts.length === 0
      ? markup`<p>${outcomeWords(cell.outcome)}</p>`
      : markup`<ol class="attempts">${attempts.toReversed().map(attemptItem)}</ol>`;
  return markup`<section><h3>Measured</h3>${list}${repetition(cell)}</section>`;
}

function attemptItem({ startedAtMs, address, pod, outcome }: Attempt): Markup {
  const where = [address, pod === undefined ? '' : `(${pod})`].filter((word) => word !== '').join(' ');
  if (outcome.kind === 'untested')
    return markup`<li>${moment(startedAtMs)} ${where} <b>${outcomeWords(outcome)}</b></li>`;
  const phases = Object.entries(outcome.timings).map(([phase, ms]) => `${phase.replace(/Ms$/, '')} ${String(ms)} ms`);
  const { certificate } = outcome;
  const shown =
    certificate === undefined
      ? null
      : markup`<br>shown: ${certificate.spiffeId ?? 'a certificate without SPIFFE identity'}, valid until ${moment(certificate.notAfterMs)}${certificate.fault === null ? null : `, ${certificate.fault}`}`;
  return markup`<li>${moment(startedAtMs)} ${where} <b>${outcomeWords(outcome)}</b><br><span class="quiet">${phases.join(', ')}</span>${shown}</li>`;
}

/** What a person would type at the caller. */
function repetition({ vantage, probe, attempts }: Cell): Markup | null {
  const address = attempts.find((attempt) => attempt.address !== '')?.address;
  const command = address === undefined ? undefined : commandOf(probe, address);
  if (command === undefined) return null;
  const from = vantage.dataPlane === 'naked' ? 'a pod without sidecar' : `a pod (${vantage.dataPlane})`;
  return markup`<p>The same from ${from} under ${vantage.namespace}/${vantage.serviceAccount}:</p><pre tabindex="0">${command}</pre>`;
}

function conflictItem({ severity, cause }: Conflict): Markup {
  return markup`<li><span class="tag ${severity}">${severity}</span> <span class="code">${CAUSES[cause.code].name} ${cause.code}</span> ${cause.message}</li>`;
}
