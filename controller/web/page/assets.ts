/** Style, script and icon of the page, each under a name that changes with its content. */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { notFound } from '../refusal.ts';
import { ICON_SVG } from './icon.ts';
import { LIVE_SCRIPT } from './live-script.ts';
import { PAGE_STYLE } from './style.ts';

export interface Asset {
  /** `/assets/style-0123456789ab.css`. */
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

const YEAR_S = 31_536_000;

export const STYLE = asset('style', 'css', 'text/css; charset=utf-8', PAGE_STYLE);
export const SCRIPT = asset('live', 'js', 'text/javascript; charset=utf-8', LIVE_SCRIPT);
export const ICON = asset('icon', 'svg', 'image/svg+xml', ICON_SVG);

const BY_PATH = new Map([STYLE, SCRIPT, ICON].map((one) => [one.path, one]));

export function addAssets(app: FastifyInstance): void {
  app.get<{ Params: { name: string } }>(
    '/assets/:name',
    { config: { right: 'anyone' }, schema: { hide: true } },
    ({ params }, reply) => {
      const found = BY_PATH.get(`/assets/${params.name}`);
      if (found === undefined) throw notFound(`there is no asset ${params.name}`);
      reply.header('cache-control', `public, max-age=${String(YEAR_S)}, immutable`);
      return reply.type(found.type).send(found.text);
    },
  );
}

function asset(name: string, ending: string, type: string, text: string): Asset {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return { path: `/assets/${name}-${hash}.${ending}`, type, text };
}
