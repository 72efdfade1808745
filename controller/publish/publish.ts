/** A finished sweep in each of its output formats. */
import type { Sweep } from '../judge/finding.ts';
import { publishJson } from './json.ts';
import { publishJunit } from './junit.ts';
import { publishMarkdown } from './markdown.ts';
import { publishNdjson } from './ndjson.ts';
import type { Page } from './page.ts';
import { publishTable } from './table.ts';

export const FORMATS = ['table', 'json', 'ndjson', 'junit', 'markdown'] as const;
export type Format = (typeof FORMATS)[number];

/** Each gives the whole text, with a newline at its end. `page` matters to `table` alone. */
export const PUBLISHERS: Readonly<Record<Format, (sweep: Sweep, page: Page) => string>> = {
  table: publishTable,
  json: publishJson,
  ndjson: publishNdjson,
  junit: publishJunit,
  markdown: publishMarkdown,
};
