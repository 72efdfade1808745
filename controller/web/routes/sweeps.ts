/** `/api/v1/sweeps`: those that are remembered, and one at once. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SweepSummary } from '../../monitor/events.ts';
import { API_VERSION } from '../../publish/json.ts';
import { ASK_FOR_SWEEP, LIST_SWEEPS } from '../access/guard.ts';
import type { WebDeps } from '../deps.ts';
import { notFound } from '../refusal.ts';
import { list, object, orNull } from '../schema/monitored.ts';
import { ref } from '../schema/published.ts';
import type { Schema } from '../schema/published.ts';
import type { SweepRequests } from '../sweep-requests.ts';
import { PROBLEMS, query } from './answers.ts';

export interface SweepDeps extends Pick<WebDeps, 'store' | 'log'> {
  readonly requests: SweepRequests;
}

const tags = ['sweeps'];
const id: Schema = object({ id: { type: 'string' } });
const request: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'state'],
  properties: {
    id: { type: 'string' },
    state: { enum: ['under-way', 'done', 'failed'] },
    sweep: ref('sweepSummary'),
    why: { type: 'string' },
  },
};

export function addSweeps(app: FastifyInstance, { store, requests, log }: SweepDeps): void {
  app.get<{ Querystring: { before?: number; limit: number } }>(
    '/api/v1/sweeps',
    {
      config: { right: LIST_SWEEPS },
      schema: {
        tags,
        summary: 'Sweeps that are remembered, latest first.',
        querystring: query({
          before: {
            type: 'number',
            description:
              'Began before this, milliseconds since 1970: the begin of the last one gets those that follow.',
          },
          limit: { type: 'integer', minimum: 1, maximum: 1000, default: 50 },
        }),
        response: { 200: object({ items: list(ref('sweepSummary')) }), ...PROBLEMS },
      },
    },
    async ({ query: { before, limit } }) => ({
      items: await store.sweeps({ limit, ...(before !== undefined && { beforeMs: before }) }),
    }),
  );

  app.get<{ Params: { id: string } }>(
    '/api/v1/sweeps/:id',
    {
      config: { right: LIST_SWEEPS },
      schema: {
        tags,
        summary: 'One sweep, with all of its cells where they were kept.',
        params: id,
        response: {
          200: object({
            apiVersion: { const: API_VERSION },
            kind: { const: 'SweepRecord' },
            summary: ref('sweepSummary'),
            sweep: orNull(ref('sweep'), 'Null: the whole of it was not kept, or not so long.'),
          }),
          ...PROBLEMS,
        },
      },
    },
    async ({ params }, reply) => {
      const found = await store.sweep(params.id);
      if (found === undefined) throw notFound(`no sweep is called ${params.id}`);
      return sendRecord(reply, found.summary, found.json);
    },
  );

  app.post(
    '/api/v1/sweeps',
    {
      config: { right: ASK_FOR_SWEEP },
      schema: {
        tags,
        summary: 'Attempts every route at once.',
        description: 'While one is under way that was asked for, this answers with the same.',
        response: { 202: request, ...PROBLEMS },
      },
    },
    ({ caller }, reply) => {
      const asked = requests.ask();
      log.info(`${caller} asked for a sweep: ${asked.id}`);
      return reply.code(202).header('location', `/api/v1/sweeps/requests/${asked.id}`).send(asked);
    },
  );

  app.get<{ Params: { id: string } }>(
    '/api/v1/sweeps/requests/:id',
    {
      config: { right: LIST_SWEEPS },
      schema: {
        tags,
        summary: 'What became of a sweep that was asked for.',
        params: id,
        response: { 200: request, ...PROBLEMS },
      },
    },
    ({ params }) => {
      const found = requests.find(params.id);
      if (found === undefined) throw notFound(`nobody asked for a sweep ${params.id}, or it is long ago`);
      return found;
    },
  );
}

/** The document goes out as it was kept; it is large, and nobody here has to read it. */
function sendRecord(reply: FastifyReply, summary: SweepSummary, json: string | null): FastifyReply {
  const head = JSON.stringify({ apiVersion: API_VERSION, kind: 'SweepRecord', summary }).slice(0, -1);
  return reply.type('application/json; charset=utf-8').send(`${head},"sweep":${json ?? 'null'}}`);
}
