/** A preview in each of its output formats. */
import type { Door } from '../gate/door.ts';
import type { Flip } from '../gate/flip.ts';
import type { Preview } from '../gate/preview.ts';
import type { Cell } from '../judge/finding.ts';
import { API_VERSION } from './json.ts';
import type { Page } from './page.ts';
import { previewMarkdown } from './preview-markdown.ts';
import { previewTable } from './preview-table.ts';
import type { PreviewSubject } from './preview-words.ts';

export const PREVIEW_FORMATS = ['table', 'json', 'markdown'] as const;
export type PreviewFormat = (typeof PREVIEW_FORMATS)[number];

/** Each gives the whole text, with a newline at its end. `page` matters to `table` alone. */
export const PREVIEW_PUBLISHERS: Readonly<
  Record<PreviewFormat, (preview: Preview, subject: PreviewSubject, page: Page) => string>
> = { table: previewTable, json: previewJson, markdown: previewMarkdown };

/** Its JSON Schema is deploy/schema/preview.schema.json. */
function previewJson(preview: Preview, subject: PreviewSubject): string {
  const { answer, changes, asked, appeared, gone, groups, doors, conflicts } = preview;
  const { kind } = subject;
  const document = {
    apiVersion: API_VERSION,
    kind: 'Preview',
    subject: kind === 'strict' ? { kind, namespaces: subject.namespaces } : { kind },
    answer,
    changes,
    counts: { asked, appeared, gone, flipped: groups.flatMap(({ flips }) => flips).length },
    groups: groups.map((group) => ({ kind: group.kind, cause: group.cause, cells: group.flips.map(flippedCell) })),
    ports: doors.map(({ before, after }) => ({
      pod: after.pod,
      port: after.port,
      before: modeOf(before),
      after: modeOf(after),
    })),
    ...(kind === 'strict' ? { exceptions: subject.exceptions } : {}),
    conflicts,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function flippedCell({ before, after }: Flip): unknown {
  const { key, table, source, target, probe } = after;
  return { key, table, source, target, probe, before: answerOf(before), after: answerOf(after) };
}

function answerOf({ expectation: { expect, outcome, transport, identity, decidedBy } }: Cell): unknown {
  return { expect, outcome, transport, identity, decidedBy };
}

function modeOf({ mode, object }: Door): unknown {
  return { mode, object };
}
