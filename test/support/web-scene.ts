/** The web side on a free port of loopback, with a monitor, a store and a clock that tests move by hand. */
import type { Access } from '../../controller/web/access/access.ts';
import type { WebDeps, WebOptions } from '../../controller/web/deps.ts';
import { startWeb } from '../../controller/web/web.ts';
import type { Current } from '../../controller/monitor/current.ts';
import { ManualClock } from './manual-clock.ts';
import { currentOf, drawnCells, FakeMonitored, FakeStore, NOON_MS } from './monitored.ts';

export interface WebSceneFacts
  extends Partial<Omit<WebOptions, 'listen'>>, Partial<Pick<WebDeps, 'isStandby' | 'metrics' | 'baselines'>> {
  readonly current?: Current;
  readonly access?: Access;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface WebScene extends AsyncDisposable {
  readonly address: string;
  readonly monitored: FakeMonitored;
  readonly store: FakeStore;
  readonly clock: ManualClock;
  /** All that was logged, of whatever level. */
  readonly said: readonly string[];
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  /** A POST without a body, unless there is one. */
  readonly post: (path: string, headers?: Readonly<Record<string, string>>, body?: string) => Promise<Response>;
}

/** Tokens of the scene, by what they may do. */
export const TOKENS = { read: 'reader-0123456789', write: 'writer-0123456789' } as const;

export const SCENE_ACCESS: Access = {
  admit: (token, { verb }) => {
    if (token === TOKENS.write) return Promise.resolve({ kind: 'admitted', name: 'writer' });
    if (token !== TOKENS.read) return Promise.resolve({ kind: 'unauthenticated', why: 'the token is not known' });
    if (verb === 'get') return Promise.resolve({ kind: 'admitted', name: 'reader' });
    return Promise.resolve({ kind: 'forbidden', name: 'reader', why: 'reader may not create sweeps' });
  },
};

/** Three by three and open to read, unless told otherwise. */
export async function webScene(facts: WebSceneFacts = {}): Promise<WebScene> {
  const { current = currentOf(drawnCells({ rows: 3, columns: 3 })), access = SCENE_ACCESS, tls, baselines } = facts;
  const monitored = new FakeMonitored(current);
  const store = new FakeStore();
  const clock = new ManualClock(NOON_MS);
  const said: string[] = [];
  const say = (message: string): void => {
    said.push(message);
  };
  const log = { info: say, warn: say, debug: say };
  const metrics = facts.metrics ?? { contentType: 'text/plain', text: () => Promise.resolve('up 1\n') };
  const web = await startWeb(
    {
      ...{ monitored, store, clock, log, access, metrics },
      ...(facts.isStandby && { isStandby: facts.isStandby }),
      ...(baselines && { baselines }),
    },
    {
      listen: { host: '127.0.0.1', port: 0, ...(tls && { tls }) },
      anonymous: facts.anonymous ?? 'read',
      ...(facts.requestsPerMinute !== undefined && { requestsPerMinute: facts.requestsPerMinute }),
      ...(facts.maxConnections !== undefined && { maxConnections: facts.maxConnections }),
    },
  );
  const { address } = web;
  return {
    address,
    monitored,
    store,
    clock,
    said,
    get: (path, headers = {}) => fetch(address + path, { headers, redirect: 'manual' }),
    post: (path, headers = {}, body) =>
      fetch(address + path, { method: 'POST', headers, redirect: 'manual', ...(body !== undefined && { body }) }),
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  };
}
