/** What has become of a probe pod, in the cluster's own words. Pure. */
import { compareText } from '../../declared/order.ts';
import { fields, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import type { DataPlane } from '../../../proto/vocabulary.ts';
import { AGENT_CONTAINER } from './probe-job.ts';

export type Fate =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  /** It may come right by itself within the grace; who waits longer waits in vain. */
  | { readonly kind: 'stuck'; readonly why: string; readonly graceMs: number }
  | { readonly kind: 'ended'; readonly why: string }
  /** It runs, and measures from another place than it was meant to. */
  | { readonly kind: 'misplaced'; readonly why: string };

/** Reasons of a waiting container that no waiting cures; kubernetes: pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go */
const HOPELESS: ReadonlySet<string> = new Set([
  'ErrImageNeverPull',
  'InvalidImageName',
  'ErrImagePull',
  'ImagePullBackOff',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'CreateContainerError',
  'CreateContainerConfigError',
  'RunContainerError',
  'StartError',
  'CrashLoopBackOff',
]);

/** A scheduler that waits for a pod to go, or for a cache to learn of a node. */
const UNSCHEDULABLE_GRACE_MS = 3_000;
/** Volumes and networks are tried again at once, and mostly work the second time. */
const WARNED_GRACE_MS = 8_000;
/** Every sidecar fails its first startup probes; on a node that is busy, many. */
const UNHEALTHY_GRACE_MS = 20_000;

/** A Job that has no pod yet. `warnings`: events about the Job. */
export function fateOfJob(warnings: readonly Fields[]): Fate {
  const failed = latest(warnings.filter(({ reason }) => reason === 'FailedCreate'));
  if (failed === undefined) return { kind: 'starting' };
  return { kind: 'stuck', why: `its pod is not admitted: ${wordsOf(failed)}`, graceMs: 0 };
}

/** `warnings`: events about the pod. */
export function fateOfPod(pod: Fields, warnings: readonly Fields[], dataPlane: DataPlane): Fate {
  const status = fields(pod['status']);
  const phase = text(status['phase']);
  const agent = statusesOf(status, 'containerStatuses').find(({ name }) => name === AGENT_CONTAINER);
  if (phase === 'Failed' || phase === 'Succeeded') return { kind: 'ended', why: whyEnded(status, agent, phase) };
  const terminated = stateOf(agent, 'terminated');
  if (terminated !== undefined) return { kind: 'ended', why: whyTerminated('the agent', terminated) };
  if (text(fields(pod, 'metadata')['deletionTimestamp']) !== undefined) {
    return { kind: 'ended', why: 'its pod was deleted' };
  }
  const misplaced = misplacement(pod, dataPlane);
  if (misplaced !== undefined) return { kind: 'misplaced', why: misplaced };
  const unscheduled = conditionOf(status, 'PodScheduled');
  if (unscheduled?.['status'] === 'False') {
    const why = `its pod finds no node: ${wordsOf(unscheduled)}`;
    return { kind: 'stuck', why, graceMs: UNSCHEDULABLE_GRACE_MS };
  }
  const hopeless = hopelessContainer(status);
  if (hopeless !== undefined) return { kind: 'stuck', why: hopeless, graceMs: 0 };
  if (stateOf(agent, 'running') !== undefined) return { kind: 'running' };
  const warned = latest(warnings);
  if (warned === undefined) return { kind: 'starting' };
  const graceMs = warned['reason'] === 'Unhealthy' ? UNHEALTHY_GRACE_MS : WARNED_GRACE_MS;
  return { kind: 'stuck', why: `its pod does not start: ${wordsOf(warned)}`, graceMs };
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

function hopelessContainer(status: Fields): string | undefined {
  for (const container of [
    ...statusesOf(status, 'initContainerStatuses'),
    ...statusesOf(status, 'containerStatuses'),
  ]) {
    const waiting = stateOf(container, 'waiting');
    if (waiting === undefined || !HOPELESS.has(text(waiting['reason']) ?? '')) continue;
    return `container ${text(container['name']) ?? ''} of its pod does not start: ${wordsOf(waiting)}`;
  }
  return undefined;
}

/** Where Kubernetes ended the pod it says so on the pod; else a container ended it. */
function whyEnded(status: Fields, agent: Fields | undefined, phase: string): string {
  if (text(status['reason']) !== undefined) return `its pod was ended: ${wordsOf(status)}`;
  const disruption = conditionOf(status, 'DisruptionTarget');
  if (disruption?.['status'] === 'True') return `its pod was ended: ${wordsOf(disruption)}`;
  const terminated = stateOf(agent, 'terminated');
  if (phase === 'Failed') {
    const init = statusesOf(status, 'initContainerStatuses').find(
      (container) => Number(stateOf(container, 'terminated')?.['exitCode'] ?? 0) !== 0,
    );
    const failed = stateOf(init, 'terminated');
    if (failed !== undefined) return whyTerminated(`container ${text(init?.['name']) ?? ''} of its pod`, failed);
  }
  return terminated === undefined ? 'its pod has ended' : whyTerminated('the agent', terminated);
}

function whyTerminated(who: string, terminated: Fields): string {
  const code = Number(terminated['exitCode'] ?? 0);
  const reason = text(terminated['reason']);
  const lastLine = text(terminated['message'])?.trimEnd().split('\n').at(-1)?.slice(0, MAX_WORDS) ?? '';
  const how = `${who} ended with status ${String(code)}${reason === undefined || reason === 'Error' || reason === 'Completed' ? '' : ` (${reason})`}`;
  return lastLine === '' ? how : `${how}: ${lastLine}`;
}

/** Of a text that somebody else has written. */
const MAX_WORDS = 300;

/** An event, a condition, a state or a status: reason and message, as they are said. */
function wordsOf(said: Fields): string {
  const reason = text(said['reason']) ?? '';
  const message = (text(said['message']) ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_WORDS);
  return [reason, message].filter((part) => part !== '').join(': ');
}

/** Events come in no order. */
function latest(events: readonly Fields[]): Fields | undefined {
  const timeOf = (event: Fields): string =>
    text(event['lastTimestamp']) ??
    text(event['eventTime']) ??
    text(fields(event, 'metadata')['creationTimestamp']) ??
    '';
  return events.toSorted((a, b) => compareText(timeOf(a), timeOf(b))).at(-1);
}

function statusesOf(status: Fields, key: string): readonly Fields[] {
  return list(status[key]).map((item) => fields(item));
}

function stateOf(container: Fields | undefined, state: 'waiting' | 'running' | 'terminated'): Fields | undefined {
  const given = fields(container, 'state')[state];
  return given === undefined ? undefined : fields(given);
}

function conditionOf(status: Fields, type: string): Fields | undefined {
  return statusesOf(status, 'conditions').find((condition) => condition['type'] === type);
}
