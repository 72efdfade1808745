/** Turns drawn manifests into what the engine takes, by way of text as everybody's manifests. */
import { buildMesh } from '../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../controller/declared/mesh.ts';
import { parseDocuments } from '../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../controller/snapshot/objects.ts';
import type { Manifest } from '../oracle/manifests.ts';

export function engineMesh(objects: readonly Manifest[]): Mesh {
  return meshOfFiles([textOf(objects)]);
}

/** One text a file. */
export function meshOfFiles(texts: readonly string[]): Mesh {
  const sources = texts.map((text, index) => ({ file: `${String(index)}.yaml`, text }));
  return buildMesh(
    snapshotOf(sources.flatMap((source) => parseDocuments(source).flatMap((document) => objectsOf(source, document)))),
  );
}

export function textOf(objects: readonly Manifest[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('---\n');
}
