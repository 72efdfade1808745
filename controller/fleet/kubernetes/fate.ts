/** What has become of a probe pod, and what that means for its vantage. Pure. */
import { fields, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import type { DataPlane } from '../../../proto/vocabulary.ts';
import { latestWarning, readPod } from './pod-reading.ts';
import type { ContainerReading, ContainerState, PodReading } from './pod-reading.ts';
import { AGENT_CONTAINER } from './probe-job.ts';

export type Fate =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  /** It may come right by itself within the grace; who waits longer waits in vain. */
  | { readonly kind: 'stuck'; readonly why: string; readonly graceMs: number }
  | { readonly kind: 'ended'; readonly why: string }
  /** It runs, and measures from another place than it was meant to. */
  | { readonly kind: 'misplaced'; readonly why: string };

/** A scheduler that waits for a pod to go, or for a cache to learn of a node. */
const UNSCHEDULABLE_GRACE_MS = 3_000;
/** Volumes and networks are tried again at once, and mostly work the second time. */
const WARNED_GRACE_MS = 8_000;
/** Every sidecar fails its first startup probes; on a node that is busy, many. */
const UNHEALTHY_GRACE_MS = 20_000;

/** The Job controller makes it at once, if it is there; one that lost its pod gets no other. */
const NO_POD_GRACE_MS = 60_000;

/** They say no more than the exit status does. */
const PLAIN_ENDS: ReadonlySet<string> = new Set(['', 'Error', 'Completed']);

/** A Job that has no pod yet. `warnings`: events about the Job. */
export function fateOfJob(warnings: readonly Fields[]): Fate {
  const failed = latestWarning(warnings, 'FailedCreate');
  if (failed === undefined) return { kind: 'stuck', why: 'its Job has no pod', graceMs: NO_POD_GRACE_MS };
  return { kind: 'stuck', why: `its pod is not admitted: ${failed.words}`, graceMs: 0 };
}

/** `warnings`: events about the pod. */
export function fateOfPod(pod: Fields, warnings: readonly Fields[], dataPlane: DataPlane): Fate {
  const reading = readPod(pod);
  const agent = reading.containers.find(({ name }) => name === AGENT_CONTAINER);
  if (reading.hasEnded) return { kind: 'ended', why: whyEnded(reading, agent) };
  if (agent?.state.kind === 'ended') return { kind: 'ended', why: whyTerminated('the agent', agent.state) };
  if (reading.isBeingDeleted) return { kind: 'ended', why: 'its pod was deleted' };
  const misplaced = misplacement(pod, dataPlane);
  if (misplaced !== undefined) return { kind: 'misplaced', why: misplaced };
  if (reading.unscheduled !== undefined) {
    const why = `its pod finds no node: ${reading.unscheduled}`;
    return { kind: 'stuck', why, graceMs: UNSCHEDULABLE_GRACE_MS };
  }
  const hopeless = hopelessContainer(reading);
  if (hopeless !== undefined) return { kind: 'stuck', why: hopeless, graceMs: 0 };
  if (agent?.state.kind === 'running') return { kind: 'running' };
  const warned = latestWarning(warnings);
  if (warned === undefined) return { kind: 'starting' };
  const graceMs = warned.reason === 'Unhealthy' ? UNHEALTHY_GRACE_MS : WARNED_GRACE_MS;
  return { kind: 'stuck', why: `its pod does not start: ${warned.words}`, graceMs };
}

/** Where a real pod is not on the data plane that it was made for: why; undefined: it is, or nobody can tell yet. */
export function misplacement(pod: Fields, dataPlane: DataPlane): string | undefined {
  const spec = fields(pod['spec']);
  const hasProxy = [...list(spec['containers']), ...list(spec['initContainers'])].some(
    (container) => fields(container)['name'] === 'istio-proxy',
  );
  if (dataPlane === 'sidecar')
    return hasProxy ? undefined : 'its pod was admitted without a sidecar: the injector left it out';
  if (hasProxy)
    return `its pod was given a sidecar, and was to measure ${dataPlane === 'naked' ? 'without' : `as ${dataPlane}`}`;
  const redirection = text(fields(pod, 'metadata', 'annotations')['ambient.istio.io/redirection']);
  if (dataPlane === 'naked' && redirection === 'enabled')
    return 'its pod was enrolled in ambient mode, and was to measure without';
  return undefined;
}

/** Nobody waits for a kubelet to try again: the sweep goes on without. */
function hopelessContainer({ inits, containers }: PodReading): string | undefined {
  for (const { name, state } of [...inits, ...containers]) {
    if (state.kind !== 'waiting' || state.hope === 'good') continue;
    return `container ${name} of its pod does not start: ${state.words}`;
  }
  return undefined;
}

/** Where Kubernetes ended the pod it says so on the pod; else a container ended it. */
function whyEnded({ endedBy, hasFailed, inits }: PodReading, agent: ContainerReading | undefined): string {
  if (endedBy !== undefined) return `its pod was ended: ${endedBy}`;
  for (const { name, state } of hasFailed ? inits : []) {
    if (state.kind === 'ended' && state.exitCode !== 0) return whyTerminated(`container ${name} of its pod`, state);
  }
  return agent?.state.kind === 'ended' ? whyTerminated('the agent', agent.state) : 'its pod has ended';
}

function whyTerminated(who: string, ended: Extract<ContainerState, { readonly kind: 'ended' }>): string {
  const { exitCode, reason, message } = ended;
  const how = `${who} ended with status ${String(exitCode)}${PLAIN_ENDS.has(reason) ? '' : ` (${reason})`}`;
  return message === '' ? how : `${how}: ${message}`;
}
