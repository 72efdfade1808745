/** Namespaces with their labels. */
import type { K8sObject } from './objects.ts';
import type { Labels } from './selector.ts';

/** Labels of a namespace; Kubernetes labels each with its own name, so that holds for those that no manifest names, too. */
export type NamespaceLabels = (namespace: string) => Labels;

export function namespaceLabels(namespaces: readonly K8sObject[]): NamespaceLabels {
  const known = new Map<string, Labels>();
  for (const { metadata } of namespaces) {
    known.set(metadata.name, { 'kubernetes.io/metadata.name': metadata.name, ...metadata.labels });
  }
  return (namespace) => known.get(namespace) ?? { 'kubernetes.io/metadata.name': namespace };
}
