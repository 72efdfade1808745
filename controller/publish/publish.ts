/** A finished sweep in each of its output formats. */
import type { Sweep } from '../judge/finding.ts';
import type { Format } from './formats.ts';
import { publishHtml } from './html.ts';
import { publishJson } from './json.ts';
import { publishJunit } from './junit.ts';
import { publishMarkdown } from './markdown.ts';
import { publishNdjson } from './ndjson.ts';
import { publishOpenReports, publishPolicyReports } from './open-reports.ts';
import type { Page } from './page.ts';
import type { Locate } from './sarif-places.ts';
import { publishSarif } from './sarif.ts';
import { publishTable } from './table.ts';

/**
 * Each gives the whole text, with a newline at its end. `page` matters to `table` alone, `locate` to `sarif`, and
 * `command`, as it was typed, to `html`.
 */
export const PUBLISHERS: Readonly<
  Record<Format, (sweep: Sweep, page: Page, locate?: Locate, command?: string) => string>
> = {
  table: publishTable,
  json: publishJson,
  ndjson: publishNdjson,
  junit: publishJunit,
  markdown: publishMarkdown,
  html: publishHtml,
  sarif: publishSarif,
  openreports: publishOpenReports,
  wgpolicyk8s: publishPolicyReports,
};
