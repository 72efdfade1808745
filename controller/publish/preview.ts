/** A preview in each of its output formats. */
import type { Door } from '../gate/door.ts';
import type { Flip } from '../gate/flip.ts';
import type { MeasuredPreview } from '../gate/measured-preview.ts';
import type { Readiness } from '../gate/readiness.ts';
import type { Cell } from '../judge/finding.ts';
import { API_VERSION } from './json.ts';
import type { Page } from './page.ts';
import { previewManifests } from './preview-manifests.ts';
import { previewMarkdown } from './preview-markdown.ts';
import { previewSarif } from './preview-sarif.ts';
import { previewTable } from './preview-table.ts';
import type { PreviewReport } from './preview-words.ts';
import type { Locate } from './sarif-places.ts';

export type PreviewFormat = 'table' | 'json' | 'markdown' | 'sarif' | 'manifests';

/** Each gives the whole text, with a newline at its end. `page` matters to `table` alone, and `locate` to `sarif`. */
export const PREVIEW_PUBLISHERS: Readonly<
  Record<PreviewFormat, (report: PreviewReport, page: Page, locate?: Locate) => string>
> = {
  table: previewTable,
  json: previewJson,
  markdown: previewMarkdown,
  sarif: previewSarif,
  manifests: previewManifests,
};

/** Its JSON Schema is deploy/schema/preview.schema.json. */
function previewJson({ preview, subject, measured }: PreviewReport): string {
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
    ...(kind === 'strict' ? { exceptions: subject.exceptions, readiness: readinessOf(subject.readiness) } : {}),
    conflicts,
    ...(measured !== undefined && { measured: measuredOf(measured) }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function readinessOf({ calls, exceptions, manifests, lost }: Readiness): unknown {
  return { calls, needed: exceptions, manifests, lost };
}

/** `verify --preview` reads baseline, predictions and workloads. */
function measuredOf(measured: MeasuredPreview): unknown {
  const { baseline, foreseen, alreadyClosed, strangers, predictions, workloads } = measured;
  return {
    foreseen: foreseen.map(({ kind, certainty, why, cell: { key, table }, cause }) => ({
      kind,
      certainty,
      why,
      key,
      table,
      cause,
    })),
    alreadyClosed: alreadyClosed.map(({ key }) => key),
    strangers,
    predictions,
    workloads: Object.fromEntries(workloads),
    baseline: { apiVersion: API_VERSION, kind: 'Baseline', ...baseline },
  };
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
