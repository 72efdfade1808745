/** How many series a metric may have that grows with the mesh, and what is shown where there would be more. */
import type { Drift } from '../../judge/finding.ts';
import type { Counted } from './tally.ts';
import { Tally } from './tally.ts';

export interface SeriesLimits {
  readonly drifting: number;
  readonly namespaces: number;
  readonly certificates: number;
  /** Of the metric of every route. */
  readonly routes: number;
}

export const SERIES_LIMITS: SeriesLimits = { drifting: 1_000, namespaces: 2_000, certificates: 1_000, routes: 5_000 };

/** Stands for namespaces that are not named; Kubernetes gives no such name. */
const OTHER = '_other';

const WORST_FIRST: readonly Drift[] = ['exposed', 'downgraded', 'misplaced', 'blocked', 'unknown', 'agrees'];

export interface Limited<Label extends string> {
  readonly shown: readonly Counted<Label>[];
  readonly suppressed: number;
}

/** The worst of them, otherwise in the order in which they come: that of the plan, the same every time. */
export function worstFirst<Label extends string>(
  entries: readonly Counted<Label | 'finding'>[],
  limit: number,
): Limited<Label | 'finding'> {
  if (entries.length <= limit) return { shown: entries, suppressed: 0 };
  const byFinding = Map.groupBy(entries, ({ labels }) => labels.finding);
  const sorted = WORST_FIRST.flatMap((finding) => byFinding.get(finding) ?? []);
  return { shown: sorted.slice(0, limit), suppressed: entries.length - limit };
}

export type NamespaceLabel = 'source_namespace' | 'target_namespace' | 'finding';

/**
 * Takes names away, not numbers, so that whoever sums over the sources, or over everything, gets what is so: first the
 * sources of routes without drift, then all sources, and in the end the targets too.
 */
export function foldNamespaces(entries: readonly Counted<NamespaceLabel>[], limit: number): Limited<NamespaceLabel> {
  const folds: readonly ((labels: Counted<NamespaceLabel>['labels']) => Counted<NamespaceLabel>['labels'])[] = [
    (labels) => labels,
    (labels) => (isDrift(labels.finding) ? labels : { ...labels, source_namespace: OTHER }),
    (labels) => ({ ...labels, source_namespace: OTHER }),
    (labels) => ({ ...labels, source_namespace: OTHER, target_namespace: OTHER }),
  ];
  let shown: readonly Counted<NamespaceLabel>[] = [];
  for (const fold of folds) {
    const tally = new Tally<NamespaceLabel>();
    for (const { labels, count } of entries) tally.add(fold(labels), count);
    shown = tally.entries();
    if (shown.length <= limit) break;
  }
  return { shown, suppressed: entries.length - shown.length };
}

function isDrift(finding: string): boolean {
  return finding !== 'agrees' && finding !== 'unknown';
}
