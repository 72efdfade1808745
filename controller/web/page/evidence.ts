/** What is known of one route: what it is called, why it is so, what is declared, and what was measured. */
import { probeKey, targetKey } from '../../../proto/vocabulary.ts';
import type { EndpointExpectation, Expectation } from '../../declared/expectation.ts';
import { CAUSES } from '../../judge/causes.ts';
import type { Attempt, Cell, Conflict } from '../../judge/finding.ts';
import { callerName } from '../../judge/sentences.ts';
import { ANSWERS, decisionWords, identityWords, meaningOf, STAGES, stepInEffect } from '../../publish/explain.ts';
import { commandOf } from '../../publish/measured-call.ts';
import { objectWords } from '../../publish/object-words.ts';
import { outcomeWords, SYMPTOMS } from '../../publish/outcome-words.ts';
import { stepWords } from '../../publish/trail-words.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { moment } from './words.ts';

/** Of a heading. */
export function routeTitle(cell: Cell): Markup {
  return markup`${callerName(cell)} <span class="plane">${cell.vantage.dataPlane}</span> → ${targetKey(cell.target)} <span class="plane">${probeKey(cell.probe)}</span>`;
}

export function causePart({ cause }: Cell): Markup {
  if (cause === null) return markup``;
  return markup`<p><b>${CAUSES[cause.code].name}</b> <span class="code">${cause.code}</span></p><p>${cause.message}</p>
${cause.objects.length === 0 ? null : markup`<p><b>Objects</b> ${cause.objects.map(objectWords).join(', ')}</p>`}
${cause.fix === '' ? null : markup`<p><b>Fix</b> ${cause.fix}</p>`}`;
}

export function declaredSection({ expectation }: Cell): Markup {
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

export function measuredSection(cell: Cell): Markup {
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

/** That the route is part of. */
export function conflictsSection(conflicts: readonly Conflict[]): Markup {
  if (conflicts.length === 0) return markup``;
  return markup`<section><h3>Conflicts that it is part of</h3><ul>${conflicts.map(conflictItem)}</ul></section>`;
}

function conflictItem({ severity, cause }: Conflict): Markup {
  return markup`<li><span class="tag ${severity}">${severity}</span> <span class="code">${CAUSES[cause.code].name} ${cause.code}</span> ${cause.message}</li>`;
}
