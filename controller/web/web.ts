/** The web side of the controller: API, page and metrics on one port. */
import type { AddressInfo } from 'node:net';
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import { boundConnections } from './connections.ts';
import type { WebDeps, WebOptions } from './deps.ts';
import { EventStreams } from './event-streams.ts';
import { saidOnce } from './log.ts';
import { Gate } from './gates/gate.ts';
import { followHistory } from './page/history.ts';
import { addPage } from './page/page.ts';
import { RecentEvents } from './recent-events.ts';
import { HttpRefusal } from './refusal.ts';
import { addEvents } from './routes/events.ts';
import { addExplain } from './routes/explain.ts';
import { addGates } from './routes/gates.ts';
import { addMatrix } from './routes/matrix.ts';
import { addOwnHealth } from './routes/own-health.ts';
import { addSweeps } from './routes/sweeps.ts';
import { makeServer } from './server.ts';
import { shownBy } from './shown.ts';
import { SweepRequests } from './sweep-requests.ts';

export type { WebDeps, WebOptions } from './deps.ts';

/** Disposing it ends event streams and connections; what it was given belongs to the caller. */
export interface RunningWeb extends AsyncDisposable {
  /** `http://127.0.0.1:8080`. */
  readonly address: string;
}

const MAX_CONNECTIONS = 1000;

/** Rejects with MPE_PORT_IN_USE or MPE_INVALID_CONFIG where it cannot listen. */
export async function startWeb(deps: WebDeps, options: WebOptions): Promise<RunningWeb> {
  const { monitored, store, clock, log, baselines } = deps;
  const { listen, maxConnections = MAX_CONNECTIONS } = options;
  await using undo = new AsyncDisposableStack();
  const ending = new AbortController();
  undo.defer(() => {
    ending.abort(new Error('the controller ends'));
  });

  const app = await makeServer(deps, options);
  undo.defer(() => app.close());
  const evicted = saidOnce(log.warn);
  const connections = boundConnections(app.server, maxConnections, () => {
    evicted(`more than ${String(maxConnections)} connections are open: those that ask for nothing are closed`);
  });
  const keep = ({ socket }: { readonly socket: Parameters<typeof connections.keep>[0] | null }): void => {
    if (socket !== null) connections.keep(socket);
  };
  const streams = undo.use(new EventStreams({ clock, log, keep }));
  const recent = new RecentEvents();
  undo.defer(
    monitored.onEvent((event) => {
      recent.add(event);
    }),
  );

  const history = undo.use(followHistory(store, monitored));
  const shown = shownBy(monitored);
  const requests = new SweepRequests(monitored, ending.signal);
  const gate = undo.use(
    new Gate({ monitored, shown, events: store.events, clock, ending: ending.signal, ...(baselines && { baselines }) }),
  );
  app.addHook('preHandler', (request, _reply, next) => {
    const { right, isForStandby } = request.routeOptions.config;
    const isAnswered = right === 'anyone' || isForStandby === true || request.is404 || deps.isStandby?.() !== true;
    next(isAnswered ? undefined : new HttpRefusal(503, 'MPE_NOT_READY', 'another controller measures'));
  });
  addOwnHealth(app, deps);
  addMatrix(app, { store, shown });
  addSweeps(app, { store, requests, log });
  addExplain(app, { monitored, shown });
  addEvents(app, { store, monitored, streams, recent });
  addGates(app, { gate, clock, log, ...options });
  addPage(app, { store, access: deps.access, clock, streams, shown, history });
  app.get('/openapi.json', { config: { right: 'anyone' }, schema: { hide: true } }, () => app.swagger());

  try {
    await app.listen({ host: listen.host, port: listen.port });
  } catch (cause) {
    throw notListening(`${listen.host}:${String(listen.port)}`, cause);
  }
  const address = addressOf(app.server.address(), listen.tls !== undefined);
  const running = undo.move();
  return { address, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function addressOf(address: AddressInfo | string | null, isTls: boolean): string {
  if (address === null || typeof address === 'string') {
    throw new MeshproofError('MPE_INTERNAL', 'the web server listens at no port');
  }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${isTls ? 'https' : 'http'}://${host}:${String(address.port)}`;
}

function notListening(where: string, cause: unknown): MeshproofError {
  const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
  if (isTaken) {
    return new MeshproofError('MPE_PORT_IN_USE', `${where} is taken by another process`, {
      cause,
      hint: 'End the other process, or listen somewhere else.',
    });
  }
  const why = messageOf(cause);
  return new MeshproofError('MPE_INVALID_CONFIG', `cannot listen at ${where}: ${why}`, { cause });
}
