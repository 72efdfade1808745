/** What has happened of late: transitions, conflicts and propagation; not every sweep. */
import { counted } from '../../judge/sentences.ts';
import type { MonitorEvent, StoredEvent } from '../../monitor/events.ts';
import type { Monitored } from '../../monitor/monitored.ts';
import { objectWords } from '../../publish/object-words.ts';
import type { Store } from '../../store/store.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { duration, moment, routePath } from './words.ts';

const SHOWN = 25;
const ROUTE_SHOWN = 100;
const KINDS = ['transition', 'conflict', 'propagation'] as const;

export interface HistoryNow {
  /** Latest last. */
  readonly events: readonly StoredEvent[];
  /** What was before could be read. */
  readonly isWhole: boolean;
}

export interface History extends Disposable {
  /** Of the latest events; never rejects, so that a page can be shown without a store. */
  readonly latest: () => Promise<HistoryNow>;
}

/** Read from the store once, and followed from then on. */
export function followHistory(store: Pick<Store, 'events'>, monitored: Pick<Monitored, 'onEvent'>): History {
  let known: readonly StoredEvent[] = [];
  let reading: Promise<void> | undefined;
  const add = (events: readonly StoredEvent[]): void => {
    const byId = new Map([...known, ...events].map((one) => [one.id, one]));
    known = [...byId.values()].sort((left, right) => left.id - right.id).slice(-SHOWN);
  };
  const read = async (): Promise<void> => {
    const limits = { beforeId: Number.MAX_SAFE_INTEGER, limit: SHOWN };
    add((await Promise.all(KINDS.map((kind) => store.events({ ...limits, kind })))).flat());
  };
  const stop = monitored.onEvent((event) => {
    if (event.event.kind !== 'sweep') add([event]);
  });
  return {
    latest: async () => {
      reading ??= read();
      try {
        await reading;
        return { events: known, isWhole: true };
      } catch {
        // The monitor says what is wrong with its store; here it is enough to try again the next time.
        reading = undefined;
        return { events: known, isWhole: false };
      }
    },
    [Symbol.dispose]: stop,
  };
}

/** @param none What to say where there is nothing. */
export function historyPart({ events, isWhole }: HistoryNow, none: string): Markup {
  const list = markup`<ol class="history">${events.toReversed().map(eventItem)}</ol>`;
  if (!isWhole)
    return markup`<p class="none">What was before cannot be read at the moment.</p>${events.length === 0 ? null : list}`;
  return events.length === 0 ? markup`<p class="none">${none}</p>` : list;
}

/** Of one route. */
export async function routeHistory(store: Pick<Store, 'events'>, route: string): Promise<HistoryNow> {
  try {
    const beforeId = Number.MAX_SAFE_INTEGER;
    return { events: await store.events({ kind: 'transition', route, beforeId, limit: ROUTE_SHOWN }), isWhole: true };
  } catch {
    return { events: [], isWhole: false };
  }
}

function eventItem({ id, event }: StoredEvent): Markup {
  return markup`<li id="e${id}">${moment(event.atMs)} ${eventWords(event)}</li>`;
}

function eventWords(event: MonitorEvent): Markup {
  switch (event.kind) {
    case 'transition':
      return markup`<span class="tag ${event.to}">${event.to}</span> ${event.message} <a href="${routePath(event.route)}">${event.route}</a>`;
    case 'conflict': {
      const { severity, cause } = event.conflict;
      return markup`<span class="tag ${event.isOver ? 'agrees' : severity}">${severity} conflict ${event.isOver ? 'over' : 'begins'}</span> ${cause.message}`;
    }
    case 'propagation': {
      const { objects, routes, missing, firstMs, lastMs } = event;
      const changed = objects.map((object) => `${objectWords(object)} ${object.change}`).join(', ');
      const late =
        missing.length === 0 ? '' : `; ${counted(missing.length, 'route')} had not followed when the waiting ended`;
      return markup`<span class="tag propagation">propagation</span> ${changed}: on the wire after ${duration(firstMs)} at the first, ${duration(lastMs)} at the last of ${counted(routes.length, 'route')}${late}.`;
    }
    case 'sweep':
      return markup`<span class="tag">sweep</span> ${event.sweep.verdict.value}: ${event.sweep.verdict.why}`;
  }
}
