/** `/api/v1/matrix` and `/api/v1/routes/{key}`: what is known now, of all routes or of one. */
import type { FastifyInstance } from 'fastify';
import { LOOK } from '../access/guard.ts';
import type { WebDeps } from '../deps.ts';
import { isKnown, sendPieces } from '../large-answer.ts';
import { matrixCell, matrixDocument } from '../matrix-document.ts';
import type { MatrixFilter } from '../matrix-document.ts';
import { notFound } from '../refusal.ts';
import { list, object, orNull } from '../schema/monitored.ts';
import { ref } from '../schema/published.ts';
import { tagOf } from '../shown.ts';
import type { Shown } from '../shown.ts';
import { PROBLEMS, query } from './answers.ts';

export interface MatrixDeps extends Pick<WebDeps, 'store'> {
  readonly shown: () => Shown;
}

const HISTORY = 100;
const drifts = ['agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown'];
const tables = ['reachability', 'transport', 'health'];

export function addMatrix(app: FastifyInstance, { shown, store }: MatrixDeps): void {
  app.get<{ Querystring: MatrixFilter }>(
    '/api/v1/matrix',
    {
      config: { right: LOOK },
      schema: {
        tags: ['matrix'],
        summary: 'The matrix as it stands: cells as in a published sweep, and `now` in each of them.',
        description: 'Has an ETag; each filter may be given several times.',
        querystring: query({
          namespace: list({ type: 'string' }, 'Of the vantage or of the target.'),
          table: list({ enum: tables }),
          drift: list({ enum: drifts }),
        }),
        response: { 200: ref('matrix'), 304: { type: 'null', description: 'It has not changed.' }, ...PROBLEMS },
      },
    },
    (request, reply) => {
      const now = shown();
      if (isKnown(request, reply, tagOf(now))) return reply.code(304).send();
      reply.type('application/json; charset=utf-8');
      return sendPieces(request, reply, matrixDocument(now, request.query));
    },
  );

  app.get<{ Params: { key: string }; Querystring: { before?: number } }>(
    '/api/v1/routes/:key',
    {
      config: { right: LOOK },
      schema: {
        tags: ['matrix'],
        summary: 'One route: what is known now, the conflicts that it is part of, and how it came to be so.',
        params: object({ key: { type: 'string', description: "The route's key, percent-encoded." } }),
        querystring: query({ before: { type: 'integer', minimum: 1, description: 'Transitions before this event.' } }),
        response: {
          200: object({
            route: orNull(ref('matrixCell'), 'Null: it is not planned any more.'),
            conflicts: list(ref('conflict')),
            history: list(ref('storedEvent'), `Of its transitions, the latest ${String(HISTORY)}, oldest first.`),
          }),
          ...PROBLEMS,
        },
      },
    },
    async ({ params: { key }, query: { before } }) => {
      const now = shown();
      const route = now.routes.find(({ cell }) => cell.key === key);
      const history = await store.events({
        kind: 'transition',
        route: key,
        beforeId: before ?? Number.MAX_SAFE_INTEGER,
        limit: HISTORY,
      });
      if (route === undefined && history.length === 0) throw notFound(`no route is called ${key}`);
      return {
        route: route === undefined ? null : matrixCell(route),
        conflicts: now.conflicts.filter(({ cells }) => cells.includes(key)),
        history,
      };
    },
  );
}
