/** A verification for pull requests and step summaries. */
import type { BaselineConflict } from '../gate/baseline.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import { counted } from '../judge/sentences.ts';
import { routeGroups } from './compared-routes.ts';
import { code, escape } from './markdown-text.ts';
import { objectWords } from './object-words.ts';
import { predictionItems, predictionWords } from './verification-prediction.ts';
import { watchWords } from './verification-watch.ts';
import type { ChangeGroup } from './verification-words.ts';
import {
  causeWords,
  changedTitle,
  circumstances,
  conflictTitle,
  durationWords,
  expectedWords,
  groupChanges,
  headline,
  missingWords,
  seenWords,
} from './verification-words.ts';

/** GitHub refuses a comment of more than 65 536 characters. */
const MAX_LENGTH = 60_000;
const SHOWN = 10;

export function verificationMarkdown(report: VerificationReport): string {
  const { verification, flaps, prediction, watch } = report;
  const { unexpected, meant, missing, unexpectedConflicts, comparison, after } = verification;
  const unknown = after.cells.filter(({ drift }) => drift === 'unknown');
  const parts = [
    section(changedTitle(report), groupChanges(unexpected).map(groupItem)),
    section(
      'Conflicts that were not there before',
      unexpectedConflicts.map((conflict) => {
        const fix = conflict.fix === '' ? '' : ` Fix: ${escape(conflict.fix)}`;
        return `- **${escape(conflictTitle(conflict))}**: ${escape(conflict.message)}${fix}`;
      }),
    ),
    section(
      'Conflicts that are gone',
      comparison.endedConflicts.map((conflict) => `- ${escape(conflictTitle(conflict))}: ${conflictObjects(conflict)}`),
    ),
    section(
      'Meant, and did not happen',
      missing.map((one) => `- ${code(expectedWords(one.expected))}: ${escape(missingWords(one))}`),
    ),
    section(
      'Changed as meant',
      groupChanges(meant).map(({ title, cells }) => `- ${escape(title)}: ${routes(cells)}`),
    ),
    prediction === undefined
      ? ''
      : section(
          `The prediction: ${escape(predictionWords(prediction))}`,
          predictionItems(prediction).map(([words, cells]) => `- ${escape(words)}: ${routes(cells)}`),
        ),
    watch === undefined ? '' : watched(watch),
    section(
      'Not the same in all sweeps',
      flaps.slice(0, SHOWN).map(({ identity, seen }) => `- ${code(identity)}: ${escape(seenWords(seen))}`),
    ),
    section('Not known', byReason(unknown)),
    comparison.standing.length + comparison.standingConflicts.length === 0
      ? ''
      : `Wrong before, and as wrong now: ${counted(comparison.standing.length, 'route', 'routes')}, ${counted(comparison.standingConflicts.length, 'conflict', 'conflicts')}.\n`,
  ].filter((part) => part !== '');
  let text = `## Meshproof: ${escape(headline(report))}\n\n${escape(circumstances(report))}\n`;
  let omitted = 0;
  for (const part of parts) {
    if (text.length + part.length + 1 > MAX_LENGTH) omitted += 1;
    else text += `\n${part}`;
  }
  return omitted === 0
    ? text
    : `${text}\n${String(omitted)} more parts left out for want of room; see the JSON output.\n`;
}

function conflictObjects({ objects }: BaselineConflict): string {
  return objects.map(objectWords).map(code).join(', ');
}

function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `### ${title}\n\n${items.join('\n')}\n`;
}

function groupItem({ title, cells, example }: ChangeGroup): string {
  const lines = [`- **${escape(title)}**${inBrackets(causeWords(example))}: ${routes(cells)}`];
  if (example !== null) {
    lines.push(`  - ${escape(example.message)}`);
    if (example.objects.length > 0) lines.push(`  - objects: ${example.objects.map(objectWords).map(code).join(', ')}`);
    if (example.fix !== '') lines.push(`  - fix: ${escape(example.fix)}`);
  }
  return lines.join('\n');
}

function inBrackets(words: string): string {
  return words === '' ? '' : ` (${words})`;
}

function routes(cells: Parameters<typeof routeGroups>[0]): string {
  const groups = routeGroups(cells);
  const rest = groups.length - SHOWN;
  return `${groups.slice(0, SHOWN).map(code).join(', ')}${rest > 0 ? ` and ${String(rest)} more` : ''}`;
}

function byReason(cells: VerificationReport['verification']['after']['cells']): readonly string[] {
  const groups = Map.groupBy(cells, ({ message }) => message);
  return [...groups]
    .slice(0, SHOWN)
    .map(([message, group]) => `- ${escape(message === '' ? 'not measured' : message)} ${routes(group)}`);
}

function watched(report: NonNullable<VerificationReport['watch']>): string {
  const rows = report.routes
    .slice(0, SHOWN)
    .map(
      ({ identity, outageMs, openingMs, flips }) =>
        `| ${code(identity)} | ${durationWords(outageMs)} | ${durationWords(openingMs)} | ${String(flips)} |`,
    );
  const table = rows.length === 0 ? [] : ['', '| route | down | open | flips |', '| --- | --- | --- | --- |', ...rows];
  return `### Watched\n\n${counted(report.sweeps, 'sweep', 'sweeps')}, ${escape(watchWords(report))}.\n${table.join('\n')}\n`;
}
