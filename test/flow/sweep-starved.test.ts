import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import type { Cell } from '../../controller/judge/finding.ts';
import type { SandboxLauncher } from '../../controller/fleet/sandbox-launcher.ts';
import { startHoldingRelays } from '../support/holding-relays.ts';
import { PAIR, sweepScenario } from '../support/sandbox-sweep.ts';

const PROBER = 'meshproof.prober-naked-1';

function pidOf({ processes }: SandboxLauncher): number {
  const pid = processes.get(PROBER);
  if (pid === undefined) throw new Error('the prober does not run');
  return pid;
}

function isProbers({ vantage }: Pick<Cell, 'vantage'>): boolean {
  return vantage.namespace === 'meshproof';
}

t.test('an agent that is stopped and never continued leaves its cells unknown', async (t) => {
  const sweep = await sweepScenario(PAIR, {
    options: { heartbeatIntervalMs: 300, lostAfterMs: 1500 },
    onProgress: (event, launcher) => {
      if (event.kind === 'phase' && event.name === 'measure') process.kill(pidOf(launcher), 'SIGSTOP');
    },
  });
  for (const cell of sweep.cells) {
    if (isProbers(cell)) {
      t.match(cell.outcome, { kind: 'untested', why: 'agent-lost', detail: /nothing was heard of it/ }, cell.key);
      t.match(cell.cause, { code: 'MP1501' });
    } else t.equal(cell.drift, 'agrees', cell.key);
  }
  t.match(sweep.verdict, { value: 'inconclusive', coverage: 6 / 16 });
});

t.test('what answered while its agent was stopped is doubted, and attempted again', async (t) => {
  await using targets = await startHoldingRelays(8);
  let nap: Promise<void> | undefined;
  const napWith = async (launcher: SandboxLauncher): Promise<void> => {
    while (targets.waiting() === 0) await pause(5);
    const pid = pidOf(launcher);
    process.kill(pid, 'SIGSTOP');
    targets.open();
    await pause(1800);
    process.kill(pid, 'SIGCONT');
  };
  const sweep = await sweepScenario(PAIR, {
    options: { timeoutMs: 30_000 },
    // Of nobody else: what waits says that the prober has begun.
    dialled: (address, vantage) => (isProbers({ vantage }) ? targets.via(address) : address),
    onProgress: (event, launcher) => {
      if (event.kind === 'phase' && event.name === 'measure') nap = napWith(launcher);
    },
  });
  await nap;
  const attempts = sweep.cells.filter(isProbers).flatMap((cell) => cell.attempts.map(({ outcome }) => outcome));
  t.ok(
    attempts.some((outcome) => outcome.kind === 'untested' && outcome.why === 'agent-starved'),
    'outcomes were doubted',
  );
  t.same(
    sweep.cells.filter(({ drift }) => drift !== 'agrees').map(({ key }) => key),
    [],
  );
  t.match(sweep.verdict, { value: 'pass', coverage: 1 });
});

t.test('an agent that hardly gets any CPU makes cells unknown, and never different', async (t) => {
  let isOver = false;
  let starving: Promise<void> | undefined;
  const starve = async (pid: number): Promise<void> => {
    const goesOn = (): boolean => !isOver;
    while (goesOn()) {
      process.kill(pid, 'SIGSTOP');
      await pause(1500);
      process.kill(pid, 'SIGCONT');
      await pause(20);
    }
  };
  const sweep = await sweepScenario(PAIR, {
    options: { measureWithinMs: 6000 },
    onProgress: (event, launcher) => {
      if (event.kind === 'phase' && event.name === 'measure') starving = starve(pidOf(launcher));
      if (event.kind === 'phase' && event.name === 'judge') isOver = true;
    },
  });
  await starving;
  for (const { key, drift, cause } of sweep.cells.filter(isProbers)) {
    if (drift === 'unknown') t.match(cause, { code: 'MP1501' }, key);
    else t.equal(drift, 'agrees', key);
  }
  t.ok(sweep.cells.filter((cell) => !isProbers(cell)).every(({ drift }) => drift === 'agrees'));
  t.not(sweep.verdict.value, 'fail');
});
