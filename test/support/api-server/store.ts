/** Objects of a fake API server, with versions, and what became of them. */
import type { Resource } from './resources.ts';

export interface GivenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string } & Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface StoredObject extends GivenObject {
  readonly metadata: GivenObject['metadata'] & { readonly resourceVersion: string };
}

export interface Change {
  readonly version: number;
  readonly resource: Resource;
  readonly object: StoredObject;
  readonly before: StoredObject | null;
  readonly isDeleted: boolean;
}

export class Store {
  readonly #resources: readonly Resource[];
  readonly #objects = new Map<string, { readonly resource: Resource; readonly object: StoredObject }>();
  #history: Change[] = [];
  #version = 100;
  #oldest = 100;

  constructor(resources: readonly Resource[]) {
    this.#resources = resources;
  }

  get version(): number {
    return this.#version;
  }

  put(given: GivenObject): Change {
    const resource = this.#resourceOf(given);
    const key = keyOf(resource, given);
    this.#version += 1;
    const metadata = { uid: `uid-${key}`, ...given.metadata, resourceVersion: String(this.#version) };
    const object = { ...given, metadata };
    const before = this.#objects.get(key)?.object ?? null;
    this.#objects.set(key, { resource, object });
    return this.#changed({ version: this.#version, resource, object, before, isDeleted: false });
  }

  remove(given: GivenObject): Change {
    const resource = this.#resourceOf(given);
    const key = keyOf(resource, given);
    const before = this.#objects.get(key)?.object;
    if (before === undefined) throw new Error(`nobody put ${key}`);
    this.#version += 1;
    this.#objects.delete(key);
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(this.#version) } };
    return this.#changed({ version: this.#version, resource, object, before, isDeleted: true });
  }

  list(resource: Resource, namespace: string | null): readonly StoredObject[] {
    return [...this.#objects.values()]
      .filter((entry) => entry.resource === resource)
      .map(({ object }) => object)
      .filter(({ metadata }) => namespace === null || metadata.namespace === namespace);
  }

  get(resource: Resource, namespace: string | null, name: string): StoredObject | undefined {
    return this.list(resource, namespace).find(({ metadata }) => metadata.name === name);
  }

  /** Null: it is too long ago. */
  since(version: number): readonly Change[] | null {
    return version < this.#oldest ? null : this.#history.filter((change) => change.version > version);
  }

  /** Forgets what became of the objects until now. */
  compact(): void {
    this.#version += 1;
    this.#oldest = this.#version;
    this.#history = [];
  }

  #changed(change: Change): Change {
    this.#history.push(change);
    return change;
  }

  #resourceOf({ apiVersion, kind }: GivenObject): Resource {
    const found = this.#resources.find((candidate) => candidate.apiVersion === apiVersion && candidate.kind === kind);
    if (found === undefined) throw new Error(`the fake API server does not serve ${apiVersion} ${kind}`);
    return found;
  }
}

function keyOf({ apiVersion, plural }: Resource, { metadata }: GivenObject): string {
  return `${apiVersion}/${plural}/${metadata.namespace ?? ''}/${metadata.name}`;
}
