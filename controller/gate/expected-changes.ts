/** Changes that somebody means to make: which routes, and what is to become of them. */
import type { Baseline, BaselineCell, Measured } from './baseline.ts';
import { isKnown } from './comparison.ts';
import type { Difference } from './comparison.ts';
import type { Drift, Table } from '../judge/finding.ts';

/** `open`: any answer. `new` and `gone`: the route comes, or goes. The rest is what is measured of it, or its drift. */
export type Becomes = Exclude<Measured, 'unknown'> | Exclude<Drift, 'unknown'> | 'open' | 'new' | 'gone';

export const BECOMES = [
  'open',
  'closed',
  'plaintext',
  'mtls',
  'tls',
  'hbone',
  'answered',
  'mixed',
  'agrees',
  'exposed',
  'blocked',
  'downgraded',
  'misplaced',
  'new',
  'gone',
] as const satisfies readonly Becomes[];

/** Patterns may hold `*`. What is left out is not asked for. */
export interface ExpectedChange {
  /** `namespace/service-account`, as a vantage has it; with ` (naked)` behind it, of that data plane only. */
  readonly from?: string;
  /** `namespace/service:port` or `namespace/workload:port`; without a port, all of them. */
  readonly to?: string;
  readonly table?: Table;
  /** `http`, `mtls`: the kind; or the probe in full, `tls istio-http/1.1`. */
  readonly probe?: string;
  readonly becomes: Becomes;
  /** By a preview, and not said by anybody. @default false */
  readonly isForetold?: boolean;
}

/** An expected change that did not happen, and what became of the routes in its place. */
export interface MissingChange {
  readonly expected: ExpectedChange;
  /**
   * `no-route`: it names none. `was-so`: nothing had to change. `gone`: there is none any more. `not-so`: some of its
   * routes are not what they were to become. `unknown`: that could not be measured.
   */
  readonly why: 'no-route' | 'was-so' | 'gone' | 'not-so' | 'unknown';
  /** Those that are not as meant, as they are now. */
  readonly cells: readonly BaselineCell[];
}

export function isMeant(expected: ExpectedChange, difference: Difference): boolean {
  const { kind, before, after } = difference;
  if (!isAbout(expected, after ?? before)) return false;
  if (expected.becomes === 'new' || expected.becomes === 'gone') return kind === expected.becomes;
  // That it came is no surprise; what it is like is not known, and counted as such.
  if (kind === 'new' && !isKnown(after)) return true;
  return after !== null && hasBecome(expected.becomes, after);
}

/** Undefined where it has happened: to every route that it names, and to one at least. */
export function missingChange(
  expected: ExpectedChange,
  { before, after, differences }: { before: Baseline; after: Baseline; differences: readonly Difference[] },
): MissingChange | undefined {
  const { becomes } = expected;
  const hasHappened = differences.some((difference) => isMeant(expected, difference));
  const named = after.cells.filter((cell) => isAbout(expected, cell));
  if (becomes === 'new')
    return hasHappened ? undefined : { expected, why: named.length > 0 ? 'was-so' : 'no-route', cells: [] };
  const other = named.filter((cell) => becomes === 'gone' || !hasBecome(becomes, cell));
  const wrong = other.filter((cell) => becomes === 'gone' || isKnown(cell));
  if (wrong.length > 0) return { expected, why: 'not-so', cells: wrong };
  if (other.length > 0) return { expected, why: 'unknown', cells: other };
  if (hasHappened) return undefined;
  if (named.length > 0) return { expected, why: 'was-so', cells: [] };
  const wasThere = before.cells.some((cell) => isAbout(expected, cell));
  return { expected, why: wasThere ? 'gone' : 'no-route', cells: [] };
}

/** Whether a pattern of it names the route of the cell. */
export function isAbout({ from, to, table, probe }: ExpectedChange, cell: BaselineCell): boolean {
  const caller = cell.vantage.replace(/ \([a-z]+\)$/, '');
  const target = cell.target.replace(/^pods:/, '');
  const [place = ''] = target.split(' ', 1);
  return (
    (from === undefined || matches(from, caller) || matches(from, cell.vantage)) &&
    (to === undefined || [target, place, place.replace(/:\d+$/, '')].some((name) => matches(to, name))) &&
    (table === undefined || table === cell.table) &&
    (probe === undefined || probe === cell.probe || probe === cell.probe.split(' ', 1)[0])
  );
}

const OPEN: readonly Measured[] = ['plaintext', 'tls', 'mtls', 'hbone', 'answered'];

export function hasBecome(becomes: Exclude<Becomes, 'new' | 'gone'>, { measured, drift }: BaselineCell): boolean {
  return becomes === 'open' ? OPEN.includes(measured) : measured === becomes || drift === becomes;
}

function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at === -1 || at + part.length > text.length - last.length) return false;
    from = at + part.length;
  }
  return true;
}
