/** Whether what a preview has foretold came true, in lines. */
import type { CheckedPrediction, PredictionCheck } from '../gate/prediction.ts';
import type { BaselineCell } from '../gate/baseline.ts';
import { routeLines, stateWords } from './compared-routes.ts';
import type { Page } from './page.ts';
import { paint } from './page.ts';
import { paragraph } from './text-layout.ts';

const CERTAINTY = { certain: 'for certain', probable: 'probably', unknown: 'perhaps' } as const;
const BECOMES = {
  open: 'answered',
  closed: 'closed',
  mixed: 'closed by some pods',
  plaintext: 'in plaintext',
  mtls: 'over mutual TLS',
  gone: 'gone',
} as const;

export function predictionLines(check: PredictionCheck, page: Page): readonly string[] {
  return [
    `${paint(page, 'strong', 'The prediction')}: ${predictionWords(check)}`,
    ...predictionItems(check).flatMap(([title, cells]) => [
      ...paragraph('  ', title, page.columns),
      ...routeLines(cells, page, '     '),
    ]),
  ];
}

/** `for certain closed, and so it is`, and the routes of which that is to be said; what came true last. */
export function predictionItems({ checked }: PredictionCheck): readonly (readonly [string, readonly Route[]])[] {
  const ordered = (['did-not', 'unknown', 'came-true'] as const).flatMap((outcome) =>
    checked.filter((one) => one.outcome === outcome),
  );
  return [...Map.groupBy(ordered, checkedWords)].map(([words, group]) => [words, group.map(routeOf)]);
}

/** `2 of 3 came true, 1 did not`. */
export function predictionWords({ checked, counts }: PredictionCheck): string {
  if (checked.length === 0) return 'nothing was foretold to change';
  const parts = [
    `${String(counts['came-true'])} of ${String(checked.length)} came true`,
    ...(counts['did-not'] > 0 ? [`${String(counts['did-not'])} did not`] : []),
    ...(counts.unknown > 0 ? [`${String(counts.unknown)} could not be measured`] : []),
  ];
  return parts.join(', ');
}

function checkedWords({ becomes, certainty, outcome, cell }: CheckedPrediction): string {
  const foretold = `${CERTAINTY[certainty]} ${BECOMES[becomes]}`;
  switch (outcome) {
    case 'came-true':
      return `${foretold}, and so it is`;
    case 'did-not':
      return `${foretold}, but it is ${cell === null ? 'gone' : stateWords(cell)}`;
    case 'unknown':
      return `${foretold}, and that could not be measured`;
  }
}

type Route = Pick<BaselineCell, 'vantage' | 'target' | 'probe'>;

function routeOf({ identity, cell }: CheckedPrediction): Route {
  if (cell !== null) return cell;
  const [, vantage = '', target = '', probe = ''] = /^[a-z]+ (.*) → (\S+)(?: (.*))?$/.exec(identity) ?? [];
  return { vantage, target, probe };
}
