/** Names of the output formats, apart from what makes them: the help of a command needs no more. */

/** Of a sweep. */
export const FORMATS = [
  'table',
  'json',
  'ndjson',
  'junit',
  'markdown',
  'html',
  'sarif',
  'openreports',
  'wgpolicyk8s',
] as const;
export type Format = (typeof FORMATS)[number];

/** Of a verification, and of the difference of two baselines. */
export const COMPARISON_FORMATS = ['table', 'json', 'junit', 'markdown', 'html', 'sarif', 'openreports'] as const;
export type ComparisonFormat = (typeof COMPARISON_FORMATS)[number];
