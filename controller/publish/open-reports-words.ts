/** One cell, or one conflict, as a result of a policy report. */
import { createHash } from 'node:crypto';
import { probeKey, targetKey, vantageKey } from '../../proto/vocabulary.ts';
import type { Target } from '../../proto/vocabulary.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import type { Cell, Conflict, Drift, Severity } from '../judge/finding.ts';
import { isFailure, reasonOf } from './finding-list.ts';
import { objectWords } from './object-words.ts';
import { outcomeWords } from './outcome-words.ts';

/** openreports: apis/openreports.io/v1alpha1/report_types.go:Result; `error` is what could not be evaluated. */
export type ReportStatus = 'pass' | 'fail' | 'warn' | 'error' | 'skip';

export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly fieldPath?: string;
}

/** The fields that openreports.io/v1alpha1 and wgpolicyk8s.io/v1alpha2 share. */
export interface ReportResult {
  readonly source: 'meshproof';
  readonly policy: string;
  readonly rule: string;
  readonly category?: string;
  readonly severity?: 'critical' | 'high' | 'medium' | 'low' | 'info';
  /** When it was found. */
  readonly timestamp: { readonly seconds: number; readonly nanos: number };
  readonly result: ReportStatus;
  readonly scored: boolean;
  readonly resources: readonly ObjectReference[];
  readonly message: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** A cell with what a report says besides. */
export interface ReportedCell {
  readonly cell: Cell;
  /** When it became what it is, milliseconds since 1970. */
  readonly foundAtMs: number;
  /** Why it says nothing about policy at the moment; null: it does. */
  readonly suppression: string | null;
}

const STATUS: Readonly<Record<Drift, ReportStatus>> = {
  agrees: 'pass',
  exposed: 'fail',
  blocked: 'fail',
  downgraded: 'fail',
  misplaced: 'warn',
  unknown: 'error',
};

const SEVERITY: Partial<Record<Drift, NonNullable<ReportResult['severity']>>> = {
  exposed: 'critical',
  downgraded: 'high',
  blocked: 'high',
  misplaced: 'low',
};

const CONFLICT_SEVERITY = { critical: 'critical', error: 'high', warning: 'medium' } as const satisfies Record<
  Severity,
  ReportResult['severity']
>;

const OBJECTS = 20;
const TEXT_LENGTH = 1024;

/** Rule is the kind of probe: it stays the same when the result changes, and with it the id. */
export function cellResult({ cell, foundAtMs, suppression }: ReportedCell): ReportResult {
  const { table, key, vantage, target, probe, expectation, outcome, drift, cause } = cell;
  const severity = SEVERITY[drift];
  const isSuppressed = suppression !== null && drift !== 'agrees';
  return {
    source: 'meshproof',
    policy: table,
    rule: probe.kind,
    category: drift,
    ...(severity !== undefined && !isSuppressed && { severity }),
    timestamp: timestampOf(foundAtMs),
    result: isSuppressed ? 'skip' : STATUS[drift],
    scored: drift !== 'misplaced' && drift !== 'unknown',
    resources: [referenceTo(target)],
    message: cut(messageOf(cell)),
    properties: properties({
      resultID: idOf(table, probe.kind, key),
      vantage: vantageKey(vantage),
      target: targetKey(target),
      probe: probeKey(probe),
      declared: `${expectation.expect} (${expectation.outcome})`,
      measured: outcomeWords(outcome),
      cause: cause?.code ?? '',
      fix: cause?.fix ?? '',
      objects: cause === null ? '' : objectsWords(cause.objects),
      suppressed: isSuppressed ? suppression : '',
    }),
  };
}

/** As for the verdict: what the wire does not confirm fails nothing. */
export function conflictResult({ severity, cause, cells, isConfirmed }: Conflict, foundAtMs: number): ReportResult {
  const fails = isFailure({ label: severity, isConfirmed });
  const objects = cause.objects.map(objectWords).sort().join(', ');
  return {
    source: 'meshproof',
    policy: 'conflict',
    rule: cause.code,
    category: 'conflict',
    severity: CONFLICT_SEVERITY[severity],
    timestamp: timestampOf(foundAtMs),
    result: fails ? 'fail' : 'warn',
    scored: fails,
    resources: cause.objects.slice(0, OBJECTS).map(referenceToObject),
    message: cut(cause.message),
    properties: properties({
      resultID: idOf('conflict', cause.code, objects),
      cause: cause.code,
      fix: cause.fix,
      objects: objectsWords(cause.objects),
      cells: String(cells.length),
      confirmed: String(isConfirmed),
    }),
  };
}

function messageOf(cell: Cell): string {
  if (cell.cause !== null) return cell.cause.message;
  if (cell.drift === 'agrees') return `${cell.key}: ${outcomeWords(cell.outcome)}, as declared`;
  return `${reasonOf(cell)}.`;
}

/** 64 bits are enough for some millions of results, and short enough to be read out. */
export function idOf(policy: string, rule: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([policy, rule, key]))
    .digest('hex')
    .slice(0, 16);
}

function referenceTo({ kind, namespace, name }: Target): ObjectReference {
  return { apiVersion: 'v1', kind: kind === 'service' ? 'Service' : 'Pod', namespace, name };
}

export function referenceToObject({ kind, namespace, name, path }: ObjectRef): ObjectReference {
  return {
    kind,
    ...(namespace !== '' && { namespace }),
    name,
    ...(path !== undefined && path !== '' && { fieldPath: path }),
  };
}

export function objectsWords(objects: readonly ObjectRef[]): string {
  return objects.map(objectWords).join(', ');
}

/** Those that say something; a property is a text, whatever it holds. */
export function properties(all: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(all)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [key, cut(value)]),
  );
}

export function cut(text: string): string {
  return text.length <= TEXT_LENGTH ? text : `${text.slice(0, TEXT_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

export function timestampOf(ms: number): ReportResult['timestamp'] {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}
