/** A monitor with everything around it: page, API, metrics, and who is told. Sandbox and cluster differ in what they bring. */
import { readFile } from 'node:fs/promises';
import { MeshproofError } from '../../proto/errors.ts';
import { systemClock } from '../../proto/system-clock.ts';
import type { BaselineStore } from '../baselines/baseline-store.ts';
import { Monitor } from '../standing/monitor.ts';
import type { MonitorDeps, MonitorOptions } from '../standing/monitor-options.ts';
import { SERIES_LIMITS } from '../publish/metrics/limits.ts';
import { controllerMetrics } from '../publish/metrics/controller-metrics.ts';
import type { Store } from '../store/store.ts';
import type { Sink } from '../tell/sink.ts';
import { startTelling } from '../tell/telling.ts';
import { webhookNames } from '../tell/webhook-names.ts';
import { webhookSink } from '../tell/webhook.ts';
import type { Access, Anonymous } from '../web/access/access.ts';
import { NO_TOKENS } from '../web/access/access.ts';
import type { Log } from '../web/log.ts';
import { startWeb } from '../web/web.ts';
import type { ServeFlags } from './serve.ts';
import type { Session } from './session.ts';

export interface Served extends Pick<MonitorDeps, 'source' | 'launcher'> {
  /** That gates may name. @default none */
  readonly baselines?: BaselineStore;
  readonly options: MonitorOptions;
  readonly store: Store;
  /** @default tokens of --token-file, or none */
  readonly access?: Access;
  readonly anonymous: Anonymous;
  /** Where --listen does not say. */
  readonly listen: string;
  /** Besides webhooks. */
  readonly sinks: readonly Sink[];
  /** Which monitor it is, for those who are told. */
  readonly name: string;
  readonly log: Log;
  /** What listens in our place until we do. */
  readonly standby?: AsyncDisposable;
  /** Called once agents are heard and it can be looked at, with the address of the page; what it rejects with ends it. */
  readonly opened: (address: string) => Promise<void>;
}

/**
 * Until the signal aborts; resolves then, when everything of its own has ended. Rejects as `Monitor.run` does, and where
 * an address, a file or a URL of the flags is of no use.
 */
export async function serveMonitor(served: Served, flags: ServeFlags, signal: AbortSignal): Promise<void> {
  const { options, store, log, name, source, launcher } = served;
  const clock = systemClock;
  const deps = { source, launcher, store, clock, debug: log.debug };
  const [listen, access] = await Promise.all([listenOf(flags, served.listen), accessOf(served, flags)]);
  const names = webhookNames(flags.webhook);
  const webhooks = flags.webhook.map((url, index) =>
    webhookSink(
      {
        name: names[index] ?? '',
        url,
        source: name,
        ...(flags.webhookSecret !== undefined && { secretFile: flags.webhookSecret }),
      },
      clock,
    ),
  );
  await using monitor = await Monitor.start(deps, options);
  using metrics = controllerMetrics(monitor, {}, { showsEveryRoute: flags.routeMetrics, limits: SERIES_LIMITS });
  await served.standby?.[Symbol.asyncDispose]();
  await using web = await startWeb(
    {
      monitored: monitor,
      store,
      ...(served.baselines && { baselines: served.baselines }),
      metrics,
      access,
      clock,
      log,
    },
    { listen, anonymous: flags.anonymous ?? served.anonymous },
  );
  await using telling = new AsyncDisposableStack();
  const remember = { load: store.toldUpTo, save: store.keepToldUpTo };
  const sinks = [...webhooks, ...served.sinks];
  telling.use(startTelling(monitor, sinks, { clock, events: store.events, remember, debug: log.warn }));
  await served.opened(web.address);
  try {
    await monitor.run(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What is said goes to stderr, a line each. */
export function serveLog({ terminal, flags }: Session): Log {
  const { isQuiet, isVerbose } = flags();
  const say = (isSaid: boolean) => (message: string) => {
    if (isSaid) terminal.note(`${message}\n`);
  };
  return { info: say(!isQuiet), warn: say(true), debug: say(isVerbose) };
}

const ADDRESS = /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:]+)):(?<digits>\d+)$/;

export async function listenOf(
  { listen: asked, tlsCert, tlsKey }: ServeFlags,
  otherwise: string,
): Promise<Parameters<typeof startWeb>[1]['listen']> {
  const text = asked ?? otherwise;
  const { bracketed, plain, digits = '' } = ADDRESS.exec(text)?.groups ?? {};
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (host === '' || digits === '' || port > 65_535) {
    throw new MeshproofError('MPE_USAGE', `--listen ${text} is no address`, { hint: 'Write it as 127.0.0.1:9440.' });
  }
  if (tlsCert === undefined || tlsKey === undefined) return { host, port };
  const [cert, key] = await Promise.all([readPem(tlsCert), readPem(tlsKey)]);
  return { host, port, tls: { cert, key } };
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new MeshproofError('MPE_INVALID_CONFIG', `${path} cannot be read`, { cause });
  }
}

export async function accessOf(
  { access, log }: Pick<Served, 'access' | 'log'>,
  { tokenFile }: ServeFlags,
): Promise<Access> {
  if (tokenFile === undefined) return access ?? NO_TOKENS;
  const { tokenFileAccess } = await import('../web/access/token-file.ts');
  return tokenFileAccess(tokenFile, { clock: systemClock, log });
}
