/** Where baselines are kept by name. */
import { MeshproofError } from '../../proto/errors.ts';
import type { Baseline } from '../gate/baseline.ts';
import { nearest } from '../gate/nearest.ts';

export interface BaselineSummary {
  readonly name: string;
  /** When the sweep of it had ended, RFC 3339; empty where that cannot be read. */
  readonly finishedAt: string;
  readonly cells: number;
  /** Cells that had drifted, and conflicts. */
  readonly violations: number;
  /** Of what is kept, compressed. */
  readonly sizeBytes: number;
  /** Why it cannot be read, and nothing else is known of it; absent where it can. */
  readonly trouble?: string;
}

export interface BaselineStore {
  /** For people: `the files of sandbox shop`. */
  readonly place: string;
  /** Whole or not at all. Throws MPE_USAGE where there is one of that name, unless it may be replaced. */
  readonly save: (baseline: Baseline, mayReplace: boolean, signal: AbortSignal) => Promise<BaselineSummary>;
  readonly has: (name: string, signal: AbortSignal) => Promise<boolean>;
  /** Throws MPE_USAGE, with the nearest name, where there is none. */
  readonly load: (name: string, signal: AbortSignal) => Promise<Baseline>;
  /** By name; what cannot be read is among them, with its trouble. */
  readonly list: (signal: AbortSignal) => Promise<readonly BaselineSummary[]>;
  /** As `load`. */
  readonly delete: (name: string, signal: AbortSignal) => Promise<void>;
}

/** A DNS label, short enough for the name of the object that holds it (RFC 1123; kubernetes: IsDNS1123Label). */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/;

export function isBaselineName(text: string): boolean {
  return NAME.test(text);
}

/** Throws MPE_USAGE. */
export function checkName(text: string): string {
  if (isBaselineName(text)) return text;
  throw new MeshproofError('MPE_USAGE', `"${text}" cannot be the name of a baseline`, {
    hint: 'Take lower-case letters, digits and dashes, at most 42, as in before-1-4-0.',
  });
}

export function alreadyThere(name: string, place: string): MeshproofError {
  return new MeshproofError('MPE_USAGE', `${place} already hold a baseline ${name}`, {
    hint: 'Take another name, or replace it with --force.',
  });
}

export function notThere(name: string, known: readonly string[], place: string): MeshproofError {
  const close = nearest(name, known);
  const others =
    known.length === 0 ? 'They hold none: meshproof baseline save NAME.' : `They hold ${known.join(', ')}.`;
  return new MeshproofError('MPE_USAGE', `${place} hold no baseline ${name}`, {
    hint: close === undefined ? others : `Did you mean ${close}?`,
  });
}

export function summaryOf({ name, finishedAt, cells, conflicts }: Baseline, sizeBytes: number): BaselineSummary {
  const drifted = cells.filter(({ drift }) => drift === 'exposed' || drift === 'blocked' || drift === 'downgraded');
  return { name, finishedAt, cells: cells.length, violations: drifted.length + conflicts.length, sizeBytes };
}
