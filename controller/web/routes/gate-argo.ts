/**
 * `/api/v1/measure/argo`: what a web metric of Argo Rollouts measures. Always 200, and JSON: any other status is an error of
 * the measurement, five of which in a row abort a rollout; and a body that is not JSON is a *success* (argo-rollouts:
 * metricproviders/webmetric/webmetric.go:parseResponse, analysis/analysis.go).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cannotTell, oneLine } from '../gates/answer.ts';
import type { GateAnswer } from '../gates/answer.ts';
import { QUESTION_FIELDS, questionOf } from '../gates/question.ts';
import type { QuestionFields } from '../gates/question.ts';
import { saidOnce } from '../log.ts';
import { answerTo, HttpRefusal } from '../refusal.ts';
import { object } from '../schema/monitored.ts';
import type { Schema } from '../schema/published.ts';
import { query } from './answers.ts';
import { answerBy, gateConfig, refusalWords } from './gate-limits.ts';
import type { GateRouteDeps } from './gates.ts';

interface Fields extends QuestionFields {
  readonly namespace?: string;
  readonly rollout?: string;
  readonly revision?: string;
}

export interface Measurement extends Omit<GateAnswer, 'verdict' | 'isPending'> {
  readonly verdict: 'Pass' | 'Fail' | 'Inconclusive';
  readonly pending: boolean;
  readonly url: string;
}

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const label: Schema = { type: 'string', minLength: 1, maxLength: 253 };

const FIELDS: Readonly<Record<string, Schema>> = {
  namespace: { ...label, description: 'Of the Rollout.' },
  rollout: { ...label, description: 'Its name.' },
  revision: { ...label, description: 'Hash of its pod template: what tells one rollout from the next.' },
  ...QUESTION_FIELDS,
};

const MEASUREMENT = object({
  verdict: { enum: ['Pass', 'Fail', 'Inconclusive'] },
  pending: { type: 'boolean', description: 'It is being measured; ask again.' },
  runId: { ...text, description: 'Of the sweep that it rests on.' },
  total: count,
  passed: count,
  failed: count,
  inconclusive: count,
  regressions: { ...count, description: 'Changes for the worse, and new conflicts.' },
  cause: text,
  message: { ...text, description: 'One line.' },
  url: { ...text, description: 'Where to look.' },
});

export function addArgo(app: FastifyInstance, { gate, clock, log, requestsPerMinute }: GateRouteDeps): void {
  const warn = saidOnce(log.warn);
  const common = {
    config: gateConfig(requestsPerMinute),
    errorHandler: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      const answer = answerTo(error);
      if (answer.statusCode === 500)
        warn(`${request.method} ${request.routeOptions.url ?? ''} failed: ${String(error)}`);
      const told = cannotTell('', { cause: answer.problem.code });
      return sendMeasurement(request, reply, { ...told, message: oneLine(refusalWords(answer)) });
    },
  };
  const schema = {
    tags: ['gates'],
    summary: 'What has become of the mesh since a rollout began?',
    response: { 200: MEASUREMENT },
  };

  app.get<{ Querystring: Fields }>(
    '/api/v1/measure/argo',
    { ...common, schema: { ...schema, querystring: query(FIELDS) } },
    async (request, reply) => measure(request, reply, request.query),
  );

  app.post<{ Querystring: Fields; Body: Fields | null }>(
    '/api/v1/measure/argo',
    {
      ...common,
      schema: {
        ...schema,
        description: 'Fields stand in the query, in the body, or in both; those of the body count.',
        querystring: query(FIELDS),
        body: { anyOf: [query(FIELDS), { type: 'null' }] },
      },
    },
    async (request, reply) => measure(request, reply, { ...request.query, ...request.body }),
  );

  async function measure(request: FastifyRequest, reply: FastifyReply, fields: Fields): Promise<FastifyReply> {
    const { namespace, rollout, revision, ...rest } = fields;
    if (namespace === undefined || rollout === undefined || revision === undefined) {
      throw new HttpRefusal(400, 'MPE_BAD_REQUEST', 'namespace, rollout and revision say what is asked about');
    }
    const name = JSON.stringify(['argo', namespace, rollout, revision]);
    const question = questionOf(rest, { namespace, rollout: name, isBeginning: false });
    return sendMeasurement(request, reply, await gate.answer(question, answerBy(reply, { clock })));
  }
}

const VERDICTS = { pass: 'Pass', fail: 'Fail', inconclusive: 'Inconclusive' } as const;

function sendMeasurement({ protocol, host }: FastifyRequest, reply: FastifyReply, answer: GateAnswer): FastifyReply {
  const { verdict, isPending, ...rest } = answer;
  const { runId, total, passed, failed, inconclusive, regressions, cause, message } = rest;
  const counts = { runId, total, passed, failed, inconclusive, regressions };
  const url = `${protocol}://${host}/`;
  const measurement: Measurement = { verdict: VERDICTS[verdict], pending: isPending, ...counts, cause, message, url };
  reply.code(200).type('application/json; charset=utf-8').header('cache-control', 'no-store');
  return reply.send(measurement);
}
