/** A sink that tells events as Kubernetes Events of the Service or Pod that they are about. */
import type { Clock } from '../../proto/clock.ts';
import { Deadline } from '../../proto/deadline.ts';
import { fields, list, text } from '../declared/reading.ts';
import { toldBy, unasked } from './cluster-request.ts';
import type { AskCluster, ClusterAnswer, ClusterRequest } from './cluster-request.ts';
import { eventObject, nameOf, seriesOf } from './kubernetes-event.ts';
import type { Series } from './kubernetes-event.ts';
import { occurrencesOf } from './occurrences.ts';
import type { Occurrence, Regarding } from './occurrences.ts';
import { Pacer } from './pacer.ts';
import { TOLD } from './sink.ts';
import type { Sink, Told } from './sink.ts';

export interface KubernetesEventsDeps {
  readonly ask: AskCluster;
  readonly clock: Clock;
  readonly debug: (message: string) => void;
}

export interface KubernetesEventsOptions {
  /** Who says it: the name of the controller's pod. */
  readonly instance: string;
  /** A count that has grown is written so often. @default 10 s */
  readonly countEveryMs?: number;
  /** Writes a second, after a burst of 25. @default 5 */
  readonly perSecond?: number;
}

/** A new Event begins after so much silence (client-go: tools/events/event_broadcaster.go:finishTime). */
const SERIES_END_MS = 360_000;
const SERIES = 5000;
const UID_MS = 60_000;
const BURST = 25;
const LAST_COUNTS_MS = 5000;

/**
 * Writes events.k8s.io/v1. `kubectl describe` reads core/v1, which is the same stored object, and prints the count of
 * its series (kubectl: pkg/describe/describe.go:DescribeEvents). It looks by the uid of the object (searchEvents), so
 * that the uid is looked up first.
 *
 * The first of a cause is written before it counts as told; the count of those that follow is written now and then and
 * at the end, and a crash may lose some of it (not the Event).
 */
export class KubernetesEvents implements Sink, AsyncDisposable {
  readonly name = 'kubernetes-events';
  readonly #deps: KubernetesEventsDeps;
  readonly #options: Required<KubernetesEventsOptions>;
  readonly #pacer: Pacer;
  readonly #series = new Map<string, Series>();
  readonly #uids = new Map<string, { readonly uid: string | undefined; readonly untilMs: number }>();
  readonly #ended = new AbortController();
  readonly #counting: Promise<void>;

  constructor(deps: KubernetesEventsDeps, { countEveryMs = 10_000, perSecond = 5, instance }: KubernetesEventsOptions) {
    this.#deps = deps;
    this.#options = { instance: instance.slice(0, 128), countEveryMs, perSecond };
    this.#pacer = new Pacer(deps.clock, { burst: BURST, perSecond });
    this.#counting = this.#keepCounting(this.#ended.signal);
  }

  readonly tell: Sink['tell'] = async (stored, current, signal) => {
    for (const occurrence of occurrencesOf(stored, current)) {
      const told = await this.#note(occurrence, stored.id, signal);
      if (told.kind !== 'told') return told;
    }
    return TOLD;
  };

  /** Writes the counts that are not written yet; what cannot be written within 5 s is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#counting;
    const deadline = new Deadline(this.#deps.clock, LAST_COUNTS_MS, new AbortController().signal);
    try {
      await this.#writeCounts(deadline.signal);
    } catch (error) {
      if (!deadline.isOver) throw error;
    } finally {
      deadline.end();
    }
  }

  /** One event may have several occurrences, and all of them are tried again where one of them was not told. */
  async #note(occurrence: Occurrence, id: number, signal: AbortSignal): Promise<Told> {
    const nowMs = this.#deps.clock.monotonicMs();
    const { regarding, key, atMs } = occurrence;
    const series = this.#series.get(key);
    if (series !== undefined && nowMs - series.touchedMs < SERIES_END_MS) {
      if (series.countedId === id) return TOLD;
      series.count += 1;
      series.countedId = id;
      series.lastAtMs = atMs;
      series.touchedMs = nowMs;
      return TOLD;
    }
    const name = nameOf(regarding, key, atMs);
    const counts = { count: 1, countedId: id, writtenCount: 1 };
    const begun: Series = { name, occurrence, ...counts, lastAtMs: atMs, touchedMs: nowMs };
    const told = await this.#create(begun, signal);
    if (told.kind !== 'told') return told;
    this.#series.delete(key);
    this.#series.set(key, begun);
    const [oldest] = this.#series.keys();
    if (this.#series.size > SERIES && oldest !== undefined) this.#series.delete(oldest);
    return TOLD;
  }

