/** Objects that could not be taken as they are written, counted over all snapshots of a declared state. */
import type { K8sObject, Snapshot } from '../declared/objects.ts';
import { meshConfigDoubts } from './mesh-config-doubts.ts';
import { rejectionsOf } from './rejections.ts';

export class RejectedObjects {
  /** What is wrong with each that is there now, by its name. */
  #known = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** So far, by kind; none ever falls. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** To be called with each snapshot in its turn: what stays as wrong as it was is not counted again. */
  see({ objects }: Pick<Snapshot, 'objects'>): void {
    const known = new Map<string, string>();
    for (const [object, faults] of faultsIn(objects)) {
      const { kind, metadata } = object;
      const name = `${kind} ${metadata.namespace}/${metadata.name}`;
      if (this.#known.get(name) !== faults) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
      known.set(name, faults);
    }
    this.#known = known;
  }
}

function faultsIn(objects: readonly K8sObject[]): readonly (readonly [object: K8sObject, faults: string])[] {
  const rejected = objects.flatMap((object) => {
    const rejections = rejectionsOf(object);
    return rejections.length === 0 ? [] : [[object, JSON.stringify(rejections)] as const];
  });
  // What is odd about the ConfigMap as a whole can be read all the same.
  const unread = meshConfigDoubts(objects).filter(({ path }) => path !== '');
  return [...rejected, ...unread.map(({ object, why }) => [object, why] as const)];
}
