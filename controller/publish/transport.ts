/** The transport table: a row a pod port, with the mode in force and what each fingerprint probe met. */
import type { Probe } from '../../proto/vocabulary.ts';
import { targetKey } from '../../proto/vocabulary.ts';
import { compareText } from '../declared/order.ts';
import type { Cell, Sweep } from '../judge/finding.ts';
import type { FindingList } from './finding-list.ts';
import { cellMark } from './glyphs.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import type { PortMode } from './port-mode.ts';
import { portMode } from './port-mode.ts';
import { alignColumns } from './text-layout.ts';

export const COLUMNS = ['plaintext', 'tls', 'tls+alpn', 'mtls', 'untrusted'] as const;

/** Lines of the table, without its title; none where the sweep has no such cell. */
export function transportTable(sweep: Sweep, list: FindingList, page: Page): string[] {
  const ports = Map.groupBy(
    sweep.cells.filter((cell) => cell.table === 'transport'),
    (cell) => targetKey(cell.target).replace(/^pod:/, ''),
  );
  if (ports.size === 0) return [];
  const head = ['POD PORT', 'IN FORCE', 'DECLARED', ...COLUMNS, 'CERTIFICATE'];
  const rows = [...ports]
    .sort(([left], [right]) => compareText(left, right))
    .map(([port, cells]) => {
      const mode = portMode(cells);
      return [
        port,
        paint(page, MODE_TONES[mode], mode),
        declaredMode(cells),
        ...COLUMNS.map((column) => marksOf(cells, column, list, page)),
        certificateWords(cells),
      ];
    });
  return alignColumns([head, ...rows], page.columns - 2).map((line) => `  ${line}`);
}

const MODE_TONES: Readonly<Record<PortMode, Tone>> = {
  STRICT: 'good',
  PERMISSIVE: 'warn',
  'plaintext only': 'plain',
  closed: 'quiet',
  'not known': 'warn',
};

export function columnOf(probe: Probe): (typeof COLUMNS)[number] | undefined {
  switch (probe.kind) {
    case 'http':
    case 'tcp':
    case 'grpc':
      return 'plaintext';
    case 'tls':
      return probe.alpn.length === 0 ? 'tls' : 'tls+alpn';
    case 'mtls':
      return 'mtls';
    case 'mtls-untrusted':
      return 'untrusted';
    case 'health':
      return undefined;
  }
}

function marksOf(cells: readonly Cell[], column: (typeof COLUMNS)[number], list: FindingList, page: Page): string {
  const marks = cells
    .filter((cell) => columnOf(cell.probe) === column)
    .map((cell) => cellMark(page, cell, list.numberOf.get(cell.key)));
  return marks.length === 0 ? '·' : marks.join(' ');
}

/** The mode that the PeerAuthentication stage names, if the bytes get that far; a bypassed stage is shown as what it would have done. */
export function declaredMode(cells: readonly Cell[]): string {
  for (const cell of cells) {
    const step = cell.expectation.trail.find((candidate) => candidate.stage === 'peer-authentication');
    if (step !== undefined) return step.isInEffect === false ? `${step.result} (bypassed)` : step.result;
  }
  const isKeptOut = cells.some(({ expectation: { trail } }) =>
    trail.some(({ stage, result }) => stage === 'network-policy' && result === 'deny'),
  );
  return isKeptOut ? 'kept out' : 'no proxy';
}

export function certificateWords(cells: readonly Cell[]): string {
  for (const { outcome } of cells) {
    if (outcome.kind === 'untested' || outcome.certificate === undefined) continue;
    const { spiffeId, fault } = outcome.certificate;
    const name = spiffeId === null ? 'no SPIFFE id' : spiffeId.replace(/^spiffe:\/\//, '');
    return fault === null ? name : `${name} (${fault})`;
  }
  return 'none';
}
