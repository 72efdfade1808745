/** One watch of a collection, from a version on, until it ends. */
import { fields, isFields, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import type { K8sObject } from '../../declared/objects.ts';
import type { ApiServer } from '../../api-server/api-server.ts';
import { keyOf, selectorOf } from './listing.ts';
import type { Scope } from './listing.ts';
import { pathOf } from './kinds.ts';
import { neededOf } from './needed.ts';
import { refusedBy, refusedInWatch } from '../../api-server/trouble.ts';
import type { Trouble } from '../../api-server/trouble.ts';

export interface WatchListener {
  /** The server has taken the watch: from now on it tells of every change. */
  readonly onOpen: () => void;
  /** Null: it is gone, or no longer says anything. */
  readonly onChange: (key: string, object: K8sObject | null) => void;
  /** What the next watch goes on from. */
  readonly onVersion: (resourceVersion: string) => void;
}

export type WatchEnd = { readonly kind: 'ended' } | Trouble;

/**
 * The server ends a watch after this time (chosen between the two, so that not all end at once), and tells how far it
 * has come about once a minute (kubernetes: storage/cacher, bookmarks): silence for longer than that means that nobody is there.
 */
const SHORTEST_S = 300;
const LONGEST_S = 600;
const IDLE_MS = 150_000;

/** Never throws but for the signal. */
export async function watchFrom(
  api: ApiServer,
  { kind, namespace }: Scope,
  resourceVersion: string,
  listener: WatchListener,
  deps: { readonly random: () => number },
  signal: AbortSignal,
): Promise<WatchEnd> {
  const timeoutSeconds = Math.round(SHORTEST_S + (LONGEST_S - SHORTEST_S) * deps.random());
  const query = {
    ...selectorOf(kind),
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
  };
  const stream = await api.open({ path: pathOf(kind, namespace), query }, IDLE_MS, signal);
  if (stream.kind !== 'open') return stream.kind === 'reply' ? refusedBy(stream) : stream;
  await using open = stream;
  listener.onOpen();
  for (;;) {
    const next = await open.lines.next();
    if (next.done === true) return next.value ?? { kind: 'ended' };
    const { type, object } = eventIn(next.value);
    if (type === 'ERROR') return refusedInWatch(object);
    const version = text(fields(object, 'metadata')['resourceVersion']);
    if (version === undefined || !isFields(object)) return noEvent();
    if (type === 'ADDED' || type === 'MODIFIED') listener.onChange(keyOf(object), neededOf(kind, object));
    else if (type === 'DELETED') listener.onChange(keyOf(object), null);
    listener.onVersion(version);
  }
}

/** Of no type where the line is none: a proxy has put in a word of its own. */
function eventIn(line: string): Fields {
  try {
    return fields(JSON.parse(line));
  } catch {
    return {};
  }
}

function noEvent(): Trouble {
  return { kind: 'broken', says: 'what came is no event of a watch in JSON', isLasting: false };
}
