/** How far the pod of a Job has come, and what keeps it, in the words of the cluster. Pure. */
import { fields, integer, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';

export type PodState =
  /** No pod yet, or one that does not run yet. `isHopeless`: waiting longer will not help. */
  | { readonly kind: 'waiting'; readonly why: string; readonly isHopeless: boolean }
  | { readonly kind: 'running'; readonly pod: string }
  /** The container ended; its log may still be there. */
  | { readonly kind: 'ended'; readonly pod: string; readonly why: string }
  /** Job or pod are no more. */
  | { readonly kind: 'gone'; readonly why: string };

/** Reasons that a kubelet gives for a container that no repetition will start (kubernetes: pkg/kubelet/images/types.go). */
const HOPELESS: ReadonlySet<string> = new Set(['ErrImageNeverPull', 'InvalidImageName', 'ImageInspectError']);

/** `job` is undefined where it does not exist. `events` are those of the Job and its pod; none where they may not be read. */
export function podStateOf(
  job: unknown,
  pods: readonly unknown[],
  events: readonly unknown[],
  container: string,
): PodState {
  if (job === undefined) return { kind: 'gone', why: 'the Job has been deleted' };
  const failed = conditionOf(job, 'Failed');
  const [pod] = pods;
  if (pod === undefined) {
    if (failed !== undefined) return { kind: 'gone', why: failed };
    return { kind: 'waiting', why: warningOf(events) ?? 'the Job has no pod yet', isHopeless: false };
  }
  const name = text(fields(pod, 'metadata')['name']) ?? '';
  const own = list(fields(pod, 'status')['containerStatuses']).find((one) => fields(one)['name'] === container);
  const state = fields(own, 'state');
  if (state['terminated'] !== undefined) {
    return { kind: 'ended', pod: name, why: failed ?? terminationWords(fields(state, 'terminated')) };
  }
  if (state['running'] !== undefined) return { kind: 'running', pod: name };
  const phase = text(fields(pod, 'status')['phase']);
  if (phase === 'Failed' || phase === 'Succeeded') {
    const { reason, message } = fields(pod, 'status');
    return { kind: 'gone', why: failed ?? wordsOf(reason, message) ?? 'the pod ended' };
  }
  return waiting(pod, fields(state, 'waiting'), events);
}

function waiting(pod: unknown, { reason, message }: Fields, events: readonly unknown[]): PodState {
  const unscheduled = conditionOf(pod, 'PodScheduled', 'False');
  // "ContainerCreating" is no reason; an event may say what keeps the kubelet.
  const words = reason === 'ContainerCreating' || reason === 'PodInitializing' ? undefined : wordsOf(reason, message);
  return {
    kind: 'waiting',
    why: words ?? unscheduled ?? warningOf(events) ?? 'its container is being created',
    isHopeless: HOPELESS.has(text(reason) ?? ''),
  };
}

function conditionOf(object: unknown, type: string, status = 'True'): string | undefined {
  const found = list(fields(object, 'status')['conditions']).find(
    (one) => fields(one)['type'] === type && fields(one)['status'] === status,
  );
  return found === undefined ? undefined : wordsOf(fields(found)['reason'], fields(found)['message']);
}

/** The latest warning. */
function warningOf(events: readonly unknown[]): string | undefined {
  const warnings = events.filter((event) => fields(event)['type'] === 'Warning').map((event) => fields(event));
  const latest = warnings.reduce<Fields | undefined>(
    (best, one) => (best === undefined || timeOf(one) >= timeOf(best) ? one : best),
    undefined,
  );
  return latest === undefined ? undefined : wordsOf(latest['reason'], latest['message']);
}

function timeOf(event: Fields): string {
  return text(event['lastTimestamp']) ?? text(event['eventTime']) ?? '';
}

function terminationWords({ reason, message, exitCode }: Fields): string {
  return `${wordsOf(reason, message) ?? 'it ended'} (exit status ${String(integer(exitCode) ?? 'unknown')})`;
}

function wordsOf(reason: unknown, message: unknown): string | undefined {
  const words = [text(reason), text(message)?.trim()].filter((word) => word !== undefined && word !== '');
  return words.length === 0 ? undefined : words.join(': ');
}
