/** The cells of a sweep, one JSON object a line. */
import type { Sweep } from '../judge/finding.ts';

export function publishNdjson(sweep: Sweep): string {
  return sweep.cells.map((cell) => `${JSON.stringify(cell)}\n`).join('');
}
