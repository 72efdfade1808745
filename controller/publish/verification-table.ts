/** A verification for the terminal: the answer, what nobody meant, what was meant, what stood before, what is not known. */
import type { BaselineCell, BaselineConflict } from '../gate/baseline.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import type { VerdictValue } from '../judge/finding.ts';
import { counted } from '../judge/sentences.ts';
import { routeLines, stateWords } from './compared-routes.ts';
import { objectWords } from './object-words.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { paragraph } from './text-layout.ts';
import { predictionLines } from './verification-prediction.ts';
import { watchLines } from './verification-watch.ts';
import type { ChangeGroup } from './verification-words.ts';
import {
  causeWords,
  changedTitle,
  circumstances,
  conflictTitle,
  expectedWords,
  groupChanges,
  headline,
  missingWords,
  seenWords,
} from './verification-words.ts';

const TONES: Readonly<Record<VerdictValue, Tone>> = { pass: 'good', fail: 'alarm', inconclusive: 'warn' };
const SHOWN = 10;

export function verificationTable(report: VerificationReport, page: Page): string {
  const { verification, flaps, prediction, watch } = report;
  const { unexpected, meant, missing, unexpectedConflicts, comparison, verdict, after } = verification;
  const { standing, standingConflicts, endedConflicts, shifted, newConflicts } = comparison;
  const mild = newConflicts.filter((conflict) => !unexpectedConflicts.includes(conflict));
  const unknown = after.cells.filter(({ drift }) => drift === 'unknown');
  const sections: (readonly string[])[] = [
    changes(
      `${changedTitle(report)}: ${counted(unexpected.length, 'route', 'routes')}`,
      groupChanges(unexpected),
      page,
    ),
    conflicts('Conflicts that were not there before', unexpectedConflicts, page),
    titled(
      page,
      'Meant, and did not happen',
      missing
        .filter(({ expected }) => prediction === undefined || expected.isForetold !== true)
        .flatMap((one) => paragraph('  ', `${expectedWords(one.expected)}; but ${missingWords(one)}`, page.columns)),
    ),
    changes(`Changed as meant: ${counted(meant.length, 'route', 'routes')}`, groupChanges(meant), page, false),
    prediction === undefined ? [] : predictionLines(prediction, page),
    watch === undefined ? [] : watchLines(watch, page),
    titled(
      page,
      'Not the same in all sweeps',
      flaps
        .slice(0, SHOWN)
        .flatMap(({ identity, seen }) => paragraph('  ', `${routeOf(identity)}: ${seenWords(seen)}`, page.columns)),
      flaps.length,
    ),
    titled(page, `Not known: ${counted(unknown.length, 'route', 'routes')}`, unknownLines(unknown, page)),
    titled(
      page,
      `Wrong before, and as wrong now: ${counted(standing.length, 'route', 'routes')}`,
      byCause(standing, page),
    ),
    conflicts('Conflicts that were there before', standingConflicts, page, false),
    conflicts('New, and no failure', mild, page, false),
    titled(page, 'Closed as before, but by another layer than declared', routeLines(shifted, page, '  ')),
    conflicts('Conflicts that are gone', endedConflicts, page, false),
    [
      ...paragraph('', circumstances(report), page.columns),
      ...paragraph('', headline(report), page.columns).map((line) => paint(page, TONES[verdict], line)),
    ],
  ];
  const filled = sections.filter((lines) => lines.length > 0);
  return `${filled.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Reasons and fixes are for what has to be looked at; what is as meant is named only. */
function changes(title: string, groups: readonly ChangeGroup[], page: Page, isExplained = true): readonly string[] {
  const lines = groups.flatMap((group, at) => {
    const { cells, example } = group;
    const head = `${String(at + 1).padStart(3)}  ${group.title}   ${causeWords(example)}`.trimEnd();
    const tone = isExplained ? 'bad' : 'plain';
    return [
      ...(at > 0 && isExplained ? [''] : []),
      paint(page, tone, head),
      ...(isExplained && example !== null ? explanation(example, page) : []),
      ...routeLines(cells, page, isExplained ? '     routes   ' : '     ').map((line, index) =>
        index > 0 && isExplained ? line.replace('routes', '      ') : line,
      ),
    ];
  });
  return titled(page, title, lines);
}

function explanation(
  { message, objects, fix }: Pick<BaselineCell, 'message' | 'objects' | 'fix'>,
  page: Page,
): readonly string[] {
  return [
    ...paragraph('     ', message, page.columns),
    ...(objects.length === 0 ? [] : paragraph('     objects  ', objects.map(objectWords).join(', '), page.columns)),
    ...(fix === '' ? [] : paragraph('     fix      ', fix, page.columns)),
  ];
}

function conflicts(
  title: string,
  found: readonly BaselineConflict[],
  page: Page,
  isExplained = true,
): readonly string[] {
  const lines = found
    .slice(0, SHOWN)
    .flatMap((conflict) =>
      isExplained
        ? [paint(page, 'bad', `     ${conflictTitle(conflict)}`), ...explanation(conflict, page)]
        : paragraph('  ', `${conflictTitle(conflict)}: ${conflict.objects.map(objectWords).join(', ')}`, page.columns),
    );
  return titled(page, title, lines, found.length);
}

function byCause(cells: readonly BaselineCell[], page: Page): readonly string[] {
  const groups = Map.groupBy(
    cells,
    (cell) => `${stateWords(cell)}${cell.cause === null ? '' : `   ${causeWords(cell)}`}`,
  );
  return [...groups].flatMap(([title, group]) => [`  ${title}`, ...routeLines(group, page, '     ')]);
}

function unknownLines(cells: readonly BaselineCell[], page: Page): readonly string[] {
  const groups = Map.groupBy(cells, ({ message }) => message);
  return [...groups]
    .slice(0, SHOWN)
    .flatMap(([message, group]) => [
      ...paragraph('  ', message === '' ? 'It was not measured.' : message, page.columns),
      ...routeLines(group, page, '     '),
    ]);
}

function titled(page: Page, title: string, lines: readonly string[], count = 0): readonly string[] {
  if (lines.length === 0) return [];
  const rest = count - SHOWN;
  return [paint(page, 'strong', title), ...lines, ...(rest > 0 ? [`  and ${String(rest)} more`] : [])];
}

function routeOf(identity: string): string {
  return identity.replace(/^[a-z]+ /, '').replace('pods:', 'pods of ');
}
