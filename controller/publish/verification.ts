/** A verification, or the difference of two baselines, in each output format. */
import type { VerificationReport } from '../gate/verification-report.ts';
import type { ComparisonFormat } from './formats.ts';
import type { Page } from './page.ts';
import type { Locate } from './sarif-places.ts';
import { verificationHtml } from './verification-html.ts';
import { verificationJson } from './verification-json.ts';
import { verificationJunit } from './verification-junit.ts';
import { verificationMarkdown } from './verification-markdown.ts';
import { verificationOpenReports } from './verification-open-reports.ts';
import { verificationSarif } from './verification-sarif.ts';
import { verificationTable } from './verification-table.ts';

/**
 * Each gives the whole text, with a newline at its end. `page` matters to `table` alone, `locate` to `sarif`, and
 * `command`, as it was typed, to `html`.
 */
export const COMPARISON_PUBLISHERS: Readonly<
  Record<ComparisonFormat, (report: VerificationReport, page: Page, locate?: Locate, command?: string) => string>
> = {
  table: verificationTable,
  json: verificationJson,
  junit: verificationJunit,
  markdown: verificationMarkdown,
  html: verificationHtml,
  sarif: verificationSarif,
  openreports: verificationOpenReports,
};
