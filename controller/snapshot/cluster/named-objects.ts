/** Objects without a namespace that may not be listed: asked for one by one, by the names that others give them. */
import type { K8sObject } from '../../declared/objects.ts';
import type { CollectionDeps } from './collection.ts';
import { pathOf } from './kinds.ts';
import type { ServedKind } from './kinds.ts';
import { neededOf } from './needed.ts';
import { persistentGet } from './persistent.ts';
import { saysTheSame } from './same-object.ts';
import { isStatus } from '../../api-server/trouble.ts';
import type { Answer } from '../../api-server/trouble.ts';

export class NamedObjects {
  readonly kind: ServedKind;
  readonly #deps: CollectionDeps;
  readonly #known = new Map<string, K8sObject>();
  /** What we may not get either; it is not asked for again. */
  readonly #refused = new Set<string>();

  constructor(kind: ServedKind, deps: CollectionDeps) {
    this.kind = kind;
    this.#deps = deps;
  }

  get objects(): Iterable<K8sObject> {
    return this.#known.values();
  }

  get refused(): readonly string[] {
    return [...this.#refused].sort();
  }

  /** Trouble leaves what is known as it was. */
  async refresh(names: Iterable<string>, signal: AbortSignal): Promise<void> {
    const wanted = [...new Set(names)].filter((name) => !this.#refused.has(name));
    await Promise.all(
      wanted.map(async (name) => {
        const answer = await persistentGet(this.#deps, `${pathOf(this.kind, null)}/${name}`, {}, signal);
        const object = answer.kind === 'answer' ? neededOf(this.kind, answer.body) : null;
        if (object !== null) this.#set(name, object);
        else if (answer.kind === 'status' && isStatus(answer, 403)) this.#refused.add(name);
        else if (isGone(answer) && this.#known.delete(name)) this.#deps.changed?.();
      }),
    );
  }

  #set(name: string, object: K8sObject): void {
    const before = this.#known.get(name);
    this.#known.set(name, object);
    if (before === undefined || !saysTheSame(before, object)) this.#deps.changed?.();
  }
}

/** In the API server's own words; the 404 of a load balancer before it says nothing of an object. */
function isGone(answer: Answer): boolean {
  return answer.kind === 'status' && isStatus(answer, 404) && answer.reason === 'NotFound';
}
