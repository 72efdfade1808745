/** How much is monitored in the bench, and for how long. */

/** Of both sides, and of whoever scrapes ours. */
export const INTERVAL_MS = 10_000;

/** A target's share: of eight, five are the ways of asking one port of a meshed pod, three are plaintext endpoints. */
const SHARE = 8;

export interface Scale {
  /** What is attempted once an interval. Of the five ways of a pod four are TLS, so that half of all attempts are. */
  readonly targets: number;
  /** Pods behind STRICT, each asked in five ways. */
  readonly meshed: number;
  /** Plaintext endpoints outside the mesh. */
  readonly outside: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

/** The bars are for these; other sizes and shorter runs are for those who look for a fault. */
const DEFAULTS = { targets: 2_000, warmUpS: 20, windowS: 60 };

/** MESHPROOF_BENCH_TARGETS, MESHPROOF_BENCH_WARM_UP_S and MESHPROOF_BENCH_WINDOW_S; targets are rounded to eights. */
export function scaleOf(environment: NodeJS.ProcessEnv): Scale {
  const shares = Math.max(1, Math.round(numberIn(environment, 'MESHPROOF_BENCH_TARGETS', DEFAULTS.targets) / SHARE));
  return {
    targets: shares * SHARE,
    meshed: shares,
    outside: shares * 3,
    warmUpMs: numberIn(environment, 'MESHPROOF_BENCH_WARM_UP_S', DEFAULTS.warmUpS) * 1000,
    windowMs: numberIn(environment, 'MESHPROOF_BENCH_WINDOW_S', DEFAULTS.windowS) * 1000,
  };
}

function numberIn(environment: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const given = Number(environment[name] ?? otherwise);
  if (!(given > 0)) throw new Error(`${name} is a number, more than 0`);
  return given;
}
