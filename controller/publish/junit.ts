/**
 * The sweep as JUnit XML: a suite a target, a test case a cell. Only elements and attributes that both Jenkins (its
 * junit-10.xsd) and GitLab read.
 */
import { probeKey, targetKey, vantageKey } from '../../proto/vocabulary.ts';
import type { Cell, Sweep } from '../judge/finding.ts';
import { compareTargets } from './target-order.ts';
import type { Finding } from './finding-list.ts';
import { isFailure, listFindings, reasonOf } from './finding-list.ts';
import { findingSentence } from './finding-words.ts';
import { outcomeWords } from './outcome-words.ts';
import type { XmlElement } from './xml.ts';
import { xmlDocument } from './xml.ts';

type CaseResult =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failure' | 'error'; readonly type: string; readonly message: string; readonly text: string }
  | { readonly kind: 'skipped'; readonly message: string };

interface Case {
  readonly cell: Cell;
  readonly seconds: number;
  readonly result: CaseResult;
}

export function publishJunit(sweep: Sweep): string {
  const list = listFindings(sweep);
  const cases = sweep.cells.map((cell): Case => {
    const number = list.numberOf.get(cell.key);
    const finding = number === undefined ? undefined : list.findings[number - 1];
    return { cell, seconds: secondsOf(cell), result: resultOf(cell, finding) };
  });
  const suites = [...Map.groupBy(cases, (one) => targetKey(one.cell.target))].sort(([, left], [, right]) =>
    left[0] === undefined || right[0] === undefined ? 0 : compareTargets(left[0].cell.target, right[0].cell.target),
  );
  return xmlDocument({
    name: 'testsuites',
    attributes: {
      name: 'meshproof',
      tests: cases.length,
      failures: countOf(cases, 'failure'),
      errors: countOf(cases, 'error'),
      time: timeOf(cases),
    },
    content: suites.map(([target, group]) => suiteOf(target, group, sweep.startedAt)),
  });
}

function suiteOf(target: string, cases: readonly Case[], startedAt: string): XmlElement {
  return {
    name: 'testsuite',
    attributes: {
      name: target,
      tests: cases.length,
      failures: countOf(cases, 'failure'),
      errors: countOf(cases, 'error'),
      skipped: countOf(cases, 'skipped'),
      time: timeOf(cases),
      // Both take the time without zone and fraction; it is UTC here.
      timestamp: startedAt.slice(0, 19),
    },
    content: cases.map((one) => caseOf(target, one)),
  };
}

function caseOf(target: string, { cell, seconds, result }: Case): XmlElement {
  const name = `${vantageKey(cell.vantage)} → ${probeKey(cell.probe)}`;
  const attributes = { name, classname: target, time: seconds.toFixed(3) };
  return { name: 'testcase', attributes, content: resultElements(result) };
}

function resultElements(result: CaseResult): readonly XmlElement[] {
  switch (result.kind) {
    case 'passed':
      return [];
    case 'skipped':
      return [{ name: 'skipped', attributes: { message: result.message }, content: [] }];
    case 'failure':
    case 'error': {
      const { kind, message, type, text } = result;
      return [{ name: kind, attributes: { message, type }, content: text }];
    }
  }
}

function resultOf(cell: Cell, finding: Finding | undefined): CaseResult {
  if (finding !== undefined && isFailure(finding)) {
    const text = [
      `declared: ${cell.expectation.expect} (${cell.expectation.outcome})`,
      `measured: ${outcomeWords(cell.outcome)}`,
      ...(finding.cause === null ? [] : [`fix: ${finding.cause.fix}`]),
    ].join('\n');
    return { kind: 'failure', type: finding.cause?.code ?? finding.label, message: findingSentence(finding), text };
  }
  if (cell.outcome.kind === 'untested') {
    const { why, detail } = cell.outcome;
    return { kind: 'error', type: why, message: outcomeWords(cell.outcome), text: detail };
  }
  if (cell.drift === 'unknown') {
    return { kind: 'skipped', message: cell.cause?.message ?? reasonOf(cell) };
  }
  return { kind: 'passed' };
}

function secondsOf(cell: Cell): number {
  const ms = cell.attempts.reduce(
    (sum, { outcome }) => sum + (outcome.kind === 'untested' ? 0 : outcome.timings.totalMs),
    0,
  );
  return Math.max(0, ms) / 1000;
}

function timeOf(cases: readonly Case[]): string {
  return cases.reduce((sum, one) => sum + one.seconds, 0).toFixed(3);
}

function countOf(cases: readonly Case[], kind: CaseResult['kind']): number {
  return cases.filter((one) => one.result.kind === kind).length;
}
