/** The page and what it asks for while it is open. */
import type { FastifyInstance } from 'fastify';
import { LOOK } from '../access/guard.ts';
import type { WebDeps } from '../deps.ts';
import type { EventStreams } from '../event-streams.ts';
import { isKnown, sendPieces } from '../large-answer.ts';
import { notFound } from '../refusal.ts';
import type { Shown } from '../shown.ts';
import { addAssets } from './assets.ts';
import { Changes } from './changes.ts';
import { routeHistory } from './history.ts';
import type { History } from './history.ts';
import { matrixPage } from './matrix-page.ts';
import { RouteNames } from './route-names.ts';
import { evidenceArticle, routePage } from './route-page.ts';
import { addSignIn } from './sign-in-page.ts';
import { pageTag, viewOf } from './view.ts';
import type { View } from './view.ts';

export interface PageDeps extends Pick<WebDeps, 'store' | 'clock' | 'access'> {
  readonly streams: EventStreams;
  readonly history: Pick<History, 'latest'>;
  readonly shown: () => Shown;
}

const HTML = 'text/html; charset=utf-8';
const PULSE = 'event: pulse\ndata: {}\n\n';
/** The stream ends, and nothing is wrong. */
const AGAIN = 'event: again\ndata: {}\n\n';
/** How often a stream looks whether the page is another one. */
const LOOK_EVERY_MS = 500;
/** Of the time, at most a tenth goes into working out what is shown. */
const SHARE = 10;

export function addPage(app: FastifyInstance, deps: PageDeps): void {
  const { clock, streams, store } = deps;
  const changes = new Changes();
  const names = new RouteNames();
  let last: { readonly view: View; readonly restUntilMs: number } | undefined;

  /** A large matrix is not worked out anew as often as it changes; a reader sees it a little later then. */
  const viewNow = async (): Promise<View> => {
    const history = await deps.history.latest();
    const shown = deps.shown();
    const beganMs = clock.monotonicMs();
    const isResting = last !== undefined && beganMs < last.restUntilMs && last.view.shown.isStalled === shown.isStalled;
    if (last !== undefined && (isResting || last.view.tag === pageTag(shown, history))) return last.view;
    const view = viewOf(shown, history, names);
    changes.show(view);
    const endedMs = clock.monotonicMs();
    last = { view, restUntilMs: endedMs + (endedMs - beganMs) * (SHARE - 1) };
    return view;
  };

  addAssets(app);
  addSignIn(app, deps);

  app.get('/', { config: { right: LOOK }, schema: { hide: true } }, async (request, reply) => {
    const view = await viewNow();
    const isSignedIn = request.caller !== '';
    if (isKnown(request, reply, `${view.tag}${isSignedIn ? '-signed-in' : ''}`)) return reply.code(304).send();
    return sendPieces(request, reply.type(HTML), matrixPage(view, { isSignedIn }));
  });

  app.get<{ Params: { key: string }; Querystring: { part?: 'article' } }>(
    '/routes/:key',
    {
      config: { right: LOOK },
      schema: {
        hide: true,
        querystring: { type: 'object', additionalProperties: false, properties: { part: { const: 'article' } } },
      },
    },
    async ({ params: { key }, query: { part } }, reply) => {
      const { routes, conflicts } = deps.shown();
      const route = routes.find(({ cell }) => cell.key === key);
      const history = await routeHistory(store, key);
      if (route === undefined && history.events.length === 0) throw notFound(`no route is called ${key}`);
      const evidence = { key, route, history, conflicts: conflicts.filter(({ cells }) => cells.includes(key)) };
      reply.type(HTML).header('cache-control', 'no-store');
      return reply.send(part === 'article' ? evidenceArticle(evidence).html : routePage(evidence));
    },
  );

  app.get('/live', { config: { right: LOOK }, exposeHeadRoute: false, schema: { hide: true } }, (_request, reply) => {
    streams.serve(
      reply,
      async ({ send, signal }) => {
        let told = '';
        for (;;) {
          const { tag } = await viewNow();
          if (tag !== told) await send(`event: matrix\ndata: ${JSON.stringify({ tag })}\n\n`);
          told = tag;
          await clock.sleep(LOOK_EVERY_MS, signal);
        }
      },
      { beat: PULSE, farewell: AGAIN },
    );
  });

  app.get<{ Querystring: { since: string } }>(
    '/live/changes',
    {
      config: { right: LOOK },
      schema: {
        hide: true,
        querystring: { type: 'object', required: ['since'], properties: { since: { type: 'string', maxLength: 100 } } },
      },
    },
    async ({ query: { since } }, reply) => {
      await viewNow();
      return reply.header('cache-control', 'no-store').send(changes.since(since));
    },
  );
}
