/**
 * `/api/v1/gate/flagger`: a webhook of a Flagger canary. Flagger knows yes (a status up to 202) and no (any other, with the
 * body as its reason); what a no does is the choice of the type of hook (flagger: pkg/controller/webhook.go:callWebhook,
 * scheduler_hooks.go). A hook that confirms waits for a yes; one that rolls back acts on it. So a question that cannot be
 * answered is a no to both.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { oneLine } from '../gates/answer.ts';
import type { GateAnswer } from '../gates/answer.ts';
import { QUESTION_FIELDS, questionOf } from '../gates/question.ts';
import type { Question, QuestionFields } from '../gates/question.ts';
import { saidOnce } from '../log.ts';
import { answerTo } from '../refusal.ts';
import type { Schema } from '../schema/published.ts';
import { query } from './answers.ts';
import { answerBy, gateConfig, refusalWords } from './gate-limits.ts';
import type { GateRouteDeps } from './gates.ts';

/** flagger: pkg/apis/flagger/v1beta1/canary.go:CanaryWebhookPayload */
interface Payload {
  readonly name: string;
  readonly namespace: string;
  readonly phase?: string;
  readonly checksum?: string;
  readonly metadata?: QuestionFields;
}

const label: Schema = { type: 'string', minLength: 1, maxLength: 253 };

const BODY: Schema = {
  type: 'object',
  required: ['name', 'namespace'],
  properties: {
    name: label,
    namespace: label,
    phase: { type: 'string', maxLength: 100 },
    checksum: { type: 'string', maxLength: 253 },
    metadata: query(QUESTION_FIELDS),
  },
};

const line = (description: string): Schema => ({
  description,
  content: { 'text/plain': { schema: { type: 'string' } } },
});

/** Statuses that Flagger's client tries again by itself, or that are no answer to it (hashicorp/go-retryablehttp). */
const NO_ANSWER = new Set([429]);

export function addFlagger(app: FastifyInstance, { gate, clock, log, requestsPerMinute }: GateRouteDeps): void {
  const warn = saidOnce(log.warn);
  const common = {
    config: gateConfig(requestsPerMinute),
    errorHandler: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      const answer = answerTo(error);
      if (answer.statusCode === 500) warn(`POST ${request.routeOptions.url ?? ''} failed: ${String(error)}`);
      const isAnswer = answer.statusCode < 500 && !NO_ANSWER.has(answer.statusCode);
      return sendLine(reply, isAnswer ? answer.statusCode : 403, refusalWords(answer));
    },
  };
  const ask = ({ body }: { readonly body: Payload }, reply: FastifyReply): Promise<GateAnswer> =>
    gate.answer(questionIn(body), answerBy(reply, { clock }));

  app.post<{ Body: Payload }>(
    '/api/v1/gate/flagger',
    {
      ...common,
      schema: {
        tags: ['gates'],
        summary: 'May the canary go on?',
        description: 'For hooks of the types confirm-rollout, confirm-traffic-increase and confirm-promotion.',
        body: BODY,
        response: {
          200: line('Nothing is worse than before.'),
          '4xx': line('One line: what has become worse, or why nobody can tell.'),
        },
      },
    },
    async (request, reply) => {
      const { verdict, message } = await ask(request, reply);
      return sendLine(reply, verdict === 'pass' ? 200 : 403, message);
    },
  );

  app.post<{ Body: Payload }>(
    '/api/v1/gate/flagger/rollback',
    {
      ...common,
      schema: {
        tags: ['gates'],
        summary: 'Must the canary be rolled back?',
        description: 'For hooks of the type rollback.',
        body: BODY,
        response: {
          200: line('Yes, for something is worse than before.'),
          '4xx': line('One line: no, or nobody can tell.'),
        },
      },
    },
    async (request, reply) => {
      const { verdict, message } = await ask(request, reply);
      if (verdict === 'fail') return sendLine(reply, 200, `roll back: ${message}`);
      return sendLine(reply, 403, `no rollback: ${message}`);
    },
  );
}

/** No rollout is under way in these (flagger: pkg/apis/flagger/v1beta1/status.go); the first hook comes in one of them. */
const RESTING: readonly string[] = ['Initialized', 'Succeeded', 'Failed'];

function questionIn({ name, namespace, phase = '', checksum = '', metadata }: Payload): Question {
  const rollout = JSON.stringify(['flagger', namespace, name, checksum]);
  return questionOf(metadata ?? {}, { namespace, rollout, isBeginning: RESTING.includes(phase) });
}

function sendLine(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(oneLine(text));
}
