/** What a preview has foretold, held against what was measured once the change was made. */
import type { Baseline, BaselineCell } from './baseline.ts';
import { isKnown } from './comparison.ts';
import type { Table } from '../judge/finding.ts';
import type { ExpectedChange } from './expected-changes.ts';
import { hasBecome } from './expected-changes.ts';

/** `certain`: of what was measured, and declared so; `probable`: one of the two leaves room; `unknown`: nobody can say. */
export type Certainty = 'certain' | 'probable' | 'unknown';

export const CERTAINTIES: readonly Certainty[] = ['certain', 'probable', 'unknown'];

export interface Prediction {
  /** `BaselineCell.identity`. */
  readonly identity: string;
  /** `gone`: it goes on under another identity, which is foretold as well. */
  readonly becomes: 'open' | 'closed' | 'mixed' | 'plaintext' | 'mtls' | 'gone';
  readonly certainty: Certainty;
}

export interface CheckedPrediction extends Prediction {
  /** `unknown`: it was not measured. */
  readonly outcome: 'came-true' | 'did-not' | 'unknown';
  /** As it is now; null where the route is gone. */
  readonly cell: BaselineCell | null;
}

export interface PredictionCheck {
  readonly checked: readonly CheckedPrediction[];
  readonly counts: Readonly<Record<CheckedPrediction['outcome'], number>>;
}

export function checkPredictions(predictions: readonly Prediction[], after: Baseline): PredictionCheck {
  const byIdentity = new Map(after.cells.map((cell) => [cell.identity, cell]));
  const checked = predictions.map((prediction): CheckedPrediction => {
    const { identity, becomes } = prediction;
    const cell = byIdentity.get(identity) ?? null;
    if (becomes === 'gone') return { ...prediction, outcome: cell === null ? 'came-true' : 'did-not', cell };
    if (cell === null || !isKnown(cell)) return { ...prediction, outcome: 'unknown', cell };
    return { ...prediction, outcome: hasBecome(becomes, cell) ? 'came-true' : 'did-not', cell };
  });
  const count = (outcome: CheckedPrediction['outcome']): number =>
    checked.filter((one) => one.outcome === outcome).length;
  return {
    checked,
    counts: { 'came-true': count('came-true'), 'did-not': count('did-not'), unknown: count('unknown') },
  };
}

/** What is certain has to happen; the rest may. */
export function changesForetold(
  predictions: readonly Prediction[],
  before: Baseline,
): { readonly expected: readonly ExpectedChange[]; readonly allowed: readonly ExpectedChange[] } {
  const byIdentity = new Map(before.cells.map((cell) => [cell.identity, cell]));
  const changes = predictions.flatMap(({ identity, becomes, certainty }) => {
    const cell = byIdentity.get(identity);
    // What is certain is so of routes that were measured; another baseline may not have them.
    if (cell === undefined && certainty === 'certain') return [];
    const { table, vantage: from, target, probe } = cell ?? routeOf(identity);
    // What is so already has not to become so.
    if (cell !== undefined && certainty === 'certain' && becomes !== 'gone' && hasBecome(becomes, cell)) return [];
    const to = target.replace(/^pods:/, '');
    return [{ certainty, change: { table, from, to, probe, becomes, isForetold: true } }];
  });
  const of = (isCertain: boolean): readonly ExpectedChange[] =>
    changes.filter(({ certainty }) => (certainty === 'certain') === isCertain).map(({ change }) => change);
  return { expected: of(true), allowed: of(false) };
}

/** As `identityOf` has made it; of no route through a gateway. */
function routeOf(identity: string): Pick<BaselineCell, 'table' | 'vantage' | 'target' | 'probe'> {
  const [, table = '', vantage = '', target = '', probe = ''] = /^([a-z]+) (.*) → (\S+) (.*)$/.exec(identity) ?? [];
  return { table: table as Table, vantage, target, probe };
}
