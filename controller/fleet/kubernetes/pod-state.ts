/** How far the pod of a Job has come for somebody who waits for its log. Pure. */
import { conditionOf, latestWarning, readPod } from './pod-reading.ts';
import type { ContainerState } from './pod-reading.ts';

export type PodState =
  /** No pod yet, or one that does not run yet. `isHopeless`: waiting longer will not help. */
  | { readonly kind: 'waiting'; readonly why: string; readonly isHopeless: boolean }
  | { readonly kind: 'running'; readonly pod: string }
  /** The container ended; its log may still be there. */
  | { readonly kind: 'ended'; readonly pod: string; readonly why: string }
  /** Job or pod are no more. */
  | { readonly kind: 'gone'; readonly why: string };

/** `job` is undefined where it does not exist. `events` are those of the Job and its pod; none where they may not be read. */
export function podStateOf(
  job: unknown,
  pods: readonly unknown[],
  events: readonly unknown[],
  container: string,
): PodState {
  if (job === undefined) return { kind: 'gone', why: 'the Job has been deleted' };
  const failed = conditionOf(job, 'Failed');
  const warned = latestWarning(events)?.words;
  if (pods.length === 0) {
    if (failed !== undefined) return { kind: 'gone', why: failed };
    return { kind: 'waiting', why: warned ?? 'the Job has no pod yet', isHopeless: false };
  }
  const pod = readPod(pods[0]);
  const state = pod.containers.find(({ name }) => name === container)?.state;
  if (state?.kind === 'ended') return { kind: 'ended', pod: pod.name, why: failed ?? endOf(state) };
  if (state?.kind === 'running') return { kind: 'running', pod: pod.name };
  if (pod.hasEnded) return { kind: 'gone', why: failed ?? pod.endedBy ?? 'the pod ended' };
  const words = state?.words ?? '';
  return {
    kind: 'waiting',
    // A container that is only being made says nothing; an event may say what keeps the kubelet.
    why: words === '' ? (pod.unscheduled ?? warned ?? 'its container is being created') : words,
    isHopeless: state?.hope === 'none',
  };
}

function endOf({ exitCode, reason, message }: Extract<ContainerState, { readonly kind: 'ended' }>): string {
  const words = [reason, message].filter((part) => part !== '').join(': ');
  return `${words === '' ? 'it ended' : words} (exit status ${String(exitCode)})`;
}