  async #create(series: Series, signal: AbortSignal): Promise<Told> {
    const { namespace } = series.occurrence.regarding;
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    try {
      const uid = await this.#uidOf(series.occurrence.regarding, signal);
      const body = eventObject(series, uid, this.#options.instance);
      const answer = await this.#ask({ verb: 'create', ...EVENTS, namespace, path, body }, signal);
      return answer.status === 409 ? TOLD : toldBy(answer, `Event ${namespace}/${series.name}`);
    } catch (error) {
      return unasked(error, signal);
    }
  }

  async #ask(request: ClusterRequest, signal: AbortSignal): Promise<ClusterAnswer> {
    await this.#pacer.turn(signal);
    return this.#deps.ask(request, signal);
  }

  /** Undefined where it is not there or may not be looked at; then `kubectl get events` shows the Event alone. */
  async #uidOf({ kind, namespace, name }: Regarding, signal: AbortSignal): Promise<string | undefined> {
    const resource = kind === 'Service' ? 'services' : 'pods';
    const key = `${resource}/${namespace}/${name}`;
    const nowMs = this.#deps.clock.monotonicMs();
    const known = this.#uids.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.uid;
    if (this.#uids.size > SERIES) this.#uids.clear();
    const query = new URLSearchParams({ fieldSelector: `metadata.name=${name}` });
    const path = `/api/v1/namespaces/${namespace}/${resource}?${query.toString()}`;
    let found: unknown;
    try {
      const answer = await this.#ask({ verb: 'list', apiGroup: '', resource, namespace, path }, signal);
      [found] = list(fields(answer.body)['items']);
    } catch (error) {
      if (unasked(error, signal).kind !== 'rejected') throw error;
    }
    const uid = text(fields(found, 'metadata')['uid']);
    this.#uids.set(key, { uid, untilMs: nowMs + UID_MS });
    return uid;
  }

  async #keepCounting(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#deps.clock.sleep(this.#options.countEveryMs, signal);
        await this.#writeCounts(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #writeCounts(signal: AbortSignal): Promise<void> {
    for (const [key, series] of this.#series) {
      if (series.count > series.writtenCount) await this.#writeCount(series, signal);
      else if (this.#deps.clock.monotonicMs() - series.touchedMs >= SERIES_END_MS) this.#series.delete(key);
    }
  }

  async #writeCount(series: Series, signal: AbortSignal): Promise<void> {
    const { count } = series;
    const told = await this.#patch(series, signal);
    // It is written with the next round then.
    if (told.kind === 'away') return;
    series.writtenCount = count;
    if (told.kind !== 'told') this.#deps.debug(`the count of an Event is not written: ${told.why}`);
  }

  /** An Event that the cluster has forgotten meanwhile (after an hour, unless told otherwise) is made anew. */
  async #patch(series: Series, signal: AbortSignal): Promise<Told> {
    const { namespace } = series.occurrence.regarding;
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events/${series.name}`;
    const body = { series: seriesOf(series) };
    const contentType = 'application/merge-patch+json';
    try {
      const answer = await this.#ask({ verb: 'patch', ...EVENTS, namespace, path, body, contentType }, signal);
      if (answer.status === 404) return await this.#create(series, signal);
      return toldBy(answer, `Event ${namespace}/${series.name}`);
    } catch (error) {
      return unasked(error, signal);
    }
  }
}

const EVENTS = { apiGroup: 'events.k8s.io', resource: 'events' } as const;
