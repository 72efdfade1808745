/** What the judge is given: a cell with its expectation and outcome, before anything is compared. */
import type { Cell } from './finding.ts';

export type MeasuredCell = Omit<Cell, 'drift' | 'isFlapping' | 'cause'>;
