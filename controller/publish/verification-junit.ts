/** A verification as JUnit XML: a suite a target, a test case a route; what was to happen and did not is a suite of its own. */
import type { BaselineCell } from '../gate/baseline.ts';
import type { Difference } from '../gate/comparison.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import { stateWords, targetWords } from './compared-routes.ts';
import { causeWords, changeWords, conflictTitle, expectedWords, headline, missingWords } from './verification-words.ts';
import type { XmlElement } from './xml.ts';
import { xmlDocument } from './xml.ts';

interface Case {
  readonly suite: string;
  readonly name: string;
  readonly result: XmlElement | null;
}

/** As `matrix -o junit`, only elements and attributes that Jenkins and GitLab share; there are no times to tell. */
export function verificationJunit(report: VerificationReport): string {
  const { unexpected, missing, unexpectedConflicts, comparison, after, verdict } = report.verification;
  // Of a change, that a conflict is gone is good news; of two that are held against each other, it is a difference.
  const ended = report.kind === 'diff' ? comparison.endedConflicts : [];
  const failed = new Map(
    unexpected.map((difference) => [(difference.after ?? difference.before).identity, difference]),
  );
  const gone = unexpected.flatMap(({ kind, before }) => (kind === 'gone' ? [before] : []));
  const cases: readonly Case[] = [
    ...[...after.cells, ...gone].map((cell) => routeCase(cell, failed.get(cell.identity))),
    ...missing.map(({ expected, why, cells }): Case => {
      const message = missingWords({ expected, why, cells });
      const result = why === 'unknown' ? element('skipped', message) : element('failure', message, 'expected-change');
      return { suite: 'expected changes', name: expectedWords(expected), result };
    }),
    ...unexpectedConflicts.map((conflict): Case => {
      const { message, code, fix } = conflict;
      return {
        suite: 'conflicts',
        name: conflictTitle(conflict),
        result: element('failure', message, code, `fix: ${fix}`),
      };
    }),
    ...ended.map((conflict): Case => ({
      suite: 'conflicts',
      name: conflictTitle(conflict),
      result: element('failure', `gone: ${conflict.message}`, conflict.code),
    })),
    // A gate that cannot say is no success, whatever a reader makes of skipped cases.
    {
      suite: 'verdict',
      name: `held against ${report.verification.before.name}`,
      result: verdict === 'inconclusive' ? element('error', headline(report), 'inconclusive') : null,
    },
  ];
  const suites = [...Map.groupBy(cases, ({ suite }) => suite)];
  return xmlDocument({
    name: 'testsuites',
    attributes: {
      name: report.kind === 'diff' ? 'meshproof diff' : 'meshproof verify',
      ...countsOf(cases),
      time: '0.000',
    },
    content: suites.map(([name, members]) => ({
      name: 'testsuite',
      attributes: {
        name,
        ...countsOf(members),
        skipped: count(members, 'skipped'),
        time: '0.000',
        timestamp: after.startedAt.slice(0, 19),
      },
      content: members.map(caseElement),
    })),
  });
}

function caseElement({ suite, name, result }: Case): XmlElement {
  return {
    name: 'testcase',
    attributes: { name, classname: suite, time: '0.000' },
    content: result === null ? [] : [result],
  };
}

function routeCase(cell: BaselineCell, difference: Difference | undefined): Case {
  const place = { suite: targetWords(cell.target), name: `${cell.vantage} → ${cell.probe}` };
  if (difference !== undefined) {
    const { after } = difference;
    const why = after === null || after.message === '' ? '' : `: ${after.message}`;
    const text = [
      ...(after === null ? [] : [`now: ${stateWords(after)}`]),
      ...(causeWords(after) === '' ? [] : [`cause: ${causeWords(after)}`]),
      ...(after === null || after.fix === '' ? [] : [`fix: ${after.fix}`]),
    ].join('\n');
    return {
      ...place,
      result: element('failure', `${changeWords(difference)}${why}`, after?.cause ?? difference.kind, text),
    };
  }
  if (cell.drift !== 'unknown') return { ...place, result: null };
  return { ...place, result: element('skipped', cell.message === '' ? 'not measured' : cell.message) };
}

function element(name: 'failure' | 'skipped' | 'error', message: string, type = '', text = ''): XmlElement {
  return { name, attributes: { message, ...(name !== 'skipped' && { type }) }, content: text };
}

function countsOf(cases: readonly Case[]): Readonly<Record<string, number>> {
  return { tests: cases.length, failures: count(cases, 'failure'), errors: count(cases, 'error') };
}

function count(cases: readonly Case[], name: string): number {
  return cases.filter(({ result }) => result?.name === name).length;
}
