/** Puts an agent together: schedule, probes, identity, fitness and session. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../proto/clock.ts';
import type { Outcome, Task } from '../proto/vocabulary.ts';
import { spiffeId } from '../proto/vocabulary.ts';
import type { AgentConfig } from './config.ts';
import { monitorFitness, unfitness } from './fitness.ts';
import type { FitnessMonitor } from './fitness.ts';
import type { Log } from './log.ts';
import type { Credentials, ProbeDeps } from './probes/probe.ts';
import { attempt } from './probes/probes.ts';
import { Schedule } from './schedule.ts';
import { BACKOFF, holdSession } from './session.ts';
import { Spool } from './spool.ts';
import { grpcUplink } from './session/uplink.ts';

/** What an agent that is told to end still has for handing over its outcomes. */
const GRACE_MS = 4_000;

/** Resolves when the controller has drained the agent, or when the signal has aborted and the spool is handed over. */
export async function runAgent(config: AgentConfig, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  using fitness = monitorFitness({ clock, readiness: config.readiness });
  const spool = new Spool(clock);
  const probing: ProbeDeps = {
    credentials: lazyCredentials(config, clock),
    dataPlane: config.vantage.dataPlane,
    capture: config.capture,
    newToken: () => randomBytes(12).toString('hex'),
  };
  await using schedule = new Schedule({
    clock,
    agentId: config.agentId,
    maxInFlight: config.maxInFlight,
    attempt: (task, cancelled) => attemptIfFit(task, probing, { clock, fitness }, cancelled),
    report: (report) => {
      spool.add(report);
    },
  });
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
      graceMs: GRACE_MS,
      backoff: { ...BACKOFF, reconnectJitterMs: config.reconnectJitterMs },
      random: Math.random,
      onEnd: (end, retryInMs) => {
        const why = end.kind === 'drained' ? '' : end.why;
        log.warn('no session with the controller', { kind: end.kind, why, retryInMs: Math.round(retryInMs) });
      },
    },
    signal,
  );
  log.info('the agent ends', { how: ended, handedOver: spool.isEmpty });
}

/** What an unfit agent saw says more of the agent than of the target. */
async function attemptIfFit(
  task: Task,
  deps: ProbeDeps,
  { clock, fitness }: { readonly clock: Clock; readonly fitness: FitnessMonitor },
  signal: AbortSignal,
): Promise<Outcome> {
  const startedMs = clock.monotonicMs();
  const outcome = await attempt(task, deps, signal);
  if (outcome.kind === 'untested') return outcome;
  return unfitness(outcome, fitness.sample(), fitness.heldUpSince(startedMs)) ?? outcome;
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
  return { contextFor: async (certificate, signal) => (await (loaded ??= load())).contextFor(certificate, signal) };
}
