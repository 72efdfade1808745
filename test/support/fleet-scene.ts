/** A fleet that listens, on a clock that stands still, with fake agents that dial it. */
import { DEFAULT_FLEET_OPTIONS, Fleet } from '../../controller/fleet/fleet.ts';
import type { FleetOptions } from '../../controller/fleet/fleet.ts';
import type { TokenCheck } from '../../controller/fleet/join-tokens.ts';
import { LOOPBACK_MEETING } from '../../controller/fleet/launcher.ts';
import type { Report } from '../../proto/outcome.ts';
import type { PlannedRoute, Vantage } from '../../proto/vocabulary.ts';
import { FakeAgent } from './fake-agent.ts';
import type { FakeAgentOptions } from './fake-agent.ts';
import { ManualClock } from './manual-clock.ts';

export const WEB: Vantage = { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' };
export const BATCH: Vantage = { namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' };

export interface FleetScene extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly clock: ManualClock;
  /** `vantage route/slot/attempt`, in the order in which they were recorded. */
  readonly recorded: readonly string[];
  /** What the controller said, for people who look for a fault. */
  readonly said: readonly string[];
  /** As `web` from `shop/web (sidecar)` unless told otherwise. */
  readonly join: (options?: Partial<FakeAgentOptions>) => FakeAgent;
}

export async function startFleet(options: Partial<FleetOptions> = {}, tokens?: TokenCheck): Promise<FleetScene> {
  const clock = new ManualClock(Date.now());
  const recorded: string[] = [];
  const said: string[] = [];
  const agents: FakeAgent[] = [];
  const fleet = await Fleet.start(
    {
      clock,
      debug: (message) => said.push(message),
      record: ({ vantage, reports }) => {
        for (const { route, slot, attempt } of reports) {
          recorded.push(`${vantage} ${[route, slot, attempt].map(String).join('/')}`);
        }
        return 'kept';
      },
    },
    { ...DEFAULT_FLEET_OPTIONS, meeting: { ...LOOPBACK_MEETING, ...(tokens !== undefined && { tokens }) }, ...options },
  );
  return {
    fleet,
    clock,
    recorded,
    said,
    join: (given = {}) => {
      const agent = new FakeAgent(fleet.endpoint, { id: 'web', vantage: WEB, ...given });
      agents.push(agent);
      return agent;
    },
    [Symbol.asyncDispose]: async () => {
      for (const agent of agents) await agent[Symbol.asyncDispose]();
      await fleet[Symbol.asyncDispose]();
    },
  };
}

export function plannedRoute(number: number, authority = 'pay.shop.svc.cluster.local:8080'): PlannedRoute {
  return {
    route: number,
    slot: 0,
    probe: { kind: 'http', method: 'GET', path: '/' },
    addresses: [{ host: '127.0.0.1', port: 8080 }],
    authority,
    serverName: '',
    peerIdentities: [],
    connectTimeoutMs: 1000,
    timeoutMs: 2000,
    attempts: 1,
    intervalMs: 0,
  };
}

export function silentReport(number: number): Report {
  const outcome = { kind: 'silent', layer: 'tcp', afterMs: 2000, address: 0, timings: { totalMs: 2000 } } as const;
  return { route: number, slot: 0, attempt: 0, startedAtMs: 0, outcome };
}
