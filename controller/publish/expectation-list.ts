/** Declared cells as they come, in each output format of `expect`. */
import type { ExpectationItem } from './expectation-item.ts';
import { expectationTable } from './expectation-table.ts';
import { API_VERSION } from './json.ts';
import type { Page } from './page.ts';

export const EXPECTATION_FORMATS = ['table', 'json', 'ndjson'] as const;
export type ExpectationFormat = (typeof EXPECTATION_FORMATS)[number];

type Batches = AsyncIterable<readonly ExpectationItem[]>;

/**
 * Text of the list, piece by piece and in the order of the items. `json` and `ndjson` hold no more than a batch in
 * memory; the table has to know every line before it can print the first.
 */
export const EXPECTATION_PUBLISHERS: Readonly<
  Record<ExpectationFormat, (batches: Batches, page: Page) => AsyncIterable<string>>
> = { table: tableOf, json: jsonOf, ndjson: ndjsonOf };

async function* ndjsonOf(batches: Batches): AsyncIterable<string> {
  for await (const batch of batches) yield batch.map((item) => `${JSON.stringify(item)}\n`).join('');
}

async function* jsonOf(batches: Batches): AsyncIterable<string> {
  yield `{"apiVersion":${JSON.stringify(API_VERSION)},"kind":"ExpectationList","items":[`;
  let separator = '\n';
  for await (const batch of batches) {
    const lines = batch.map((item) => `  ${JSON.stringify(item)}`);
    if (lines.length === 0) continue;
    yield separator + lines.join(',\n');
    separator = ',\n';
  }
  yield separator === '\n' ? ']}\n' : '\n]}\n';
}

async function* tableOf(batches: Batches, page: Page): AsyncIterable<string> {
  const items: ExpectationItem[] = [];
  for await (const batch of batches) items.push(...batch);
  yield expectationTable(items, page);
}
