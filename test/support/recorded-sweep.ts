/** A real sweep over a sandbox, kept so that it can be had again with faults of ours in it. */
import { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import { routeCells } from '../../controller/fleet/routes.ts';
import type { RoutedCell } from '../../controller/fleet/routes.ts';
import type { DialTarget, Launcher } from '../../controller/fleet/launcher.ts';
import type { Expectation } from '../../controller/declared/expectation.ts';
import { buildMesh } from '../../controller/declared/mesh.ts';
import type { Mesh } from '../../controller/declared/mesh.ts';
import type { Attempt, Sweep } from '../../controller/judge/finding.ts';
import { makePlan } from '../../controller/plan/plan.ts';
import type { PlacedVantage } from '../../controller/plan/plan.ts';
import { loadSnapshot } from '../../controller/snapshot/files.ts';
import type { Snapshot } from '../../controller/snapshot/snapshot.ts';
import { DEFAULT_SWEEP_OPTIONS, sweep } from '../../controller/sweep.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { systemClock } from '../../proto/system-clock.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { Target, Vantage } from '../../proto/vocabulary.ts';
import { targetKey, vantageKey } from '../../proto/vocabulary.ts';

export interface RecordedSweep {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly mesh: Mesh;
  readonly places: readonly PlacedVantage[];
  readonly addressesOf: (vantage: Vantage, target: Target) => readonly DialTarget[];
  /** In the order of the plan, as `sweep.cells`. */
  readonly routed: readonly RoutedCell[];
  readonly expectations: readonly Expectation[];
  readonly sweep: Sweep;
  /** What attempt number n of a slot on a route showed. */
  readonly truth: (route: number, attempt: number) => Outcome;
}

/** A machine that is busy with something else can starve the sandbox itself; then it is recorded again. */
const TRIES = 3;

/** Every cell measured, and measured the same each time. */
export async function recordSweep(name: string): Promise<RecordedSweep> {
  for (let left = TRIES - 1; ; left -= 1) {
    const recorded = await recordOnce(name);
    const { coverage, counts } = recorded.sweep.verdict;
    if ((coverage === 1 && counts.flapping === 0) || left === 0) return recorded;
  }
}

async function recordOnce(name: string): Promise<RecordedSweep> {
  const scenario = await loadScenario(name);
  const { signal } = new AbortController();
  await using sandbox = await startSandbox(scenario, { dataPlane: 'node', signal });
  await using agents = new SandboxLauncher(sandbox, {});
  const dialled = new Map<string, readonly DialTarget[]>();
  const launcher: Launcher = {
    trustDomain: agents.trustDomain,
    meeting: agents.meeting,
    place: agents.place,
    launch: agents.launch,
    onLost: agents.onLost,
    addressesOf: (vantage, target) => {
      const found = agents.addressesOf(vantage, target);
      dialled.set(`${vantageKey(vantage)} ${targetKey(target)}`, found);
      return found;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const snapshot = await loadSnapshot(scenario.manifestPaths);
  const deps = {
    snapshot: () => Promise.resolve(snapshot),
    launcher,
    clock: systemClock,
    progress: () => undefined,
  };
  const measured = await sweep(deps, DEFAULT_SWEEP_OPTIONS, signal);
  const mesh = buildMesh(snapshot);
  const places = agents.place(snapshot).vantages;
  const addressesOf = (vantage: Vantage, target: Target): readonly DialTarget[] =>
    dialled.get(`${vantageKey(vantage)} ${targetKey(target)}`) ?? [];
  const routed = routeCells(makePlan(mesh, places).cells, addressesOf);
  const shown = measured.cells.map(({ attempts }) => attempts);
  return {
    name,
    snapshot,
    mesh,
    places,
    addressesOf,
    routed,
    expectations: measured.cells.map(({ expectation }) => expectation),
    sweep: measured,
    truth: (route, attempt) => {
      const addresses = routed[route - 1]?.dialled.length ?? 1;
      return outcomeAt(shown[route - 1] ?? [], attempt % addresses, Math.floor(attempt / addresses));
    },
  };
}

/** The outcomes at one address in their order, and then from the first again. */
function outcomeAt(attempts: readonly Attempt[], address: number, turn: number): Outcome {
  const own = attempts.flatMap(({ outcome }) =>
    outcome.kind !== 'untested' && outcome.address === address ? [outcome] : [],
  );
  const outcome = own[turn % own.length];
  if (outcome === undefined) throw new RangeError(`the recorded sweep did not test address ${String(address)}`);
  return outcome;
}
