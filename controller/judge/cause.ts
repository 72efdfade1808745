/** Makes causes: a sentence with the real objects in it, and the catalogue's fix where there is no better one. */
import type { ObjectRef } from '../declared/expectation.ts';
import { CAUSES } from './causes.ts';
import type { CauseCode } from './causes.ts';
import type { Cause } from './finding.ts';

export interface CauseDetail {
  readonly objects?: readonly (ObjectRef | undefined)[];
  /** With the real objects; the catalogue's where absent. */
  readonly fix?: string;
}

/** Objects without repetition, in the order given. */
export function causeOf(code: CauseCode, message: string, detail: CauseDetail = {}): Cause {
  const objects = new Map<string, ObjectRef>();
  for (const object of detail.objects ?? []) {
    if (object !== undefined) objects.set(`${objectName(object)} ${object.path ?? ''}`, object);
  }
  return { code, message, fix: detail.fix ?? CAUSES[code].fix, objects: [...objects.values()] };
}

/** `PeerAuthentication shop/default`. */
export function objectName({ kind, namespace, name }: ObjectRef): string {
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** `PeerAuthentication shop/default (spec.mtls.mode)`. */
export function objectPlace(object: ObjectRef): string {
  return object.path === undefined ? objectName(object) : `${objectName(object)} (${object.path})`;
}
