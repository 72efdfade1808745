/** Puts an agent together: schedule, probes, identity, fitness and session. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../proto/clock.ts';
import type { Outcome } from '../proto/outcome.ts';
import type { Task } from '../proto/vocabulary.ts';
import { spiffeId } from '../proto/vocabulary.ts';
import type { AgentConfig } from './config.ts';
import { ControlPath } from './control-path.ts';
import { ControllerTime, doubtfulTime } from './controller-time.ts';
import { monitorFitness, unfitness } from './fitness.ts';
import type { FitnessMonitor } from './fitness.ts';
import type { Log } from './log.ts';
import type { Meter } from './metrics/meter.ts';
import { metricsFor } from './metrics/metrics-for.ts';
import type { Credentials, ProbeDeps } from './probes/probe.ts';
import { attempt } from './probes/probes.ts';
import { Schedule } from './schedule.ts';
import { quitSidecar } from './sidecar-exit.ts';
import { BACKOFF, holdSession } from './session.ts';
import type { SessionDeps } from './session.ts';
import { Spool } from './spool.ts';
import { grpcUplink } from './session/uplink.ts';

/** What an agent that is told to end still has for handing over its outcomes. */
const GRACE_MS = 4_000;

/** Resolves when the controller has drained the agent, or when the signal has aborted and the spool is handed over. */
export async function runAgent(config: AgentConfig, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  using fitness = monitorFitness({ clock, readiness: config.readiness });
  const spool = new Spool(clock);
  const metrics = await metricsFor(config, {
    spool,
    inFlight: () => schedule.inFlight,
    loopLagMs: () => fitness.sample().loopLagP99Ms,
  });
  const { meter } = metrics;
  const controllerTime = new ControllerTime(clock);
  const controlPath = new ControlPath(config.vantage.dataPlane, log);
  const probing: ProbeDeps = {
    credentials: lazyCredentials(config, clock),
    dataPlane: config.vantage.dataPlane,
    capture: config.capture,
    newToken: randomUUID,
  };
  await using schedule = new Schedule({
    clock,
    agentId: config.agentId,
    maxInFlight: config.maxInFlight,
    attempt: async (task, cancelled) => {
      const outcome = await attemptIfFit(task, probing, { clock, fitness, controllerTime, controlPath }, cancelled);
      meter.attempted(task.probe.kind, outcome);
      return outcome;
    },
    report: (report) => {
      spool.add(report);
    },
    meter,
  });
  await using server = await metrics.serve();
  if (server !== undefined) log.debug('metrics are served', { port: server.port });
  const { agentId, vantage, controller, controllerCaFile: caFile, tokenFile } = config;
  const ended = await holdSession(
    {
      clock,
      open: grpcUplink({ controller, caFile, tokenFile }),
      spool,
      work: schedule,
      fitness: fitness.sample,
      agentId,
      bootId: randomUUID(),
      vantage,
      plan: { version: 0 },
      controllerTime,
      controlPath,
      graceMs: GRACE_MS,
      backoff: { ...BACKOFF, reconnectJitterMs: config.reconnectJitterMs },
      random: Math.random,
      onEnd: sayOnce(log, meter),
      ...(config.giveUpAfterMs > 0 && { giveUpAfterMs: config.giveUpAfterMs }),
    },
    signal,
  );
  log.info('the agent ends', { how: ended, handedOver: spool.isEmpty });
  if (config.endsSidecar) await takeLeave(log);
}

async function takeLeave(log: Log): Promise<void> {
  const farewell = await quitSidecar();
  if (farewell.kind === 'failed') log.warn('the sidecar was not told that the pod has ended', { why: farewell.why });
}

/** An agent dials for as long as it lives; the same reason is a warning once. */
function sayOnce(log: Log, meter: Meter): SessionDeps['onEnd'] {
  let said = '';
  return (end, retryInMs) => {
    meter.disconnected(end.kind === 'drained' ? undefined : end.code);
    const why = end.kind === 'drained' ? '' : end.why;
    const level = said === why ? 'debug' : 'warn';
    said = why;
    log[level]('no session with the controller', { kind: end.kind, why, retryInMs: Math.round(retryInMs) });
  };
}

/** What an agent knows of itself when it looks at an outcome. */
interface Judgement {
  readonly clock: Clock;
  readonly fitness: FitnessMonitor;
  readonly controllerTime: ControllerTime;
  readonly controlPath: ControlPath;
}

/** What an unfit agent saw says more of the agent than of the target. */
async function attemptIfFit(
  task: Task,
  deps: ProbeDeps,
  { clock, fitness, controllerTime, controlPath }: Judgement,
  signal: AbortSignal,
): Promise<Outcome> {
  const { fault } = controlPath;
  if (fault !== undefined) return fault;
  const startedMs = clock.monotonicMs();
  const outcome = await attempt(task, deps, signal);
  if (outcome.kind === 'untested') return outcome;
  return (
    unfitness(outcome, fitness.sample(), fitness.heldUpSince(startedMs)) ??
    doubtfulTime(outcome, clock.nowMs(), controllerTime.nowMs()) ??
    outcome
  );
}

/** Certificates cost a library and a CA; the first TLS probe of a plan pays for them, plaintext ones never do. */
function lazyCredentials({ mesh, vantage }: AgentConfig, clock: Clock): Credentials {
  const load = async (): Promise<Credentials> => {
    const [{ workloadIdentity }, { meshCa }, rootPem] = await Promise.all([
      import('./identity/workload-identity.ts'),
      import('./identity/mesh-ca.ts'),
      mesh.rootFile === undefined ? undefined : readFile(mesh.rootFile, 'utf8'),
    ]);
    const sign = mesh.ca === undefined || rootPem === undefined ? undefined : meshCa({ ...mesh.ca, rootPem });
    const id = spiffeId(mesh.trustDomain, vantage.namespace, vantage.serviceAccount);
    return workloadIdentity({ rootPem, spiffeId: id, sign, clock, random: Math.random });
  };
  let loaded: Promise<Credentials> | undefined;
  const loadOnce = (): Promise<Credentials> => {
    // A root that is not there yet (the kubelet brings it a while after istiod has written it) may be there next time.
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
  return { contextFor: async (certificate, signal) => (await loadOnce()).contextFor(certificate, signal) };
}
