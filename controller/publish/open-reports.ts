/** A sweep, or the matrix of a monitor, as policy reports: one a namespace of targets, one for what has no namespace. */
import { compareText } from '../declared/order.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import type { Conflict, Sweep } from '../judge/finding.ts';
import type { Current } from '../monitor/current.ts';
import { cellResult, conflictResult } from './open-reports-words.ts';
import type { ObjectReference, ReportResult, ReportStatus, ReportedCell } from './open-reports-words.ts';

export type ReportApi = 'openreports' | 'wgpolicyk8s';

/** openreports: apis/openreports.io/v1alpha1/report_types.go; wg-policy-prototypes: wgpolicyk8s.io/v1alpha2. */
export interface Report {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    /** Absent of a report about what has no namespace. */
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  /** openreports only. */
  readonly source?: 'meshproof';
  readonly scope?: ObjectReference;
  /** openreports only: the contract with whoever reads it. */
  readonly configuration?: { readonly limits: { readonly maxResults: number } };
  /** Of all results, those that are left out included. */
  readonly summary: Readonly<Record<ReportStatus, number>>;
  /** Worst first. */
  readonly results: readonly ReportResult[];
}

/** What reports are made of. */
export interface Reportable {
  /** Of the sweep, or the revision of the matrix. */
  readonly id: string;
  readonly atMs: number;
  readonly cells: readonly ReportedCell[];
  readonly conflicts: readonly Conflict[];
}

export interface ReportOptions {
  readonly api: ReportApi;
  /** Results a report, and fewer where they are very long. @default 500 */
  readonly maxResults?: number;
}

export interface ReportNames {
  readonly apiVersion: string;
  readonly namespaced: string;
  readonly cluster: string;
}

export const REPORT_NAMES: Readonly<Record<ReportApi, ReportNames>> = {
  openreports: { apiVersion: 'openreports.io/v1alpha1', namespaced: 'Report', cluster: 'ClusterReport' },
  wgpolicyk8s: { apiVersion: 'wgpolicyk8s.io/v1alpha2', namespaced: 'PolicyReport', cluster: 'ClusterPolicyReport' },
};

/** The same in every namespace. */
export const REPORT_NAME = 'meshproof';
const MAX_RESULTS = 500;
/** Of all results: etcd takes 1.5 MiB an object (etcd: server/embed/config.go:DefaultMaxRequestBytes). */
const MAX_RESULT_BYTES = 1024 * 1024;

/** As a List that `kubectl apply -f -` takes. */
export function publishOpenReports(sweep: Sweep): string {
  return listOf(reportsOf(ofSweep(sweep), { api: 'openreports' }));
}

/** The same for clusters that have the older API. */
export function publishPolicyReports(sweep: Sweep): string {
  return listOf(reportsOf(ofSweep(sweep), { api: 'wgpolicyk8s' }));
}

export function ofSweep({ id, finishedAt, cells, conflicts }: Sweep): Reportable {
  const atMs = Date.parse(finishedAt);
  return {
    id,
    atMs,
    cells: cells.map((cell) => {
      return { cell, foundAtMs: cell.attempts.at(-1)?.startedAtMs ?? atMs, suppression: null };
    }),
    conflicts,
  };
}

export function ofCurrent({ revision, atMs, routes, conflicts }: Current): Reportable {
  return {
    id: String(revision),
    atMs,
    cells: routes.map(({ cell, sinceMs, suppression }) => ({ cell, foundAtMs: sinceMs, suppression })),
    conflicts,
  };
}

/** By namespace, the one without a namespace last. A conflict stands where its first object with a namespace does. */
export function reportsOf({ id, atMs, cells, conflicts }: Reportable, options: ReportOptions): readonly Report[] {
  const results = [
    ...cells.map((one) => [one.cell.target.namespace, cellResult(one)] as const),
    ...conflicts.map((one) => [namespaceOf(one.cause.objects), conflictResult(one, atMs)] as const),
  ];
  return inNamespaces(results, { id, atMs }, options);
}

/** `results`: each with the namespace that it stands in; empty: none. */
export function inNamespaces(
  results: readonly (readonly [namespace: string, result: ReportResult])[],
  { id, atMs }: Pick<Reportable, 'id' | 'atMs'>,
  options: ReportOptions,
): readonly Report[] {
  const byNamespace = [...Map.groupBy(results, ([namespace]) => namespace)].sort(
    ([left], [right]) => Number(left === '') - Number(right === '') || compareText(left, right),
  );
  return byNamespace.map(([namespace, group]) => {
    const all = group.map(([, result]) => result);
    return report(namespace, all, { 'meshproof.io/measured': id, 'meshproof.io/measured-at': isoOf(atMs) }, options);
  });
}

function report(
  namespace: string,
  all: readonly ReportResult[],
  annotations: Readonly<Record<string, string>>,
  { api, maxResults = MAX_RESULTS }: ReportOptions,
): Report {
  const names = REPORT_NAMES[api];
  const results = worst(all, maxResults);
  return {
    apiVersion: names.apiVersion,
    kind: namespace === '' ? names.cluster : names.namespaced,
    metadata: {
      name: REPORT_NAME,
      ...(namespace !== '' && { namespace }),
      labels: { 'app.kubernetes.io/managed-by': 'meshproof' },
      annotations: { ...annotations, 'meshproof.io/results-left-out': String(all.length - results.length) },
    },
    ...(api === 'openreports' && { source: 'meshproof', configuration: { limits: { maxResults } } }),
    ...(namespace !== '' && { scope: { apiVersion: 'v1', kind: 'Namespace', name: namespace } }),
    summary: summaryOf(all),
    results,
  };
}

/** As many as are allowed and fit. */
function worst(all: readonly ReportResult[], maxResults: number): readonly ReportResult[] {
  const sorted = [...all].sort((left, right) => badness(right) - badness(left)).slice(0, maxResults);
  let sizeBytes = 0;
  const tooMuch = sorted.findIndex((result) => {
    sizeBytes += Buffer.byteLength(JSON.stringify(result));
    return sizeBytes > MAX_RESULT_BYTES;
  });
  return tooMuch === -1 ? sorted : sorted.slice(0, tooMuch);
}

function summaryOf(results: readonly ReportResult[]): Report['summary'] {
  const count = (status: ReportStatus): number => results.filter(({ result }) => result === status).length;
  return { pass: count('pass'), fail: count('fail'), warn: count('warn'), error: count('error'), skip: count('skip') };
}

const SEVERITIES: readonly ReportResult['severity'][] = [undefined, 'info', 'low', 'medium', 'high', 'critical'];
const STATUSES: readonly ReportStatus[] = ['pass', 'skip', 'error', 'warn', 'fail'];

/** Failures before warnings before what is not known, each by its severity. */
function badness({ result, severity }: ReportResult): number {
  return 10 * STATUSES.indexOf(result) + SEVERITIES.indexOf(severity);
}

export function namespaceOf(objects: readonly ObjectRef[]): string {
  return objects.find(({ namespace }) => namespace !== '')?.namespace ?? '';
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

export function listOf(items: readonly Report[]): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2)}\n`;
}
