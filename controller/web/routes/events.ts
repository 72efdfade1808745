/** `/api/v1/events`: what the monitor tells, from any point in its history on; nothing left out, nothing twice. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { MonitorEvent, StoredEvent } from '../../monitor/events.ts';
import type { Monitored } from '../../monitor/monitored.ts';
import { LOOK } from '../access/guard.ts';
import { Bell } from '../bell.ts';
import type { WebDeps } from '../deps.ts';
import type { EventStream, EventStreams } from '../event-streams.ts';
import type { RecentEvents } from '../recent-events.ts';
import { list, object } from '../schema/monitored.ts';
import { ref } from '../schema/published.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import { PROBLEMS, query } from './answers.ts';

export interface EventDeps extends Pick<WebDeps, 'store'> {
  readonly monitored: Pick<Monitored, 'onEvent'>;
  readonly streams: EventStreams;
  readonly recent: RecentEvents;
}

interface EventFilter {
  readonly kind?: MonitorEvent['kind'];
  readonly route?: string;
}

interface EventsQuery extends EventFilter {
  readonly after?: number;
  readonly before?: number;
  readonly limit: number;
}

const id = { type: 'integer', minimum: 0 } as const;
/** Of a page of history; what is in memory at once for a reader. */
const AT_ONCE = 100;

export function addEvents(app: FastifyInstance, { store, monitored, streams, recent }: EventDeps): void {
  app.get<{ Querystring: EventsQuery }>(
    '/api/v1/events',
    {
      config: { right: LOOK },
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'Transitions, conflicts, propagation and sweeps: as a list, or as they come.',
        description:
          'With `Accept: text/event-stream` a stream of server-sent events, whose event is the kind and whose data is ' +
          'the event: from now on, after the event of `Last-Event-ID`, or after `after` (0: all there is). Otherwise a ' +
          'list, oldest first: those after `after`, or the latest ones (before `before`).',
        querystring: query({
          after: id,
          before: id,
          kind: { enum: ['transition', 'conflict', 'propagation', 'sweep'] },
          route: { type: 'string' },
          limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
        }),
        headers: { type: 'object', properties: { 'last-event-id': { type: 'string', pattern: '^[0-9]{0,15}$' } } },
        response: {
          200: {
            description: 'A list, or a stream.',
            content: {
              'application/json': { schema: object({ items: list(ref('storedEvent')) }) },
              'text/event-stream': { schema: { type: 'string' } },
            },
          },
          ...PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const { after, before, limit, ...filter } = request.query;
      if (!wantsStream(request)) {
        const page =
          after === undefined || before !== undefined
            ? { beforeId: before ?? Number.MAX_SAFE_INTEGER, ...(after !== undefined && { afterId: after }) }
            : { afterId: after };
        return { items: await store.events({ ...page, ...filter, limit }) };
      }
      const latest = await latestId(store);
      const asked = lastEventId(request) ?? after ?? latest;
      // Numbers beyond the latest are of another store: all of this one is new to whoever has them.
      const from = asked > latest ? 0 : asked;
      streams.serve(reply, (stream) => relay(stream, from, filter));
      return reply;
    },
  );

  /** Always asks for what comes after what it told last, so that history and present need no seam. */
  async function relay(stream: EventStream, from: number, filter: EventFilter): Promise<void> {
    const bell = new Bell();
    const stop = monitored.onEvent(() => {
      bell.ring();
    });
    let afterId = from;
    try {
      // Whoever has to come again before anything has happened goes on from here.
      await stream.send(`id: ${String(from)}\n\n`);
      for (;;) {
        const rung = bell.next;
        const events = recent.after(afterId, AT_ONCE) ?? (await store.events({ afterId, limit: AT_ONCE }));
        const last = events.at(-1);
        if (last === undefined) {
          await orAborted(rung, stream.signal);
          continue;
        }
        afterId = last.id;
        const text = events.filter((one) => isAskedFor(one, filter)).map(eventText);
        if (text.length > 0) await stream.send(text.join(''));
      }
    } finally {
      stop();
    }
  }
}

async function latestId(store: EventDeps['store']): Promise<number> {
  const [latest] = await store.events({ beforeId: Number.MAX_SAFE_INTEGER, limit: 1 });
  return latest?.id ?? 0;
}

function isAskedFor({ event }: StoredEvent, { kind, route }: EventFilter): boolean {
  if (kind !== undefined && event.kind !== kind) return false;
  return route === undefined || (event.kind === 'transition' && event.route === route);
}

export function eventText({ id, event }: StoredEvent): string {
  return `id: ${String(id)}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}

function wantsStream({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('text/event-stream');
}

function lastEventId({ headers }: FastifyRequest): number | undefined {
  const text = headers['last-event-id'];
  return typeof text !== 'string' || text === '' ? undefined : Number(text);
}
