/** One declared flow explained as a colleague would: the answer first, then every stage with the object that decided it. */
import type { Decider, EndpointExpectation, Expectation, Flow, Stage, TrailStep } from '../declared/expectation.ts';
import { CAUSES } from '../judge/causes.ts';
import type { Conflict } from '../judge/finding.ts';
import { deciderWords } from './object-words.ts';
import { MEANINGS, SYMPTOMS } from './outcome-words.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { padTo, paragraph } from './text-layout.ts';
import { stepWords } from './trail-words.ts';

export const STAGES: Readonly<Record<Stage, string>> = {
  source: 'source',
  visibility: 'visibility',
  'network-policy': 'network policy',
  gateway: 'gateway',
  client: 'client side',
  capture: 'capture',
  'peer-authentication': 'peer authentication',
  'filter-chain': 'filter chain',
  identity: 'identity',
  'custom-authorization': 'external authorizer',
  'request-authentication': 'request token',
  authorization: 'authorization',
  health: 'health check',
  application: 'application',
};

export const ANSWERS: Readonly<Record<Expectation['expect'], readonly [word: string, tone: Tone]>> = {
  allow: ['Yes', 'good'],
  deny: ['No', 'bad'],
  mixed: ['It depends on the endpoint', 'warn'],
  unknown: ['Not known', 'warn'],
};

type Answer = Omit<EndpointExpectation, 'pod'>;

/** `conflicts` are those that the route is part of. */
export function publishExplanation(
  flow: Flow,
  expectation: Expectation,
  page: Page,
  conflicts: readonly Conflict[] = [],
): string {
  const { expect, endpoints } = expectation;
  const [word, tone] = ANSWERS[expect];
  const blocks: string[][] = [
    [paint(page, 'strong', titleOf(flow))],
    expect === 'mixed'
      ? paragraph('', `${paint(page, tone, word)}: see each of them below.`, page.columns)
      : answerLines('', { ...expectation, expect }, expectation.httpStatus, page),
    ...(endpoints === undefined
      ? [stageLines(expectation, page)]
      : endpoints.map((endpoint) => [
          ...answerLines(`endpoint ${endpoint.pod}  `, endpoint, undefined, page),
          ...stageLines(endpoint, page),
        ])),
    symptomLines(expectation, page),
    ...conflicts.map((conflict) => conflictLines(conflict, page)),
    expectation.warnings.flatMap((text) =>
      paragraph('! ', text, page.columns).map((line) => paint(page, 'warn', line)),
    ),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** The title in full, the fix below it; the objects are in the sentence. */
function conflictLines({ severity, cause }: Conflict, page: Page): string[] {
  const title = `Part of a conflict (${severity}): ${CAUSES[cause.code].name} ${cause.code}`;
  return [
    paint(page, severity === 'warning' ? 'warn' : 'bad', title),
    ...paragraph('  ', cause.message, page.columns),
    ...(cause.fix === '' ? [] : paragraph('  Fix: ', cause.fix, page.columns)),
  ];
}

function titleOf(flow: Flow): string {
  const request = flow.request === undefined ? '' : ` ${flow.request.method ?? 'GET'} ${flow.request.path ?? '/'}`;
  const via = flow.via === undefined ? '' : ` via ${flow.via}`;
  return `${flow.source} → ${flow.target}:${String(flow.port)}${via} (${flow.probe}${request})`;
}

function answerLines(lead: string, answer: Answer, httpStatus: number | undefined, page: Page): string[] {
  const [word, tone] = ANSWERS[answer.expect];
  const status = httpStatus === undefined ? '' : ` (status ${String(httpStatus)})`;
  const sentences = [
    `${paint(page, tone, word)}: ${meaningOf(answer)}${status}.`,
    decisionWords(answer.decidedBy),
    ...(answer.expect === 'allow' ? [identityWords(answer.identity)] : []),
  ];
  return paragraph(lead, sentences.join(' '), page.columns);
}

export function decisionWords(decider: Decider | null): string {
  const objects = deciderWords(decider);
  return objects === null ? 'No object says so; it is the default.' : `What decides is ${objects}.`;
}

export function identityWords(identity: string | null): string {
  return identity === null
    ? 'The server sees no identity of the caller.'
    : `The server sees the caller as ${identity}.`;
}

/** Two sides that disagree about TLS are better told with what each of them does. */
export function meaningOf(answer: Answer): string {
  if (answer.outcome !== 'CLIENT_TLS_MISMATCH') return MEANINGS[answer.outcome];
  const client = stepInEffect(answer.trail, 'client')?.result ?? '';
  const server = stepInEffect(answer.trail, 'peer-authentication')?.result ?? '';
  const sends = CLIENT_SENDS[client];
  const takes =
    stepInEffect(answer.trail, 'capture')?.result === 'captured' ? SERVER_TAKES[server] : 'speaks no Istio TLS';
  return sends === undefined || takes === undefined
    ? MEANINGS[answer.outcome]
    : `it fails, because the client side sends ${sends} and the server ${takes}`;
}

const CLIENT_SENDS: Readonly<Record<string, string | undefined>> = {
  plaintext: 'plaintext',
  mtls: 'mutual TLS',
  tls: "TLS that is not Istio's",
};

const SERVER_TAKES: Readonly<Record<string, string | undefined>> = {
  STRICT: 'takes mutual TLS only',
  DISABLE: 'terminates no TLS',
};

export function stepInEffect(trail: readonly TrailStep[], stage: Stage): TrailStep | undefined {
  return trail.findLast((step) => step.stage === stage && step.isInEffect !== false);
}

function stageLines(answer: Pick<Answer, 'decidedBy' | 'trail'>, page: Page): string[] {
  const { decidedBy, trail } = answer;
  const width = Math.max(0, ...trail.map((step) => STAGES[step.stage].length));
  const decisive = decidedBy === null ? undefined : stepInEffect(trail, decidedBy.stage);
  return trail.flatMap((step, at) => {
    const lead = `  ${String(at + 1).padStart(2)}  ${padTo(STAGES[step.stage], width)}  `;
    const mark = step === decisive ? ' ←\u00A0decides' : '';
    const lines = paragraph(lead, `${stepWords(step)}${mark}`, page.columns);
    const tone = step === decisive ? 'strong' : step.isInEffect === false ? 'quiet' : 'plain';
    return lines.map((line) => paint(page, tone, line));
  });
}

function symptomLines(expectation: Expectation, page: Page): string[] {
  const text = SYMPTOMS[expectation.outcome];
  return text === undefined ? [] : paragraph('At the caller: ', text, page.columns);
}
