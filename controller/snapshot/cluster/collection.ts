/** What is known of one kind in one scope: listed once, watched from then on, and never forgotten because of trouble. */
import type { Clock } from '../../../proto/clock.ts';
import type { K8sObject } from '../../declared/objects.ts';
import type { ApiServer } from '../../api-server/api-server.ts';
import { Backoff } from '../../../proto/backoff.ts';
import { isUndefined } from './discovery.ts';
import { apiVersionOf } from './kinds.ts';
import { listAll } from './listing.ts';
import type { Scope } from './listing.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import { PATIENCE_MS } from './persistent.ts';
import { saysTheSame } from './same-object.ts';
import { brokenBy, describeTrouble, isFinal, isStatus } from '../../api-server/trouble.ts';
import type { Trouble } from '../../api-server/trouble.ts';
import { watchFrom } from './watching.ts';
import type { WatchEnd } from './watching.ts';

export type Verb = 'get' | 'list' | 'watch';

/** How the first list and the first watch came out. */
export type Start =
  { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly verb: Verb; readonly trouble: Trouble };

export interface CollectionDeps {
  readonly api: ApiServer;
  readonly clock: Clock;
  readonly debug: (message: string) => void;
  readonly random: () => number;
  /** Called whenever what is known says something new. */
  readonly changed?: () => void;
}

export interface StandingTrouble {
  /** On the monotonic clock, and on the wall. */
  readonly sinceMs: number;
  readonly sinceWallMs: number;
  readonly last: Trouble;
}

/** A watch that lived so long, or told of anything, is no failure, however it ended. */
const GOOD_WATCH_MS = 5_000;
/** So many failing watches in a row, and the version that they start from may be at fault. */
const WATCHES_BEFORE_LIST = 5;

export class Collection implements AsyncDisposable {
  readonly scope: Scope;
  /** Settles when every object has been listed once, and it is known whether the server lets us watch; never rejects. */
  readonly started: Promise<Start>;
  readonly #deps: CollectionDeps;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #start = Promise.withResolvers<Start>();
  #known = new Map<string, K8sObject>();
  #version: string | null = null;
  #failedWatches = 0;
  #trouble: StandingTrouble | null = null;
  /** Of the trouble of now. */
  #inStep = Promise.withResolvers<undefined>();

  constructor(scope: Scope, deps: CollectionDeps) {
    this.scope = scope;
    this.#deps = deps;
    this.#backoff = new Backoff({ random: deps.random });
    this.started = this.#start.promise;
    this.#running = this.#run(this.#stop.signal);
  }

  get objects(): Iterable<K8sObject> {
    return this.#known.values();
  }

  /** Null: all is known, to the last moment. */
  get trouble(): StandingTrouble | null {
    return this.#trouble;
  }

  /** Resolves when all is known to the last moment. */
  async inStep(signal: AbortSignal): Promise<void> {
    while (this.#trouble !== null) await orAborted(this.#inStep.promise, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#start.resolve({ kind: 'failed', verb: 'list', trouble: brokenBy(new Error('it was given up')) });
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        if (this.#version === null) await this.#list(signal);
        else await this.#watch(this.#version, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#start.resolve({ kind: 'failed', verb: 'list', trouble: brokenBy(error) });
      throw error;
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const listed = await listAll(this.#deps.api, this.scope, signal);
    if (listed.kind === 'listed') {
      this.#learn(new Map(listed.objects));
      this.#version = listed.resourceVersion;
      return;
    }
    if (isStatus(listed, 404) && (await isUndefined(this.#deps, this.scope.kind, signal))) {
      // All of its objects are gone with its definition; it may come back.
      this.#learn(new Map());
      this.#recovered();
      this.#start.resolve({ kind: 'ready' });
      await this.#pause('list', listed, signal);
      return;
    }
    const { sinceMs } = this.#failed(listed);
    const isHopeless = isFinal(listed) || this.#deps.clock.monotonicMs() - sinceMs >= PATIENCE_MS;
    if (isHopeless) this.#start.resolve({ kind: 'failed', verb: 'list', trouble: listed });
    await this.#pause('list', listed, signal);
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const seen = { openedMs: Infinity, isTold: false };
    const listener = {
      onOpen: () => {
        seen.openedMs = clock.monotonicMs();
        this.#recovered();
        this.#start.resolve({ kind: 'ready' });
      },
      onChange: (key: string, object: K8sObject | null) => {
        const before = this.#known.get(key) ?? null;
        if (object === null) this.#known.delete(key);
        else this.#known.set(key, object);
        if (!isAsBefore(before, object)) this.#deps.changed?.();
      },
      onVersion: (resourceVersion: string) => {
        seen.isTold = true;
        this.#version = resourceVersion;
      },
    };
    const end = await watchFrom(this.#deps.api, this.scope, version, listener, { random }, signal);
    const isGood = seen.isTold || clock.monotonicMs() - seen.openedMs >= GOOD_WATCH_MS;
    if (isGood) {
      this.#backoff.succeeded();
      this.#failedWatches = 0;
    } else this.#failedWatches += 1;
    await this.#afterWatch(end, isGood, signal);
  }

  async #afterWatch(end: WatchEnd, isGood: boolean, signal: AbortSignal): Promise<void> {
    const isExpired = end.kind === 'status' && (end.status === 410 || end.status === 404);
    if (isExpired || this.#failedWatches >= WATCHES_BEFORE_LIST) {
      this.#version = null;
      this.#failedWatches = 0;
    }
    if (end.kind === 'ended' && isGood) return;
    const trouble = end.kind === 'ended' ? brokenBy(new Error('the watch ended at once')) : end;
    this.#failed(trouble);
    this.#start.resolve(isFinal(trouble) ? { kind: 'failed', verb: 'watch', trouble } : { kind: 'ready' });
    if (!(isExpired && isGood)) await this.#pause('watch', trouble, signal);
  }

  #learn(objects: Map<string, K8sObject>): void {
    const before = this.#known;
    this.#known = objects;
    const isSame =
      before.size === objects.size &&
      [...objects].every(([key, object]) => isAsBefore(before.get(key) ?? null, object));
    if (!isSame) this.#deps.changed?.();
  }

  #failed(last: Trouble): StandingTrouble {
    const { clock } = this.#deps;
    const { sinceMs, sinceWallMs } = this.#trouble ?? { sinceMs: clock.monotonicMs(), sinceWallMs: clock.nowMs() };
    this.#trouble = { sinceMs, sinceWallMs, last };
    return this.#trouble;
  }

  #recovered(): void {
    this.#trouble = null;
    this.#inStep.resolve(undefined);
    this.#inStep = Promise.withResolvers();
  }

  async #pause(verb: Verb, trouble: Trouble, signal: AbortSignal): Promise<void> {
    const delayMs = this.#backoff.nextMs(trouble.kind === 'status' ? trouble.retryAfterMs : null);
    const what = `${verb} ${describeScope(this.scope)}`;
    this.#deps.debug(`${what}: ${describeTrouble(trouble)}; again in ${String(Math.round(delayMs))} ms`);
    await this.#deps.clock.sleep(delayMs, signal);
  }
}

function isAsBefore(before: K8sObject | null, now: K8sObject | null): boolean {
  return before === null || now === null ? before === now : saysTheSame(before, now);
}

/** `peerauthentications (security.istio.io/v1) in namespace shop` */
export function describeScope({ kind, namespace }: Scope): string {
  const where = namespace === null ? 'in the whole cluster' : `in namespace ${namespace}`;
  return `${kind.plural} (${apiVersionOf(kind)}) ${where}`;
}
