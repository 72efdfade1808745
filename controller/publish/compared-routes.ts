/** Routes of baselines for people: callers of one target with one probe share a line. */
import type { BaselineCell, Measured } from '../gate/baseline.ts';
import type { Page } from './page.ts';
import { paragraph } from './text-layout.ts';

const SHOWN = 4;

/** `shop/web, shop/cart (sidecar) → shop/pay:8080 http GET /`. */
export function routeGroups(cells: readonly Pick<BaselineCell, 'vantage' | 'target' | 'probe'>[]): readonly string[] {
  const byTarget = Map.groupBy(
    cells,
    ({ target, probe }) => `${targetWords(target)} ${probe.replaceAll(' ', '\u00A0')}`,
  );
  return [...byTarget].map(([to, group]) => {
    const planes = Map.groupBy(group, ({ vantage }) => / \(([a-z]+)\)$/.exec(vantage)?.[1] ?? '');
    const from = [...planes].map(([plane, callers]) => {
      const names = callers.map(({ vantage }) => vantage.replace(/ \([a-z]+\)$/, ''));
      return plane === '' ? names.join(', ') : `${names.join(', ')} (${plane})`;
    });
    return `${from.join(', ')} → ${to}`;
  });
}

export function routeLines(
  cells: readonly Pick<BaselineCell, 'vantage' | 'target' | 'probe'>[],
  page: Page,
  indent: string,
): readonly string[] {
  const groups = routeGroups(cells);
  const lines = groups.slice(0, SHOWN).flatMap((group) => paragraph(indent, group, page.columns));
  const rest = groups.length - SHOWN;
  return rest > 0 ? [...lines, `${indent}and ${String(rest)} more`] : lines;
}

/** `pods of shop/pay:8080`. */
export function targetWords(target: string): string {
  return target.replace(/^pods:/, 'pods of ');
}

const WORDS: Readonly<Record<Measured, string>> = {
  plaintext: 'answered in plaintext',
  tls: 'answered over TLS',
  mtls: 'answered over mutual TLS',
  hbone: 'answered through HBONE',
  answered: 'answered',
  closed: 'closed',
  mixed: 'not the same from pod to pod',
  unknown: 'not known',
};

/** `answered in plaintext`, `closed, though declared open`. */
export function stateWords({ measured, drift }: Pick<BaselineCell, 'measured' | 'drift'>): string {
  const words = WORDS[measured];
  switch (drift) {
    case 'exposed':
      return `${words}, though declared closed`;
    case 'blocked':
      // Somebody answers whom callers of the mesh refuse to talk to.
      if (measured === 'closed' || measured === 'mixed') return `${words}, though declared open`;
      return `${words}, and blocked for callers of the mesh`;
    case 'downgraded':
      return `${words}, though mutual TLS is declared`;
    case 'misplaced':
      return `${words}, by another layer than declared`;
    case 'agrees':
    case 'unknown':
      return words;
  }
}

export function measuredWords(measured: Measured): string {
  return WORDS[measured];
}
