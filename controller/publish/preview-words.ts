/** A preview in words that every output shares: the headline, the titles, and who is concerned. */
import type { Door, DoorMode } from '../gate/door.ts';
import type { FlipKind } from '../gate/flip.ts';
import { answerMeasured } from '../gate/measured-answer.ts';
import type { MeasuredPreview } from '../gate/measured-preview.ts';
import type { DoorChange, FlipGroup, Preview } from '../gate/preview.ts';
import type { Readiness } from '../gate/readiness.ts';
import { CAUSES } from '../judge/causes.ts';
import { counted } from '../judge/sentences.ts';
import { objectWords } from './object-words.ts';

/** What was asked: the effect of a change, or whether STRICT can be turned on. */
export type PreviewSubject =
  | { readonly kind: 'change' }
  /** Without namespaces: the whole mesh. `exceptions` are the ports that stay open all the same. */
  | {
      readonly kind: 'strict';
      readonly namespaces: readonly string[];
      readonly exceptions: readonly Door[];
      readonly readiness: Readiness;
    };

/** All that the outputs of a preview show. */
export interface PreviewReport {
  readonly preview: Preview;
  readonly subject: PreviewSubject;
  /** Where it was joined with a sweep. */
  readonly measured?: MeasuredPreview;
}

export const FLIP_TITLES: Readonly<Record<FlipKind, string>> = {
  breaks: 'Breaks',
  opens: 'Opens',
  downgrades: 'Loses mutual TLS',
  unsure: 'Cannot be foretold',
  mends: 'Begins to work',
  secures: 'Gets mutual TLS',
};

const CLAUSES: Readonly<Record<FlipKind, readonly [one: string, many: string]>> = {
  breaks: ['breaks', 'break'],
  opens: ['opens', 'open'],
  downgrades: ['loses mutual TLS', 'lose mutual TLS'],
  unsure: ['cannot be foretold', 'cannot be foretold'],
  mends: ['begins to work', 'begin to work'],
  secures: ['gets mutual TLS', 'get mutual TLS'],
};

/** `Not ready for STRICT in the whole mesh: 3 calls and 1 health check break.` */
export function headline({ preview, subject, measured }: PreviewReport): string {
  const { groups, doors, asked } = preview;
  const answer = measured === undefined ? preview.answer : answerMeasured(preview, measured);
  const effects = [...Map.groupBy(groups, ({ kind }) => kind)].map(([kind, members]) => clause(kind, members));
  if (doors.length > 0) effects.push(counted(doors.length, 'port changes its mode', 'ports change their mode'));
  const what = effects.length === 0 ? `all ${String(asked)} answers stay as they are` : effects.join('; ');
  if (subject.kind === 'change') return `${effects.length === 0 ? 'Nothing changes: ' : ''}${what}.`;
  const { namespaces } = subject;
  const scope = namespaces.length === 0 ? 'the whole mesh' : `namespace ${namespaces.join(', ')}`;
  const ready = { safe: 'Ready', flips: 'Not ready', unsure: 'Perhaps ready' }[answer];
  return `${ready} for STRICT in ${scope}: ${what}.`;
}

function clause(kind: FlipKind, groups: readonly FlipGroup[]): string {
  const flips = groups.flatMap((group) => group.flips);
  const checks = flips.filter(({ after }) => after.table === 'health').length;
  const calls = flips.length - checks;
  const who = [
    ...(calls > 0 ? [counted(calls, 'call', 'calls')] : []),
    ...(checks > 0 ? [counted(checks, 'health check', 'health checks')] : []),
  ].join(' and ');
  return `${who} ${CLAUSES[kind][flips.length === 1 ? 0 : 1]}`;
}

/** `3 calls: strict-refuses-naked-source MP1001`. */
export function groupTitle({ cause, flips }: FlipGroup): string {
  const isHealth = flips[0]?.after.table === 'health';
  const count = isHealth
    ? counted(flips.length, 'health check', 'health checks')
    : counted(flips.length, 'call', 'calls');
  return cause.code === null ? count : `${count}: ${CAUSES[cause.code].name} ${cause.code}`;
}

export function groupCells({ flips }: FlipGroup): readonly string[] {
  return flips.map(({ after }) => after.key);
}

const MODES: Readonly<Record<DoorMode, string>> = {
  STRICT: 'STRICT',
  PERMISSIVE: 'PERMISSIVE',
  DISABLE: 'DISABLE',
  bypassed: 'past the sidecar',
  none: 'no sidecar',
};

/** Rows of mode before, mode after, who says so, ports; ports of one kind share a row. */
export function doorRows(doors: readonly DoorChange[]): readonly (readonly string[])[] {
  const groups = Map.groupBy(doors, ({ before, after }) =>
    [MODES[before.mode], MODES[after.mode], saysOf(after)].join('\n'),
  );
  return [...groups].map(([key, members]) => [...key.split('\n'), portsOf(members.map(({ after }) => after))]);
}

/** Rows of mode, who says so, ports. */
export function exceptionRows(doors: readonly Door[]): readonly (readonly string[])[] {
  const groups = Map.groupBy(doors, (door) => [MODES[door.mode], saysOf(door)].join('\n'));
  return [...groups].map(([key, members]) => [...key.split('\n'), portsOf(members)]);
}

function saysOf({ object, by, mode }: Door): string {
  if (object === null) return mode === 'none' ? 'not injected' : "Istio's default";
  return by === undefined ? objectWords(object) : `${objectWords(object)}: ${by}`;
}

function portsOf(doors: readonly Door[]): string {
  const byPod = Map.groupBy(doors, ({ pod }) => pod);
  return [...byPod].map(([pod, ports]) => `${pod}:${ports.map(({ port }) => String(port)).join(',')}`).join(' ');
}

/** `12 answers stay as they are; 3 calls are new, 1 is gone.` */
export function restWords({ asked, appeared, gone, groups }: Preview): string {
  const flipped = groups.flatMap(({ flips }) => flips).length;
  const moved = [
    ...(appeared > 0 ? [`${counted(appeared, 'question is', 'questions are')} new`] : []),
    ...(gone > 0 ? [`${counted(gone, 'is', 'are')} gone with what they were about`] : []),
  ];
  const rest = counted(Math.max(0, asked - flipped), 'answer stays as it is', 'answers stay as they are');
  return `${[rest, ...moved].join('; ')}.`;
}
