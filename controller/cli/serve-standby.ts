/** What a controller shows while another one measures: that it lives, and who is to be asked. */
import type { Clock } from '../../proto/clock.ts';
import type { Monitored } from '../monitor/monitored.ts';
import { nothingYet } from '../monitor/outlook.ts';
import { controllerMetrics } from '../publish/metrics/controller-metrics.ts';
import type { Access, Anonymous } from '../web/access/access.ts';
import type { Log } from '../web/log.ts';
import { startWeb } from '../web/web.ts';
import type { RunningWeb, WebOptions } from '../web/web.ts';

export interface StandbyDeps {
  readonly access: Access;
  readonly clock: Clock;
  readonly log: Log;
}

/** `/healthz` answers, and everything else says that another controller measures. Rejects as `startWeb`. */
export async function startStandby(
  { access, clock, log }: StandbyDeps,
  options: { readonly listen: WebOptions['listen']; readonly anonymous: Anonymous },
): Promise<RunningWeb> {
  const monitored = idle(clock);
  const isStandby = (): boolean => true;
  return startWeb(
    {
      monitored,
      store: NOTHING,
      metrics: controllerMetrics(monitored, { isStandby }),
      access,
      clock,
      log,
      isStandby,
    },
    options,
  );
}

/** Nothing is stored, and nothing is asked for: whoever asks is told that this one stands by. */
const NOTHING: Parameters<typeof startWeb>[0]['store'] = {
  events: () => Promise.resolve([]),
  sweeps: () => Promise.resolve([]),
  sweep: () => Promise.resolve(undefined),
  tallies: () => Promise.resolve([]),
};

function idle(clock: Clock): Monitored {
  const current = nothingYet(0, { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() });
  const never = (): (() => void) => () => undefined;
  return {
    current: () => current,
    mesh: () => undefined,
    onEvent: never,
    onChange: never,
    sweepNow: () => Promise.reject(new Error('another controller measures')),
    ingested: () => ({ counted: 0, repeated: 0, late: 0, unasked: 0, refused: 0 }),
    refusedStreams: () => 0,
    rejectedObjects: () => ({}),
  };
}
