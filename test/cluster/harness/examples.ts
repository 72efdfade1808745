/** The shipped examples, as somebody who copies them changes them: another namespace, other names, another image. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { OWN_NAMESPACE } from '../../../controller/install/names.ts';
import type { KubernetesObject } from '../mesh/objects.ts';

const FOLDER = fileURLToPath(new URL('../../../deploy/examples', import.meta.url));

/** Objects that any cluster knows, and no template of a chart. */
export function plainExamples(): readonly KubernetesObject[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
  return files
    .filter((path) => !path.startsWith('ci/') && !path.startsWith('helm-test/'))
    .flatMap((path) => example(path) as readonly KubernetesObject[])
    .filter(({ apiVersion }) => !/^(?:argoproj\.io|flagger\.app)\//.test(apiVersion));
}

/** @param path Below deploy/examples. */
export function example(path: string): unknown {
  const documents = parseAllDocuments(readFileSync(join(FOLDER, path), 'utf8'));
  return documents.map((document) => document.toJS() as unknown);
}

export interface Changes {
  /** Ours, wherever an object names it. */
  readonly ownNamespace: string;
  /** By the texts that they take the place of. */
  readonly texts?: Readonly<Record<string, string | readonly string[]>>;
}

export function changed<T>(object: T, { ownNamespace, texts = {} }: Changes): T {
  const change = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.flatMap(change);
    if (typeof value === 'string') return texts[value] ?? value;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, at(key, inner)]));
  };
  const at = (key: string, value: unknown): unknown =>
    key === 'namespace' && value === OWN_NAMESPACE ? ownNamespace : change(value);
  return change(object) as T;
}
