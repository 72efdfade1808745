/** What differs from a baseline as policy reports: a result a route, by the namespace of its target. */
import type { ObjectRef } from '../declared/expectation.ts';
import { isKnown } from '../gate/comparison.ts';
import type { BaselineCell, BaselineConflict } from '../gate/baseline.ts';
import type { Difference } from '../gate/comparison.ts';
import type { MissingChange } from '../gate/expected-changes.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import { stateWords } from './compared-routes.ts';
import { inNamespaces, listOf, namespaceOf } from './open-reports.ts';
import { cut, idOf, objectsWords, properties, referenceToObject, timestampOf } from './open-reports-words.ts';
import type { ReportResult, ReportStatus } from './open-reports-words.ts';
import { changeWords, expectedWords, missingWords } from './verification-words.ts';

type Placed = readonly [namespace: string, result: ReportResult];

/** As a List that `kubectl apply -f -` takes. Routes that are as they were pass; those that nobody knows now are errors. */
export function verificationOpenReports({ kind, verification }: VerificationReport): string {
  const { unexpected, unexpectedConflicts, missing, comparison, after } = verification;
  const atMs = Date.parse(after.finishedAt);
  const differing = new Map(unexpected.map((one) => [(one.after ?? one.before).identity, one]));
  const gone = unexpected.flatMap((one) => (one.kind === 'gone' ? [one.before] : []));
  const ended = kind === 'diff' ? comparison.endedConflicts : [];
  const results: readonly Placed[] = [
    ...[...after.cells, ...gone].map((cell) => ofRoute(cell, differing.get(cell.identity), atMs)),
    ...missing.map((change) => ofMissing(change, atMs)),
    ...unexpectedConflicts.map((conflict) => ofConflict(conflict, 'new', atMs)),
    ...ended.map((conflict) => ofConflict(conflict, 'gone', atMs)),
  ];
  return listOf(inNamespaces(results, { id: after.sweepId, atMs }, { api: 'openreports' }));
}

const TARGET = /^(?<pods>pods:)?(?<namespace>[^/]+)\/(?<name>.+?):\d+/;

function ofRoute(cell: BaselineCell, difference: Difference | undefined, atMs: number): Placed {
  const { table, vantage, target, probe, identity } = cell;
  const { pods, namespace = '', name = target } = TARGET.exec(target)?.groups ?? {};
  const { before = null, after = cell } = difference ?? {};
  const status = difference !== undefined ? 'fail' : isKnown(cell) ? 'pass' : 'error';
  const said = difference === undefined ? `as it was: ${stateWords(cell)}` : changeWords(difference);
  return [
    namespace,
    result(status, table, probe, atMs, {
      key: identity,
      resources: [{ kind: pods === undefined ? 'Service' : 'Workload', namespace, name, path: '' }],
      message: `${vantage} → ${target}: ${status === 'error' ? 'not known now' : said}${after?.message ? `. ${after.message}` : ''}`,
      cause: difference === undefined ? null : after,
      more: {
        vantage,
        target,
        change: difference?.kind ?? '',
        before: before === null ? '' : stateWords(before),
        now: after === null ? '' : stateWords(after),
      },
    }),
  ];
}

function ofMissing(change: MissingChange, atMs: number): Placed {
  const key = expectedWords(change.expected);
  const status = change.why === 'unknown' ? 'error' : 'fail';
  const facts = { key, resources: [], message: missingWords(change), cause: null, more: { change: 'missing' } };
  return ['', result(status, 'expected-change', change.why, atMs, facts)];
}

function ofConflict(conflict: BaselineConflict, change: 'new' | 'gone', atMs: number): Placed {
  const { code, objects, message, fix, cells } = conflict;
  return [
    namespaceOf(objects),
    result('fail', 'conflict', code, atMs, {
      key: objectsWords(objects),
      resources: objects,
      message,
      cause: { cause: code, fix, objects },
      more: { change, cells: String(cells.length) },
    }),
  ];
}

interface Facts {
  /** Makes the id, with policy and rule. */
  readonly key: string;
  readonly resources: readonly ObjectRef[];
  readonly message: string;
  readonly cause: Pick<BaselineCell, 'cause' | 'fix' | 'objects'> | null;
  readonly more: Readonly<Record<string, string>>;
}

function result(
  status: ReportStatus,
  policy: string,
  rule: string,
  atMs: number,
  { key, resources, message, cause, more }: Facts,
): ReportResult {
  return {
    source: 'meshproof',
    policy,
    rule,
    category: 'verification',
    ...(status === 'fail' && { severity: 'high' as const }),
    timestamp: timestampOf(atMs),
    result: status,
    scored: status !== 'error',
    resources: resources.map(referenceToObject),
    message: cut(message),
    properties: properties({
      resultID: idOf(policy, rule, key),
      ...more,
      cause: cause?.cause ?? '',
      fix: cause?.fix ?? '',
      objects: objectsWords(cause?.objects ?? []),
    }),
  };
}
