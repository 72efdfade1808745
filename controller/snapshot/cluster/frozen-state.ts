/** What a view knows as one snapshot, which stays the same object until something new is known. */
import { isDeepStrictEqual } from 'node:util';
import type { Snapshot } from '../../declared/objects.ts';
import { snapshotOf } from '../files.ts';
import type { Following } from './following.ts';

export class FrozenState {
  readonly #following: Following;
  #state: { readonly revision: number; readonly of: Omit<Snapshot, 'takenAtMs'> } | undefined;
  #snapshot: Snapshot | undefined;

  constructor(following: Following) {
    this.#following = following;
  }

  snapshot(warnings: readonly string[], nowMs: number): Snapshot {
    const { revision } = this.#following;
    const isNew = this.#state?.revision !== revision;
    const state =
      this.#state === undefined || isNew ? { revision, of: snapshotOf([...this.#following.objects()]) } : this.#state;
    this.#state = state;
    const { objects, digest } = state.of;
    const all = [...state.of.warnings, ...warnings];
    const isSame = !isNew && isDeepStrictEqual(this.#snapshot?.warnings, all);
    if (this.#snapshot === undefined || !isSame) {
      this.#snapshot = Object.freeze({
        objects: Object.freeze(objects),
        digest,
        warnings: Object.freeze(all),
        takenAtMs: nowMs,
      });
    }
    return this.#snapshot;
  }
}
