/** `serve --sandbox`: everything on this machine, so that a newcomer sees it in seconds. */
import { join } from 'node:path';
import { sandboxLauncher } from '../fleet/sandbox-launcher.ts';
import { keepSandbox } from '../../deploy/sandbox/control/keep.ts';
import { loadScenario } from '../../deploy/sandbox/scenario.ts';
import { watchedFiles } from '../snapshot/state-source.ts';
import { openStore } from '../store/open-store.ts';
import { DEFAULT_SWEEP_OPTIONS } from '../sweep.ts';
import { openBaselines } from './baseline-place.ts';
import { envoyBinary } from './sandbox-meant.ts';
import type { ServeFlags } from './serve.ts';
import { serveLog, serveMonitor } from './served.ts';
import type { Session } from './session.ts';

const INTERVAL_MS = 2000;
const LISTEN = '127.0.0.1:9440';

export async function serveSandbox(name: string, flags: ServeFlags, session: Session): Promise<void> {
  const { dataPlane, minCoverage, failOn, trust: trusted, interval: intervalMs = INTERVAL_MS } = flags;
  const log = serveLog(session);
  const scenario = await loadScenario(name);
  let page: string | undefined;
  await using store = await openStore(flags.store ?? ':memory:');
  log.info(`Starting sandbox ${scenario.name} …`);
  await using sandbox = await keepSandbox(scenario, {
    dataPlane,
    ...envoyBinary(session),
    signal: session.signal,
    page: () => page,
  });
  await using launcher = sandboxLauncher(sandbox, { debug: log.debug });
  const judged = { minCoverage, failOn, trusted };
  await serveMonitor(
    {
      source: watchedFiles([join(scenario.folder, 'manifests')], Date.now),
      launcher,
      store,
      baselines: await openBaselines(flags, session),
      options: {
        ...DEFAULT_SWEEP_OPTIONS,
        ...judged,
        intervalMs,
        settleMs: flags.settle ?? 0,
        attemptsPerSecond: Infinity,
      },
      anonymous: 'read',
      listen: LISTEN,
      sinks: [],
      name: `meshproof/sandbox/${scenario.name}`,
      log,
      opened: (address) => {
        page = address;
        return session.terminal.write(welcome(scenario.name, address));
      },
    },
    flags,
    AbortSignal.any([session.signal, sandbox.failed]),
  );
  sandbox.failed.throwIfAborted();
}

function welcome(scenario: string, address: string): string {
  return `Sandbox ${scenario} is measured for ever.

  page     ${address}/
  API      ${address}/api/v1/matrix
  metrics  ${address}/metrics

Change what is in force, in another terminal, and watch:
  meshproof sandbox set search:8080 mode=PERMISSIVE
  meshproof sandbox reset

^C ends it.
`;
}
