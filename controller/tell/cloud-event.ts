/** Events of a monitor as CloudEvents 1.0, in structured mode: the body of a webhook. */
import { routeKey } from '../../proto/vocabulary.ts';
import type { MonitorEvent, StoredEvent } from '../monitor/events.ts';

export const CLOUD_EVENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/** Attribute names and their rules: cloudevents/spec: cloudevents/spec.md (version 1.0). */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** Of the stored event; together with `source` it is the idempotency key. */
  readonly id: string;
  /** Which monitor says it: a URI reference. */
  readonly source: string;
  readonly type: `io.meshproof.${MonitorEvent['kind']}`;
  readonly time: string;
  /** A route's key, a cause, or the id of a sweep. */
  readonly subject: string;
  readonly datacontenttype: 'application/json';
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * `data` is the event, with its lists cut at 100 items: a receiver need not take more than 64 KiB (the size that the
 * specification asks everybody to forward). `data.leftOut` says what is missing of which list.
 */
export function cloudEvent({ id, event }: StoredEvent, source: string): CloudEvent {
  return {
    specversion: '1.0',
    id: String(id),
    source,
    type: `io.meshproof.${event.kind}`,
    time: new Date(event.atMs).toISOString(),
    subject: subjectOf(event),
    datacontenttype: 'application/json',
    data: cut(event),
  };
}

function subjectOf(event: MonitorEvent): string {
  switch (event.kind) {
    case 'transition':
      return routeKey(event);
    case 'conflict':
      return event.conflict.cause.code;
    case 'propagation':
      return event.objects
        .map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)
        .slice(0, 3)
        .join(', ');
    case 'sweep':
      return event.sweep.id;
  }
}

const ITEMS = 100;

function cut(event: MonitorEvent): Readonly<Record<string, unknown>> {
  const leftOut: Record<string, number> = {};
  const copy = cutLists(event, '', leftOut) as Record<string, unknown>;
  return Object.keys(leftOut).length === 0 ? copy : { ...copy, leftOut };
}

function cutLists(value: unknown, path: string, leftOut: Record<string, number>): unknown {
  if (Array.isArray(value)) {
    if (value.length > ITEMS) leftOut[path] = value.length - ITEMS;
    return value.slice(0, ITEMS).map((item) => cutLists(item, path, leftOut));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, cutLists(item, path === '' ? key : `${path}.${key}`, leftOut)]),
  );
}
