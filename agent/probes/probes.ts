/** Which probe attempts which kind of route. */
import { messageOf } from '../../proto/errors.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { Task } from '../../proto/vocabulary.ts';
import { probeGrpc } from './grpc.ts';
import { probeHealth } from './health.ts';
import { probeHttp } from './http.ts';
import { probeMutualTls, probeUntrusted } from './mtls.ts';
import type { Probe, ProbeDeps } from './probe.ts';
import { probeTcp } from './tcp.ts';
import { probeTls } from './tls.ts';

type Kind = Task['probe']['kind'];

export const PROBES: { readonly [K in Kind]: Probe<Extract<Task['probe'], { kind: K }>> } = {
  http: probeHttp,
  tcp: probeTcp,
  grpc: probeGrpc,
  tls: probeTls,
  mtls: probeMutualTls,
  'mtls-untrusted': probeUntrusted,
  health: probeHealth,
};

/** Attempts the task, once. Never rejects: a fault of our own comes back as `untested: internal-fault`. */
export async function attempt(task: Task, deps: ProbeDeps, signal: AbortSignal): Promise<Outcome> {
  const probe = PROBES[task.probe.kind] as Probe;
  try {
    return await probe(task, deps, signal);
  } catch (error) {
    const detail = messageOf(error);
    return { kind: 'untested', why: 'internal-fault', detail: detail.slice(0, 256) };
  }
}
