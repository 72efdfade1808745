/** All collections of a view: as wide as rights go, and narrowed to the chosen namespaces where they end. */
import type { K8sObject } from '../../declared/objects.ts';
import { MeshproofError } from '../../../proto/errors.ts';
import { Collection, describeScope } from './collection.ts';
import type { CollectionDeps } from './collection.ts';
import type { ServedKind } from './kinds.ts';
import { NamedObjects } from './named-objects.ts';
import { orAborted } from '../../../proto/or-aborted.ts';
import { notReadable } from './refused.ts';
import type { Refusal } from './refused.ts';
import { describeTrouble, isStatus } from '../../api-server/trouble.ts';

/** Of the kinds without a namespace those that are of use one by one. */
const ASKED_BY_NAME: ReadonlySet<string> = new Set(['Namespace', 'Node']);

export class Following implements AsyncDisposable {
  readonly #deps: CollectionDeps;
  readonly #collections = new Set<Collection>();
  readonly #named: NamedObjects[] = [];
  /** By group and plural. */
  readonly #narrowed = new Map<string, string>();
  readonly #unread = new Set<string>();
  readonly #refusals: Refusal[] = [];
  /** What has been tried, in which scope: it is not tried again. */
  readonly #tried = new Set<string>();
  #revision = 0;

  constructor(deps: CollectionDeps) {
    this.#deps = {
      ...deps,
      changed: () => {
        this.#revision += 1;
      },
    };
  }

  /** Grows whenever what is known says something new. */
  get revision(): number {
    return this.#revision;
  }

  get collections(): ReadonlySet<Collection> {
    return this.#collections;
  }

  get named(): readonly NamedObjects[] {
    return this.#named;
  }

  /** Kinds that are known of the chosen namespaces only. */
  get narrowed(): readonly string[] {
    return [...new Set(this.#narrowed.values())].filter((kind) => !this.#unread.has(kind)).sort();
  }

  /** Kinds that the cluster has and nobody lets us see; nothing can be said of them. */
  get unread(): readonly string[] {
    return [...this.#unread].sort();
  }

  *objects(): Generator<K8sObject> {
    for (const collection of this.#collections) yield* collection.objects;
    for (const named of this.#named) yield* named.objects;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#collections].map((collection) => collection[Symbol.asyncDispose]()));
  }

  /** In these namespaces only. What is refused is kept for `throwIfRefused`. */
  async followIn(kind: ServedKind, namespaces: readonly string[], signal: AbortSignal): Promise<void> {
    const untried = namespaces.filter((namespace) => !this.#tried.has(placeOf(kind, namespace)));
    await Promise.all(untried.map((namespace) => this.#follow(kind, namespace, signal)));
  }

  /** In the whole cluster, or, where that is refused and there are any, in these namespaces. */
  async followAll(kind: ServedKind, namespaces: readonly string[] | null, signal: AbortSignal): Promise<void> {
    const isNarrowed = this.#narrowed.has(resourceOf(kind));
    if (isNarrowed && namespaces !== null) await this.followIn(kind, namespaces, signal);
    if (this.#tried.has(placeOf(kind, null))) return;
    const refused = await this.#attempt(kind, null, signal);
    if (refused === null) return;
    if (namespaces === null) {
      this.#refuse(refused);
    } else if (kind.scope !== 'cluster') {
      this.#narrowed.set(resourceOf(kind), kind.kind);
      await this.followIn(kind, namespaces, signal);
    } else if (ASKED_BY_NAME.has(kind.kind)) {
      this.#named.push(new NamedObjects(kind, this.#deps));
    } else {
      this.#unread.add(kind.kind);
    }
  }

  /** MPE_NOT_PERMITTED with everything that was refused so far. */
  throwIfRefused(): void {
    if (this.#refusals.length > 0) throw notReadable(this.#refusals, this.#deps.api.url);
  }

  /** Of what was refused so far nothing will be known, and a snapshot says so. */
  doWithoutRefused(): void {
    for (const { scope } of this.#refusals.splice(0)) this.#unread.add(scope.kind.kind);
  }

  async #follow(kind: ServedKind, namespace: string, signal: AbortSignal): Promise<void> {
    const refused = await this.#attempt(kind, namespace, signal);
    if (refused !== null) this.#refuse(refused);
  }

  #refuse(refused: Refusal): void {
    const { kind } = refused.scope;
    if (kind.isOptional === true && isStatus(refused.trouble, 403)) this.#unread.add(kind.kind);
    else this.#refusals.push(refused);
  }

  /** Null: it is followed. Throws MPE_CLUSTER_UNREACHABLE where there is no answer at all. */
  async #attempt(kind: ServedKind, namespace: string | null, signal: AbortSignal): Promise<Refusal | null> {
    const collection = new Collection({ kind, namespace }, this.#deps);
    this.#collections.add(collection);
    this.#tried.add(placeOf(kind, namespace));
    const start = await orAborted(collection.started, signal);
    if (start.kind === 'ready') return null;
    this.#collections.delete(collection);
    await collection[Symbol.asyncDispose]();
    const { verb, trouble } = start;
    if (trouble.kind === 'status' && (trouble.status === 403 || trouble.status === 401)) {
      return { scope: collection.scope, verb, trouble };
    }
    this.#tried.delete(placeOf(kind, namespace));
    throw new MeshproofError(
      'MPE_CLUSTER_UNREACHABLE',
      `${this.#deps.api.url} does not let us ${verb} ${describeScope(collection.scope)}: ${describeTrouble(trouble)}`,
    );
  }
}

function resourceOf({ group, plural }: ServedKind): string {
  return `${group}/${plural}`;
}

function placeOf(kind: ServedKind, namespace: string | null): string {
  return `${resourceOf(kind)} ${namespace ?? ''}`;
}
