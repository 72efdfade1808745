/** The exceptions that STRICT needs, as manifests. */
import { stringify } from 'yaml';
import type { Readiness } from '../gate/readiness.ts';
import type { PreviewReport } from './preview-words.ts';

/** Documents of YAML; empty where nothing is needed. */
export function manifestText({ manifests }: Pick<Readiness, 'manifests'>): string {
  return manifests.map((manifest) => stringify(manifest)).join('---\n');
}

/** For `kubectl apply --server-side -f -`: of workloads there is only what changes in them. */
export function previewManifests({ subject }: PreviewReport): string {
  if (subject.kind !== 'strict') return '';
  const { readiness } = subject;
  const lost = readiness.lost.map((key) => `# no exception helps: ${key}\n`).join('');
  const text = manifestText(readiness);
  return text === '' ? `${lost}# STRICT needs no exceptions.\n` : `${lost}${text}`;
}
