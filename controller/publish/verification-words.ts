/** A verification in words that every output shares. */
import type { BaselineCell, BaselineConflict } from '../gate/baseline.ts';
import type { Difference } from '../gate/comparison.ts';
import type { ExpectedChange, MissingChange } from '../gate/expected-changes.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import { CAUSES } from '../judge/causes.ts';
import type { CauseCode } from '../judge/causes.ts';
import { counted } from '../judge/sentences.ts';
import { timeWords } from './baseline.ts';
import { measuredWords, routeGroups, stateWords } from './compared-routes.ts';

/** Routes that have changed alike, by the same cause. */
export interface ChangeGroup {
  readonly kind: Difference['kind'];
  /** `closed → answered in plaintext, though declared closed`. */
  readonly title: string;
  /** As they are now; what is gone, as it was. */
  readonly cells: readonly BaselineCell[];
  /** That the words, objects and fix are of; null where nothing is to be explained. */
  readonly example: BaselineCell | null;
}

/** Worst first: what is wrong now, then what closed, then the rest; of one kind the larger first. */
export function groupChanges(differences: readonly Difference[]): readonly ChangeGroup[] {
  const groups = Map.groupBy(differences, groupKey);
  return [...groups.values()]
    .flatMap((members): ChangeGroup[] => {
      const [first] = members;
      if (first === undefined) return [];
      const cells = members.map(({ before, after }) => after ?? before).sort(byTable);
      const example = cells.find(({ message }) => message !== '') ?? null;
      return [{ kind: first.kind, title: changeWords(first), cells, example: first.after === null ? null : example }];
    })
    .sort((a, b) => rank(a) - rank(b) || b.cells.length - a.cells.length);
}

const TABLES: readonly BaselineCell['table'][] = ['reachability', 'transport', 'health'];

/** A call says more to most readers than a fingerprint or a health check. */
function byTable(a: BaselineCell, b: BaselineCell): number {
  return TABLES.indexOf(a.table) - TABLES.indexOf(b.table);
}

function groupKey({ kind, before, after }: Difference): string {
  const objects = (after?.objects ?? []).map(({ kind: of, namespace, name }) => `${of}/${namespace}/${name}`);
  return JSON.stringify([kind, before && stateWords(before), after && stateWords(after), after?.cause, objects]);
}

const DRIFTS = ['exposed', 'blocked', 'downgraded'];

function rank({ cells: [cell], kind }: ChangeGroup): number {
  const drift = kind === 'gone' ? -1 : DRIFTS.indexOf(cell?.drift ?? '');
  if (drift !== -1) return drift;
  return cell?.measured === 'closed' ? DRIFTS.length : DRIFTS.length + 1;
}

export function changeWords(difference: Difference): string {
  switch (difference.kind) {
    case 'changed':
      return `${stateWords(difference.before)} → ${stateWords(difference.after)}`;
    case 'found':
      return `not known before → ${stateWords(difference.after)}`;
    case 'new':
      return `new → ${stateWords(difference.after)}`;
    case 'gone':
      return `${stateWords(difference.before)} → gone`;
  }
}

/** `strict-not-in-effect MP1005`; empty where there is no cause. */
export function causeWords(cell: Pick<BaselineCell, 'cause'> | null): string {
  const cause = cell?.cause ?? null;
  if (cause === null) return '';
  return cause in CAUSES ? `${CAUSES[cause as CauseCode].name} ${cause}` : cause;
}

export function conflictTitle({ severity, code }: BaselineConflict): string {
  return `${severity.toUpperCase()} conflict ${causeWords({ cause: code })}`;
}

/** `from legacy/batch to shop/pay:8080: closed`. */
export function expectedWords({ from, to, table, probe, becomes }: ExpectedChange): string {
  const parts = [
    from === undefined ? '' : `from ${from}`,
    to === undefined ? '' : `to ${to}`,
    probe === undefined ? '' : `by ${probe}`,
    table === undefined ? '' : `(${table})`,
  ].filter((part) => part !== '');
  return `${parts.join(' ')}: ${becomes}`;
}

export function missingWords({ why, cells }: MissingChange): string {
  switch (why) {
    case 'no-route':
      return 'no route is so named, before or now';
    case 'was-so':
      return 'it was so before, and nothing has changed';
    case 'gone':
      return 'there is no such route any more';
    case 'unknown':
      return `that could not be measured: ${listed(cells)}`;
    case 'not-so': {
      const states = Map.groupBy(cells, stateWords);
      return [...states].map(([state, group]) => `${listed(group)} is ${state}`).join('; ');
    }
  }
}

const NAMED = 3;

function listed(cells: readonly BaselineCell[]): string {
  const groups = routeGroups(cells);
  const rest = groups.length - NAMED;
  return `${groups.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${String(rest)} more` : ''}`;
}

const NAMES = {
  verification: { pass: 'PASS', fail: 'FAIL', inconclusive: 'INCONCLUSIVE' },
  diff: { pass: 'THE SAME', fail: 'DIFFERENT', inconclusive: 'NOT KNOWN' },
} as const;

/** `FAIL: 3 unexpected changes`, `DIFFERENT: 3 changes`. */
export function headline({ kind, verification: { verdict, why } }: VerificationReport): string {
  const words = kind === 'diff' ? why.replaceAll('unexpected change', 'change') : why;
  return `${NAMES[kind][verdict]}: ${words}`;
}

/** Above what nobody has said would change. */
export function changedTitle({ kind }: VerificationReport): string {
  return kind === 'diff' ? 'Changed' : 'Changed, and nobody meant it to';
}

/** `Held against before, of 2026-03-01 12:00:00 UTC; 57 cells in 2 sweeps, all of them judged.` */
export function circumstances({ kind, verification, sweeps }: VerificationReport): string {
  const { before, after, coverage } = verification;
  if (kind === 'diff') {
    const [one, other] = [before, after].map(({ name, finishedAt }) => `${name}, of ${timeWords(finishedAt)}`);
    return `${other ?? ''}, held against ${one ?? ''}; ${counted(after.cells.length, 'cell', 'cells')}.`;
  }
  const judged = Math.round(coverage * after.cells.length);
  const all = judged === after.cells.length ? 'all of them judged' : `${String(judged)} of them judged`;
  const many = sweeps.length > 1 ? ` in ${String(sweeps.length)} sweeps` : '';
  return `Held against ${before.name}, of ${timeWords(before.finishedAt)}; ${counted(after.cells.length, 'cell', 'cells')}${many}, ${all}.`;
}

export function seenWords(seen: VerificationReport['flaps'][number]['seen']): string {
  return seen.map((one) => (one === null ? 'not there' : measuredWords(one.measured))).join(', then ');
}

/** `1.234 s`, `840 ms`, `2 min 5 s`. */
export function durationWords(ms: number): string {
  if (ms < 1000) return `${String(Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(3).replace(/\.?0+$/, '')} s`;
  return `${String(Math.floor(ms / 60_000))} min ${String(Math.round((ms % 60_000) / 1000))} s`;
}
