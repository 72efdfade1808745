/** The metrics of a monitor, in Prometheus' text format. */
import { setImmediate as others } from 'node:timers/promises';
import type { Monitored } from '../../monitor/monitored.ts';
import { VERSION } from '../../../proto/version.ts';
import { countRoutes } from './count-routes.ts';
import { eventCounters } from './event-counters.ts';
import { Instruments } from './instruments.ts';
import { SERIES_LIMITS } from './limits.ts';
import { routeGauges } from './route-gauges.ts';
import type { RouteGaugeOptions } from './route-gauges.ts';
import { stateGauges } from './state-gauges.ts';
import { totals } from './totals.ts';

export interface ControllerMetrics extends Disposable {
  readonly contentType: string;
  /** As of now. A target that is gone is not in it any more. */
  readonly text: () => Promise<string>;
}

export interface ControllerMetricsDeps {
  /** Whether another controller measures: then there is no matrix here, and none is shown. @default never */
  readonly isStandby?: () => boolean;
}

export const DEFAULT_METRICS_OPTIONS: RouteGaugeOptions = { showsEveryRoute: false, limits: SERIES_LIMITS };

/** Counts events from its making on until it is disposed; whatever is a state is looked up when it is asked for. */
export function controllerMetrics(
  monitored: Monitored,
  deps: ControllerMetricsDeps = {},
  options: RouteGaugeOptions = DEFAULT_METRICS_OPTIONS,
): ControllerMetrics {
  const instruments = new Instruments();
  const { registry } = instruments;
  instruments.gauge('meshproof_build_info').set({ component: 'controller', version: VERSION }, 1);
  const showRoutes = routeGauges(instruments, options);
  const showState = stateGauges(instruments);
  const showTotals = totals(instruments, monitored);
  const count = eventCounters(instruments);
  const stopListening = monitored.onEvent(({ event }) => {
    count(event);
  });
  return {
    contentType: registry.contentType,
    text: async () => {
      if (deps.isStandby?.() === true) return `${await registry.getSingleMetricAsString('meshproof_build_info')}\n`;
      const current = monitored.current();
      const { showsEveryRoute: countsAll } = options;
      const routes = countRoutes(current, { mesh: monitored.mesh(), countsAll });
      // With many routes each step takes a while: reports are not to wait for all of them.
      await others();
      showRoutes(routes);
      await others();
      showState(current, routes);
      showTotals.show();
      return await registry.metrics();
    },
    [Symbol.dispose]: () => {
      stopListening();
      showTotals[Symbol.dispose]();
    },
  };
}
