/** Where the objects of findings stand in manifest files. */
import { isAbsolute, relative, resolve } from 'node:path';
import type { ObjectRef } from '../declared/expectation.ts';
import type { K8sObject, Position } from '../declared/objects.ts';
import { positionOf } from '../snapshot/objects.ts';

/** Undefined where an object came from no file. `file` is relative to the root where it lies below it. */
export type Locate = (object: ObjectRef) => Position | undefined;

/** @param root Folder that paths are shown relative to: of the repository, as a rule. */
export function placesIn(objects: readonly K8sObject[], root = process.cwd()): Locate {
  const byName = new Map(objects.map((object) => [nameOf({ kind: object.kind, ...object.metadata }), object]));
  return (reference) => {
    const object = byName.get(nameOf(reference));
    const position = object && positionOf(object, reference.path);
    if (position === undefined || position.file === '<stdin>') return undefined;
    const path = relative(root, resolve(position.file));
    return { ...position, file: path.startsWith('..') || isAbsolute(path) ? resolve(position.file) : path };
  };
}

function nameOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}
