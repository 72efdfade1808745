/** Causes MP15: what could not be measured or explained. */
import type { CauseEntry } from './cause-catalogue.ts';

export const OWN_CAUSES = {
  MP1501: {
    name: 'prober-not-runnable',
    wrong: 'Meshproof could not measure: its agent is missing, overloaded, or not in the place that it claims.',
    fix: "Look at the agent's pod and its events; nothing is said of the target.",
    uses: ['unknown'],
  },
  MP1502: {
    name: 'retries-mask-failure',
    wrong: 'Attempts on one route disagree: retries or ejected endpoints hide failures.',
    fix: 'Look at the single attempts; switch retries off for the route while it is examined.',
    uses: ['drift', 'unknown'],
  },
  MP1503: {
    name: 'root-flag-hidden-by-retries',
    wrong: "The caller's proxy says that its retries failed, and not why.",
    fix: "Look at the proxy's log of the first attempt.",
    uses: ['drift', 'unknown'],
  },
  MP1504: {
    name: 'unmodelled-object',
    wrong: 'An object that Meshproof does not model touches the route, and measured differs from declared.',
    fix: 'Judge by hand; name the object harmless with --trust if it is.',
    uses: ['unknown'],
  },
  MP1505: {
    name: 'unexplained-difference',
    wrong: 'Measured differs from declared, and no cause of the catalogue fits.',
    fix: 'Look at the attempts and at the logs of both proxies.',
    uses: ['drift', 'unknown'],
  },
  MP1506: {
    name: 'no-positive-control',
    wrong:
      'The refusal proves nothing: in this sweep nothing showed that the target was alive, or that the vantage could reach anything.',
    fix: 'Look whether the target runs, and place a vantage that is allowed to call it.',
    uses: ['unknown'],
  },
} as const satisfies Record<string, CauseEntry>;
