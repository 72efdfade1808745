/** Declared cells as they come, in each output format of `expect`. */
import type { ExpectationItem } from './expectation-item.ts';
import type { Conflict } from '../judge/finding.ts';
import { conflictSection } from './conflict-list.ts';
import { expectationTable } from './expectation-table.ts';
import { API_VERSION } from './json.ts';
import type { Page } from './page.ts';

/** Lines of JSON have a file of their own. */
export type ExpectationFormat = 'table' | 'json';

type Batches = AsyncIterable<readonly ExpectationItem[]>;
/** Asked once all items are out; absent where nobody looked for conflicts. */
type Conflicts = () => readonly Conflict[];

/**
 * Text of the list, piece by piece and in the order of the items. `json` holds no more than a batch in memory; the
 * table has to know every line before it can print the first. Conflicts come last.
 */
export const EXPECTATION_PUBLISHERS: Readonly<
  Record<ExpectationFormat, (batches: Batches, page: Page, conflicts?: Conflicts) => AsyncIterable<string>>
> = { table: tableOf, json: jsonOf };

async function* jsonOf(batches: Batches, _page: Page, conflicts?: Conflicts): AsyncIterable<string> {
  yield `{"apiVersion":${JSON.stringify(API_VERSION)},"kind":"ExpectationList","items":[`;
  let separator = '\n';
  for await (const batch of batches) {
    const lines = batch.map((item) => `  ${JSON.stringify(item)}`);
    if (lines.length === 0) continue;
    yield separator + lines.join(',\n');
    separator = ',\n';
  }
  yield separator === '\n' ? ']' : '\n]';
  yield conflicts === undefined ? '}\n' : `,"conflicts":${listOf(conflicts())}}\n`;
}

function listOf(conflicts: readonly Conflict[]): string {
  if (conflicts.length === 0) return '[]';
  return `[\n${conflicts.map((conflict) => `  ${JSON.stringify(conflict)}`).join(',\n')}\n]`;
}

async function* tableOf(batches: Batches, page: Page, conflicts?: Conflicts): AsyncIterable<string> {
  const items: ExpectationItem[] = [];
  for await (const batch of batches) items.push(...batch);
  yield expectationTable(items, page);
  if (conflicts !== undefined) yield `\n${conflictSection(conflicts(), page)}`;
}
