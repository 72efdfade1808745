/** `/healthz`, `/readyz` and `/metrics`: what the cluster and Prometheus ask. */
import type { FastifyInstance } from 'fastify';
import { LOOK } from '../access/guard.ts';
import type { WebDeps } from '../deps.ts';
import { problem } from '../refusal.ts';
import { object } from '../schema/monitored.ts';
import { ref } from '../schema/published.ts';

/** Null: ready. */
export function notReadyWhy({ monitored, isStandby }: Pick<WebDeps, 'monitored' | 'isStandby'>): string | null {
  if (isStandby?.() === true) return 'this controller stands by; another one measures';
  if (monitored.current().lastSweep === null) return 'no sweep is complete yet';
  return null;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered by a controller that does not measure, too. */
    isForStandby?: boolean;
  }
}

export function addOwnHealth(app: FastifyInstance, deps: Pick<WebDeps, 'monitored' | 'isStandby' | 'metrics'>): void {
  const open = { config: { right: 'anyone', rateLimit: false } } as const;
  const isWell = object({ status: { const: 'ok' } });
  app.get(
    '/healthz',
    {
      ...open,
      schema: { tags: ['health'], summary: 'The controller answers.', security: [], response: { 200: isWell } },
    },
    (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  );
  app.get(
    '/readyz',
    {
      ...open,
      schema: {
        tags: ['health'],
        summary: 'The matrix is known: a sweep was complete, and this controller is the one that measures.',
        security: [],
        response: { 200: isWell, 503: ref('problem') },
      },
    },
    (_request, reply) => {
      reply.header('cache-control', 'no-store');
      const why = notReadyWhy(deps);
      if (why === null) return reply.send({ status: 'ok' });
      return reply.code(503).send(problem('MPE_NOT_READY', why));
    },
  );
  app.get(
    '/metrics',
    {
      config: { right: LOOK, isForStandby: true },
      schema: {
        tags: ['health'],
        summary: 'For Prometheus.',
        response: {
          200: { description: 'The text format.', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    async (_request, reply) => {
      const { contentType, text } = deps.metrics;
      return reply.header('content-type', contentType).send(await text());
    },
  );
}
