/** Changes that somebody means to make: which routes, and what is to become of them. */
import type { Difference } from './comparison.ts';
import type { Measured } from './baseline.ts';
import type { Drift, Table } from '../judge/finding.ts';

/** `open`: any answer. `new` and `gone`: the route comes, or goes. The rest is what is measured of it, or its drift. */
export type Becomes = Measured | Drift | 'open' | 'new' | 'gone';

export const BECOMES: readonly Becomes[] = [
  'open',
  'closed',
  'plaintext',
  'mtls',
  'tls',
  'hbone',
  'mixed',
  'agrees',
  'exposed',
  'blocked',
  'downgraded',
  'misplaced',
  'new',
  'gone',
];

/** Patterns may hold `*`. What is left out is not asked for. */
export interface ExpectedChange {
  /** `namespace/service-account`, as a vantage has it. */
  readonly from?: string;
  /** `namespace/service:port` or `namespace/workload:port`; without a port, all of them. */
  readonly to?: string;
  readonly table?: Table;
  /** `http`, `mtls`: the kind. */
  readonly probe?: string;
  readonly becomes: Becomes;
}

export function isMeant(expected: ExpectedChange, difference: Difference): boolean {
  return isAbout(expected, difference) && hasBecome(expected.becomes, difference);
}

function isAbout({ from, to, table, probe }: ExpectedChange, { before, after }: Difference): boolean {
  const cell = after ?? before;
  const vantage = cell.vantage.replace(/ \([a-z]+\)$/, '');
  const [place = ''] = cell.target.replace(/^pods:/, '').split(' ', 1);
  return (
    (from === undefined || matches(from, vantage)) &&
    (to === undefined || matches(to, place) || matches(to, place.replace(/:\d+$/, ''))) &&
    (table === undefined || table === cell.table) &&
    (probe === undefined || probe === cell.probe.split(' ', 1)[0])
  );
}

const OPEN: readonly Measured[] = ['plaintext', 'tls', 'mtls', 'hbone', 'answered'];

function hasBecome(becomes: Becomes, { kind, after }: Difference): boolean {
  if (becomes === 'new' || becomes === 'gone') return kind === becomes;
  if (after === null) return false;
  if (becomes === 'open') return OPEN.includes(after.measured);
  return after.measured === becomes || after.drift === becomes;
}

function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === text;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at === -1 || at + part.length > text.length - last.length) return false;
    from = at + part.length;
  }
  return true;
}
