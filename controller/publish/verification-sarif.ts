/** What differs from a baseline as SARIF 2.1.0, where the objects behind it have a manifest file and a line. */
import type { BaselineCell, BaselineConflict } from '../gate/baseline.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import { CAUSES } from '../judge/causes.ts';
import type { CauseCode } from '../judge/causes.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import type { Page } from './page.ts';
import type { Locate } from './sarif-places.ts';
import { fingerprintOf, locationOf, logicalLocation, ruleOf, sarifLog } from './sarif.ts';
import { headline } from './verification-words.ts';

/** SARIF's own words for what a comparison finds (section 3.27.24). */
type BaselineState = 'new' | 'unchanged' | 'absent';

interface Said {
  readonly code: CauseCode;
  readonly object: ObjectRef;
  readonly state: BaselineState;
  readonly text: string;
  readonly level: 'error' | 'warning' | 'note';
  readonly cells: number;
}

export function verificationSarif(report: VerificationReport, _page?: Page, locate: Locate = () => undefined): string {
  const said = unique(saidOf(report));
  const placed = said.flatMap((one) => {
    const position = locate(one.object);
    return position === undefined ? [] : [{ ...one, position }];
  });
  const codes = [...new Set(placed.map(({ code }) => code))].sort();
  const { verdict, after } = report.verification;
  const unplaced = said.length - placed.length;
  const words = unplaced === 1 ? '1 finding has' : `${String(unplaced)} findings have`;
  return sarifLog({
    rules: codes.map(ruleOf),
    invocation: {
      executionSuccessful: verdict !== 'inconclusive',
      startTimeUtc: report.sweeps[0]?.startedAt ?? after.startedAt,
      endTimeUtc: after.finishedAt,
      toolExecutionNotifications: [
        { level: verdict === 'inconclusive' ? 'error' : 'note', message: { text: headline(report) } },
        ...(unplaced === 0
          ? []
          : [{ level: 'warning', message: { text: `${words} no manifest file, and no result here.` } }]),
      ],
    },
    results: placed.map(({ code, object, state, text, level, cells, position }) => ({
      ruleId: code,
      ruleIndex: codes.indexOf(code),
      level,
      baselineState: state,
      message: { text },
      locations: [{ ...locationOf(position), logicalLocations: [logicalLocation(object)] }],
      partialFingerprints: { 'meshproofCauseAndObject/v1': fingerprintOf(code, object) },
      properties: { cells },
    })),
  });
}

function saidOf({
  verification: { unexpected, unexpectedConflicts, comparison },
}: VerificationReport): readonly Said[] {
  const changed = unexpected.flatMap(({ after }) => (after === null ? [] : [after]));
  return [
    ...changed.flatMap((cell) => ofCell(cell, 'new', 'error')),
    ...unexpectedConflicts.flatMap((conflict) => ofConflict(conflict, 'new', 'error')),
    ...comparison.standing.flatMap((cell) => ofCell(cell, 'unchanged', 'warning')),
    ...comparison.standingConflicts.flatMap((conflict) => ofConflict(conflict, 'unchanged', 'warning')),
    ...comparison.endedConflicts.flatMap((conflict) => ofConflict(conflict, 'absent', 'note')),
  ];
}

function ofCell(
  { cause, objects, message, fix }: BaselineCell,
  state: BaselineState,
  level: Said['level'],
): readonly Said[] {
  if (cause === null || !isCode(cause)) return [];
  return objects.map((object) => ({ code: cause, object, state, level, text: withFix(message, fix), cells: 1 }));
}

function ofConflict(
  { code, objects, message, fix }: BaselineConflict,
  state: BaselineState,
  level: Said['level'],
): readonly Said[] {
  if (!isCode(code)) return [];
  return objects.map((object) => ({ code, object, state, level, text: withFix(message, fix), cells: 0 }));
}

/** A result a cause and object, as `matrix -o sarif` has it; the worse word counts. */
function unique(said: readonly Said[]): readonly Said[] {
  const byKey = new Map<string, Said>();
  for (const one of said) {
    const key = fingerprintOf(one.code, one.object);
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? one : { ...before, cells: before.cells + one.cells });
  }
  return [...byKey.values()];
}

function isCode(code: string): code is CauseCode {
  return Object.hasOwn(CAUSES, code);
}

function withFix(message: string, fix: string): string {
  return fix === '' ? message : `${message} Fix: ${fix}`;
}
