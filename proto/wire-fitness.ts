/** An agent's fitness to measure, and its form on the wire. */
import type * as wire from './gen/meshproof/v1/session.ts';

/** How fit an agent was to measure. An unfit agent's outcomes are `untested: agent-starved`. */
export interface Fitness {
  /** 99th percentile of the event loop's delay. */
  readonly loopLagP99Ms: number;
  /** Share of the time in which the agent's CPU was throttled, 0 to 1. */
  readonly throttledShare: number;
  readonly isSidecarReady: boolean;
  readonly isFit: boolean;
}

export function fitnessToWire(fitness: Fitness): wire.Fitness {
  return {
    loopLagP99Us: Math.round(fitness.loopLagP99Ms * 1000),
    throttledPermille: Math.round(fitness.throttledShare * 1000),
    isSidecarReady: fitness.isSidecarReady,
    isFit: fitness.isFit,
  };
}

/** A peer that says nothing of its fitness is not fit. */
export function fitnessFromWire(message: wire.Fitness | undefined): Fitness {
  return {
    loopLagP99Ms: (message?.loopLagP99Us ?? 0) / 1000,
    throttledShare: (message?.throttledPermille ?? 0) / 1000,
    isSidecarReady: message?.isSidecarReady ?? false,
    isFit: message?.isFit ?? false,
  };
}
