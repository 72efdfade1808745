/** What many cells have in common, in a sentence: a red row is its source, a red column its target, a block a policy. */
import type { Drift } from '../../judge/finding.ts';
import type { Access } from '../../monitor/current.ts';

/** One call of the reachability table. */
export interface PatternCell {
  readonly row: string;
  readonly rowNamespace: string;
  readonly column: string;
  readonly columnNamespace: string;
  readonly drift: Drift;
  readonly access: Access;
}

type Kind = 'everything' | 'source-namespace' | 'target-namespace' | 'block' | 'source' | 'target';

export type Pattern =
  | { readonly kind: 'diagonal'; readonly cells: number }
  | {
      readonly kind: Kind;
      readonly drift: PatternDrift;
      /** Name of the row or namespace, and of the column or namespace; empty where any is meant. */
      readonly from: string;
      readonly to: string;
      /** That it explains. */
      readonly cells: number;
    };

const DRIFTS = ['exposed', 'blocked', 'downgraded'] as const;
type PatternDrift = (typeof DRIFTS)[number];

/** Fewer are better named one by one. */
const MIN_CELLS = 3;
const MAX_PATTERNS = 6;

/** What of a cell stands for the kind; the narrowest first: of two that explain the same, the narrower one says more. */
const KINDS: readonly (readonly [
  kind: Kind,
  from: (cell: PatternCell) => string,
  to: (cell: PatternCell) => string,
])[] = [
  ['source', ({ row }) => row, anyOf],
  ['target', anyOf, ({ column }) => column],
  ['block', ({ rowNamespace }) => rowNamespace, ({ columnNamespace }) => columnNamespace],
  ['source-namespace', ({ rowNamespace }) => rowNamespace, anyOf],
  ['target-namespace', anyOf, ({ columnNamespace }) => columnNamespace],
  ['everything', anyOf, anyOf],
];

function anyOf(): string {
  return '';
}

interface Candidate {
  readonly kind: Kind;
  readonly from: string;
  readonly to: string;
  readonly cells: PatternCell[];
}

/** Those that explain the most come first, and none that explains only what others before it do. Unknown cells say nothing. */
export function findPatterns(cells: readonly PatternCell[]): readonly Pattern[] {
  const known = cells.filter(({ drift }) => drift !== 'unknown');
  const diagonal = diagonalOf(cells);
  const rest = diagonal === undefined ? known : known.filter(isWithin);
  const found = DRIFTS.flatMap((drift) => cover(candidatesOf(rest, drift), drift));
  return [...(diagonal === undefined ? [] : [diagonal]), ...found].slice(0, MAX_PATTERNS);
}

function isWithin({ rowNamespace, columnNamespace }: PatternCell): boolean {
  return rowNamespace === columnNamespace;
}

/** Whatever is between namespaces is closed, and whatever is within one is open. */
function diagonalOf(cells: readonly PatternCell[]): Pattern | undefined {
  const namespaces = new Set<string>();
  let across = 0;
  for (const cell of cells) {
    if (cell.access === 'unknown') continue;
    if ((cell.access === 'open') !== isWithin(cell)) return undefined;
    if (isWithin(cell)) namespaces.add(cell.rowNamespace);
    else across += 1;
  }
  return namespaces.size < 2 || across < MIN_CELLS ? undefined : { kind: 'diagonal', cells: across };
}

/** Rows, columns and blocks in which every known cell drifts so. */
function candidatesOf(cells: readonly PatternCell[], drift: PatternDrift): readonly Candidate[] {
  const drifting = cells.filter((cell) => cell.drift === drift);
  if (drifting.length < MIN_CELLS) return [];
  return KINDS.flatMap(([kind, from, to]) => {
    const found = new Map<string, Map<string, Candidate>>();
    for (const cell of drifting) {
      const row = found.get(from(cell)) ?? new Map<string, Candidate>();
      found.set(from(cell), row);
      const candidate = row.get(to(cell)) ?? { kind, from: from(cell), to: to(cell), cells: [] };
      row.set(to(cell), candidate);
      candidate.cells.push(cell);
    }
    for (const cell of cells) if (cell.drift !== drift) found.get(from(cell))?.delete(to(cell));
    return [...found.values()].flatMap((row) => [...row.values()]).filter(isWide);
  });
}

/** A namespace with one workload is that workload, and a table of one namespace is that namespace. */
function isWide({ kind, cells }: Candidate): boolean {
  if (cells.length < MIN_CELLS) return false;
  const isSeveral = (of: (cell: PatternCell) => string): boolean => new Set(cells.map(of)).size > 1;
  switch (kind) {
    case 'source':
    case 'target':
      return true;
    case 'block':
      return isSeveral(({ row }) => row) && isSeveral(({ column }) => column);
    case 'source-namespace':
      return isSeveral(({ row }) => row) && isSeveral(({ columnNamespace }) => columnNamespace);
    case 'target-namespace':
      return isSeveral(({ column }) => column) && isSeveral(({ rowNamespace }) => rowNamespace);
    case 'everything':
      return isSeveral(({ rowNamespace }) => rowNamespace) && isSeveral(({ columnNamespace }) => columnNamespace);
  }
}

function cover(candidates: readonly Candidate[], drift: PatternDrift): readonly Pattern[] {
  const explained = new Set<PatternCell>();
  const found: Pattern[] = [];
  // Sorting keeps the order of those that are as large, which is that of KINDS.
  for (const { kind, from, to, cells } of [...candidates].sort((a, b) => b.cells.length - a.cells.length)) {
    if (cells.filter((cell) => !explained.has(cell)).length < MIN_CELLS) continue;
    for (const cell of cells) explained.add(cell);
    found.push({ kind, drift, from, to, cells: cells.length });
  }
  return found;
}
