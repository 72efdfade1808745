/** What a pod, a Job and the events about them say of how far they have come, in the cluster's own words. Pure. */
import { compareText } from '../../declared/order.ts';
import { fields, integer, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';

/** Of a container that does not run: it is being made, it is tried again with little hope, or it will never be. */
export type Hope = 'good' | 'slim' | 'none';

export type ContainerState =
  /** Empty words: it says nothing worth repeating. */
  | { readonly kind: 'waiting'; readonly words: string; readonly hope: Hope }
  | { readonly kind: 'running' }
  | {
      readonly kind: 'ended';
      readonly exitCode: number;
      readonly reason: string;
      readonly message: string;
    };

export interface ContainerReading {
  readonly name: string;
  readonly state: ContainerState;
}

export interface PodReading {
  readonly name: string;
  readonly hasEnded: boolean;
  readonly hasFailed: boolean;
  readonly isBeingDeleted: boolean;
  /** Where Kubernetes ended it: an eviction, a preemption, a deadline. */
  readonly endedBy?: string;
  /** Why it has no node. */
  readonly unscheduled?: string;
  /** In the order in which they start. */
  readonly inits: readonly ContainerReading[];
  readonly containers: readonly ContainerReading[];
}

/** kubernetes: pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go; what is not here is on its way. */
const HOPES: Readonly<Record<string, Hope>> = {
  ErrImageNeverPull: 'none',
  InvalidImageName: 'none',
  ImageInspectError: 'none',
  ErrImagePull: 'slim',
  ImagePullBackOff: 'slim',
  RegistryUnavailable: 'slim',
  SignatureValidationFailed: 'slim',
  CreateContainerError: 'slim',
  CreateContainerConfigError: 'slim',
  RunContainerError: 'slim',
  StartError: 'slim',
  CrashLoopBackOff: 'slim',
};
const ON_ITS_WAY: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

/** Of a text that somebody else has written. */
const MAX_WORDS = 300;

export function readPod(pod: unknown): PodReading {
  const metadata = fields(pod, 'metadata');
  const status = fields(pod, 'status');
  const { phase } = status;
  const endedBy = text(status['reason']) === undefined ? conditionOf(pod, 'DisruptionTarget') : wordsOf(status);
  const unscheduled = conditionOf(pod, 'PodScheduled', 'False');
  return {
    name: text(metadata['name']) ?? '',
    hasEnded: phase === 'Failed' || phase === 'Succeeded',
    hasFailed: phase === 'Failed',
    isBeingDeleted: text(metadata['deletionTimestamp']) !== undefined,
    ...(endedBy !== undefined && { endedBy }),
    ...(unscheduled !== undefined && { unscheduled }),
    inits: containersIn(status['initContainerStatuses']),
    containers: containersIn(status['containerStatuses']),
  };
}

/** The words of a condition that holds (or, with `status`, does not). */
export function conditionOf(object: unknown, type: string, status = 'True'): string | undefined {
  const found = list(fields(object, 'status')['conditions'])
    .map((condition) => fields(condition))
    .find((condition) => condition['type'] === type && condition['status'] === status);
  return found === undefined ? undefined : wordsOf(found);
}

/** The words of the latest warning, of these reasons where there are any; events come in no order. */
export function latestWarning(events: readonly unknown[], ...reasons: readonly string[]): Warning | undefined {
  const latest = events
    .map((event) => fields(event))
    .filter(({ type, reason }) => type !== 'Normal' && (reasons.length === 0 || reasons.includes(text(reason) ?? '')))
    .toSorted((a, b) => compareText(timeOf(a), timeOf(b)))
    .at(-1);
  return latest && { reason: text(latest['reason']) ?? '', words: wordsOf(latest) };
}

export interface Warning {
  readonly reason: string;
  readonly words: string;
}

/** `reason: message`, in one line. */
function wordsOf(said: Fields): string {
  const message = (text(said['message']) ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_WORDS);
  return [text(said['reason']) ?? '', message].filter((part) => part !== '').join(': ');
}

function timeOf(event: Fields): string {
  const { lastTimestamp, eventTime } = event;
  return text(lastTimestamp) ?? text(eventTime) ?? text(fields(event, 'metadata')['creationTimestamp']) ?? '';
}

function containersIn(statuses: unknown): readonly ContainerReading[] {
  return list(statuses).map((status) => {
    return { name: text(fields(status)['name']) ?? '', state: stateIn(fields(status, 'state')) };
  });
}

function stateIn({ terminated, running, waiting }: Fields): ContainerState {
  if (terminated !== undefined) {
    const { exitCode, reason, message } = fields(terminated);
    return {
      kind: 'ended',
      exitCode: integer(exitCode) ?? 0,
      reason: text(reason) ?? '',
      message: text(message)?.trimEnd().split('\n').at(-1)?.slice(0, MAX_WORDS) ?? '',
    };
  }
  if (running !== undefined) return { kind: 'running' };
  const reason = text(fields(waiting)['reason']) ?? '';
  return {
    kind: 'waiting',
    words: ON_ITS_WAY.has(reason) ? '' : wordsOf(fields(waiting)),
    hope: HOPES[reason] ?? 'good',
  };
}
