/** A matrix in which everything is denied in silence: how long nine agents take when every attempt runs into its deadline. */
import type { PlannedRoute, Vantage } from '../../../proto/vocabulary.ts';
import { vantageKey } from '../../../proto/vocabulary.ts';
import type { Bench } from '../frame/bench.ts';
import { startBlackHole } from '../frame/black-hole.ts';
import { startFleet } from '../frame/fleet.ts';

const AGENTS = 9;
const ROUTES_AN_AGENT = 54;
const PLANNED = AGENTS * ROUTES_AN_AGENT;
const TIMEOUT_MS = 2_000;
const WITHIN_MS = 30_000;

/** What cyclonus would take at worst: its default of 15 workers, each waiting 10 seconds. */
const CYCLONUS = { name: 'cyclonus, 15 workers of 10 s', figure: { value: 330, unit: 's' } };

export const denyMatrixBench: Bench = {
  name: 'deny-matrix',
  about: `${String(PLANNED)} attempts by ${String(AGENTS)} agents, every one into a black hole with a deadline of 2 s.`,
  growth: 'twice the agents: the same; twice the routes of an agent: the same up to 64, then a deadline more.',
  run: async (say, signal) => {
    let reported = 0;
    let unexpected: string | undefined;
    await using hole = await startBlackHole(signal);
    await using bench = await startFleet(({ reports }) => {
      reported += reports.length;
      const other = reports.find(({ outcome }) => outcome.kind !== 'silent');
      if (other !== undefined) unexpected ??= JSON.stringify(other.outcome);
      return 'kept';
    });
    const { fleet } = bench;
    const startedMs = performance.now();
    for (const vantage of VANTAGES) await bench.start(vantage.serviceAccount, vantage);
    say(`${String(AGENTS)} agents start`);
    const areUp = (): boolean => fleet.holders(VANTAGES).every((agent) => agent?.state === 'up');
    if (!(await fleet.until(areUp, WITHIN_MS, signal))) throw new Error('the agents did not come up');
    say(`${String(PLANNED)} attempts`);
    const assignedMs = performance.now();
    for (const [index, vantage] of VANTAGES.entries()) fleet.assign(vantageKey(vantage), routesOf(index, hole.address));
    if (!(await fleet.until(() => reported >= PLANNED, WITHIN_MS, signal))) throw new Error('not all was reported');
    const endedMs = performance.now();
    if (unexpected !== undefined) throw new Error(`an attempt was not silent: ${unexpected}`);
    return [
      {
        what: 'from the plan to the last outcome',
        ours: { value: (endedMs - assignedMs) / 1_000, unit: 's' },
        beside: CYCLONUS,
        bar: { kind: 'at-most', most: 3 },
      },
      {
        what: 'with the start of the agents',
        ours: { value: (endedMs - startedMs) / 1_000, unit: 's' },
        bar: undefined,
      },
    ];
  },
};

const VANTAGES: readonly Vantage[] = Array.from({ length: AGENTS }, (_, index) => {
  return { namespace: 'bench', serviceAccount: `caller-${String(index)}`, dataPlane: 'naked' };
});

function routesOf(agent: number, address: PlannedRoute['addresses'][number]): readonly PlannedRoute[] {
  return Array.from({ length: ROUTES_AN_AGENT }, (_, index) => ({
    route: agent * ROUTES_AN_AGENT + index + 1,
    slot: 0,
    probe: { kind: 'http', method: 'GET', path: '/' },
    addresses: [address],
    authority: 'target.bench',
    serverName: '',
    peerIdentities: [],
    connectTimeoutMs: TIMEOUT_MS,
    timeoutMs: TIMEOUT_MS,
    attempts: 1,
    intervalMs: 0,
  }));
}
