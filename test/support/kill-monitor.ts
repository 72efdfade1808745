/** A monitor that is killed again and again while agents report to it, and what its store holds in the end. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ControllerEndpoint } from '../../controller/fleet/launcher.ts';
import type { Transition } from '../../controller/monitor/events.ts';
import { openStore } from '../../controller/store/open-store.ts';
import type { Outcome, Report } from '../../proto/outcome.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import { transitionsIn } from './monitor-scene.ts';
import { ANSWER, RESET } from './pulsing-shop.ts';
import type { Seeded } from './seeded.ts';
import { SpoolingAgent } from './spooling-agent.ts';

const MONITOR = fileURLToPath(new URL('monitor-to-kill.ts', import.meta.url));
const VANTAGES: readonly Vantage[] = ['batch', 'cron'].map((serviceAccount) => {
  return { namespace: 'legacy', serviceAccount, dataPlane: 'naked' };
});
const PULSE_MS = 100;
/** A monitor is killed at some time of this, from when it has all agents. */
const LIVES_MS = 1000;
/** Longer than the slowest machine needs for anything here. */
const PATIENCE_MS = 20_000;
/** This share of them does not get so far: it is killed at some time of what the first one took. */
const DIES_EARLY = 0.25;

export interface Killed {
  readonly kills: number;
  /** Attempts that the agents have made; all of them were acknowledged in the end. */
  readonly attempts: number;
  /** Attempts that the store has counted. */
  readonly counted: number;
  readonly eventIds: readonly number[];
  readonly transitions: readonly Transition[];
}

/** Chance decides when it is killed, and what the agents see. */
export async function killAgainAndAgain(url: string, kills: number, { random }: Seeded): Promise<Killed> {
  // Every route changes its mind now and then.
  const mood = new Map<number, { outcome: Outcome; untilSlot: number }>();
  const outcome = ({ route }: Pick<Report, 'route'>, slot: number): Outcome => {
    const known = mood.get(route);
    if (known !== undefined && slot < known.untilSlot) return known.outcome;
    const next = { outcome: random() < 0.5 ? ANSWER : RESET, untilSlot: slot + 1 + Math.floor(random() * 8) };
    mood.set(route, next);
    return next.outcome;
  };
  const agents = VANTAGES.map(
    (vantage) => new SpoolingAgent({ id: vantageKey(vantage), vantage, token: 'projected', outcome, nowMs: Date.now }),
  );
  const rest = new AbortController();
  let listening: ControllerEndpoint | undefined;
  const dialling = agents.map((agent) => dialAgain(agent, () => listening, rest.signal));
  const pulses = setInterval(() => {
    for (const agent of agents) agent.pulse();
  }, PULSE_MS);
  let child: ChildProcess | undefined;
  const beganMs = performance.now();
  let startMs = 0;
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      child = spawnMonitor(url, listening?.address.port ?? 0);
      const isEarly = kill > 0 && random() < DIES_EARLY;
      const welcomes = agents.map((agent) => agent.welcomes);
      if (!isEarly) {
        // Where it listens, and whom agents trust, stays as the first one says; later ones have their agents already.
        listening ??= await endpointOf(child);
        await until('all agents are welcome', () => agents.every((agent, at) => agent.welcomes > (welcomes[at] ?? 0)));
      }
      if (kill === 0) startMs = performance.now() - beganMs;
      await sleep(random() * (isEarly ? startMs : LIVES_MS));
      if (child.exitCode !== null) throw new Error('the monitor has ended by itself');
      await end(child);
    }
    child = spawnMonitor(url, listening?.address.port ?? 0);
    clearInterval(pulses);
    await until('the agents have handed over what they have', () =>
      agents.every(({ unacknowledged }) => unacknowledged === 0),
    );
  } finally {
    clearInterval(pulses);
    rest.abort();
    await end(child);
    for (const agent of agents) await agent[Symbol.asyncDispose]();
    await Promise.all(dialling);
  }
  return { kills, attempts: agents.reduce((sum, { attempts }) => sum + attempts, 0), ...(await stored(url)) };
}

/** A transition that does not go on from where the one before of its route went to. */
export function breaksIn(transitions: readonly Transition[]): readonly string[] {
  return [...Map.groupBy(transitions, ({ route }) => route)].flatMap(([route, own]) =>
    own.flatMap(({ sequence, drift, access }, index) => {
      const before = own[index - 1];
      if (sequence !== index + 1) return [`${route}: ${String(sequence)} in the place of ${String(index + 1)}`];
      if (before === undefined) return [];
      const isLearnt = before.drift.to === 'unknown' || before.access.to === 'unknown';
      if (drift.from !== before.drift.to) return [`${route} ${String(sequence)}: from ${drift.from}`];
      return isLearnt || access.from === before.access.to ? [] : [`${route} ${String(sequence)}: from ${access.from}`];
    }),
  );
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`);
    await sleep(PULSE_MS / 4);
  }
}

/** Its standard input ends with us, however we end, and the monitor with it. */
function spawnMonitor(url: string, port: number): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', MONITOR, url, String(port)];
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function endpointOf({ stdout }: ChildProcess): Promise<ControllerEndpoint> {
  if (stdout === null) throw new Error('the monitor says nothing');
  const line = await createInterface(stdout)[Symbol.asyncIterator]().next();
  if (line.done === true) throw new Error('the monitor has ended');
  const { port, caPem } = JSON.parse(line.value) as { readonly port: number; readonly caPem: string };
  const address = { host: '127.0.0.1', port };
  return { address, caPem, expect: () => undefined, joinTokenFor: () => 'projected' };
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function dialAgain(
  agent: SpoolingAgent,
  listening: () => ControllerEndpoint | undefined,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const endpoint = listening();
    if (endpoint !== undefined) await agent.dial(endpoint);
    await sleep(PULSE_MS);
  }
}

async function stored(url: string): Promise<Pick<Killed, 'counted' | 'eventIds' | 'transitions'>> {
  await using store = await openStore(url);
  const tallies = await store.tallies({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, width: 'hour' });
  const events = [];
  for (;;) {
    const more = await store.events({ afterId: events.at(-1)?.id ?? 0, limit: 1000 });
    if (more.length === 0) break;
    events.push(...more);
  }
  return {
    counted: tallies.reduce((sum, { attempts }) => sum + attempts, 0),
    eventIds: events.map(({ id }) => id),
    transitions: transitionsIn(events.map(({ event }) => event)),
  };
}
