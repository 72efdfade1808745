/** What a change would do as SARIF 2.1.0: a result a cause and object, at the manifest that is to blame. */
import type { FlipKind } from '../gate/flip.ts';
import type { FlipGroup } from '../gate/preview.ts';
import type { CauseCode } from '../judge/causes.ts';
import type { Page } from './page.ts';
import type { PreviewReport } from './preview-words.ts';
import { groupTitle, headline } from './preview-words.ts';
import type { Locate } from './sarif-places.ts';
import { fingerprintOf, locationOf, logicalLocation, ruleOf, sarifLog } from './sarif.ts';

const LEVELS: Readonly<Record<FlipKind, 'error' | 'warning' | null>> = {
  breaks: 'error',
  opens: 'error',
  downgrades: 'error',
  unsure: 'warning',
  mends: null,
  secures: null,
};

interface Blamed {
  readonly code: CauseCode;
  readonly level: 'error' | 'warning';
  readonly text: string;
  readonly group: FlipGroup;
}

export function previewSarif(report: PreviewReport, _page?: Page, locate: Locate = () => undefined): string {
  const { groups, answer, conflicts } = report.preview;
  const blamed = groups.flatMap((group): Blamed[] => {
    const level = LEVELS[group.kind];
    const { code, message, fix } = group.cause;
    if (level === null || code === null) return [];
    return [{ code, level, text: `${groupTitle(group)}. ${message}${fix === '' ? '' : ` Fix: ${fix}`}`, group }];
  });
  const brought = conflicts.appearing.map(({ severity, cause }) => {
    const level = severity === 'warning' ? 'warning' : 'error';
    return {
      code: cause.code,
      level,
      text: `${cause.message}${cause.fix === '' ? '' : ` Fix: ${cause.fix}`}`,
      objects: cause.objects,
    } as const;
  });
  const said = [...blamed.map(({ group, ...rest }) => ({ ...rest, objects: group.cause.objects })), ...brought];
  const placed = said.flatMap(({ objects, ...rest }) =>
    objects.flatMap((object) => {
      const position = locate(object);
      return position === undefined ? [] : [{ ...rest, object, position }];
    }),
  );
  const once = [...new Map(placed.map((one) => [fingerprintOf(one.code, one.object), one])).values()];
  const codes = [...new Set(once.map(({ code }) => code))].sort();
  return sarifLog({
    rules: codes.map(ruleOf),
    invocation: {
      executionSuccessful: answer !== 'unsure',
      toolExecutionNotifications: [{ level: 'note', message: { text: headline(report) } }],
    },
    results: once.map(({ code, level, text, object, position }) => ({
      ruleId: code,
      ruleIndex: codes.indexOf(code),
      level,
      message: { text },
      locations: [{ ...locationOf(position), logicalLocations: [logicalLocation(object)] }],
      partialFingerprints: { 'meshproofCauseAndObject/v1': fingerprintOf(code, object) },
    })),
  });
}
