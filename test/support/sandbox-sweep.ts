/** A sweep over a sandbox with real agents, and what a test does to it meanwhile. */
import { fileURLToPath } from 'node:url';
import { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import type { ControllerEndpoint, Launcher } from '../../controller/fleet/launcher.ts';
import type { Sweep } from '../../controller/judge/finding.ts';
import { loadSnapshot } from '../../controller/snapshot/files.ts';
import { DEFAULT_SWEEP_OPTIONS, sweep } from '../../controller/sweep.ts';
import type { SweepOptions, SweepProgress } from '../../controller/sweep.ts';
import { startSandbox } from '../../deploy/sandbox/sandbox.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { systemClock } from '../../proto/system-clock.ts';
import type { Address, Vantage } from '../../proto/vocabulary.ts';

/** The smallest scenario: one server, one meshed and one naked caller, the prober. */
export const PAIR = fileURLToPath(new URL('../fixtures/scenarios/pair/', import.meta.url));

export interface SandboxSweepOptions {
  readonly options?: Partial<SweepOptions>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: SweepProgress, launcher: SandboxLauncher) => void;
  /** What naked agents dial in the place of an address; meshed ones are carried by their sidecar. */
  readonly dialled?: (address: Address, vantage: Vantage) => Address;
  readonly debug?: (message: string) => void;
  /** Between the agents and their controller. */
  readonly dialVia?: (controller: ControllerEndpoint) => Promise<ControllerEndpoint>;
}

/** Everything that it started has ended when it settles. */
export async function sweepScenario(scenarioName: string, given: SandboxSweepOptions = {}): Promise<Sweep> {
  const { options = {}, signal = new AbortController().signal, onProgress, dialVia, debug = () => undefined } = given;
  const scenario = await loadScenario(scenarioName);
  await using sandbox = await startSandbox(scenario, { dataPlane: 'node', signal });
  await using agents = new SandboxLauncher(sandbox, { debug, logLevel: 'debug' });
  const launch = async (vantages: readonly Vantage[], controller: ControllerEndpoint, ending: AbortSignal) =>
    agents.launch(vantages, dialVia === undefined ? controller : await dialVia(controller), ending);
  const launcher: Launcher = {
    trustDomain: agents.trustDomain,
    meeting: agents.meeting,
    place: agents.place,
    addressesOf: (vantage, target) => {
      const found = agents.addressesOf(vantage, target);
      if (given.dialled === undefined || vantage.dataPlane === 'sidecar') return found;
      const { dialled } = given;
      return found.map(({ address, ...rest }) => ({ ...rest, address: dialled(address, vantage) }));
    },
    onLost: agents.onLost,
    launch,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const deps = {
    snapshot: () => loadSnapshot(scenario.manifestPaths),
    launcher,
    clock: systemClock,
    progress: (event: SweepProgress) => {
      onProgress?.(event, agents);
    },
    debug,
  };
  return await sweep(deps, { ...DEFAULT_SWEEP_OPTIONS, ...options }, signal);
}
