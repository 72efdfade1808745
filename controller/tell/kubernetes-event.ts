/** A Kubernetes Event, as events.k8s.io/v1 takes it. */
import { microTime } from '../api-server/micro-time.ts';
import type { Occurrence, Regarding } from './occurrences.ts';

/** An Event that is there, and how often it happened. */
export interface Series {
  readonly name: string;
  readonly occurrence: Occurrence;
  count: number;
  /** Of the stored event that was counted last. */
  countedId: number;
  writtenCount: number;
  lastAtMs: number;
  /** On the clock that never steps back. */
  touchedMs: number;
}

/** The same whenever the same event is told, so that it is there already the second time. */
export function nameOf({ name }: Regarding, key: string, atMs: number): string {
  return `${name.slice(0, 200).replace(/[^a-z0-9]+$/, '')}.${key}.${Math.floor(atMs).toString(16)}`;
}

/** What is required of it: kubernetes: pkg/apis/core/validation/events.go:ValidateEventCreate. */
export function eventObject(series: Series, uid: string | undefined, instance: string): object {
  const { regarding, type, reason, note, atMs } = series.occurrence;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: series.name, namespace: regarding.namespace },
    eventTime: microTime(atMs),
    reportingController: 'meshproof.io/controller',
    reportingInstance: instance,
    action: 'Measured',
    reason,
    type,
    note,
    regarding: { apiVersion: 'v1', ...regarding, ...(uid !== undefined && { uid }) },
    ...(series.count > 1 && { series: seriesOf(series) }),
  };
}

export function seriesOf({ count, lastAtMs }: Series): object {
  return { count, lastObservedTime: microTime(lastAtMs) };
}
