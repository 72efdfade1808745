/** The sweep as one JSON document; its JSON Schema is deploy/schema/sweep.schema.json. */
import type { Sweep } from '../judge/finding.ts';

export const API_VERSION = 'meshproof.io/v1alpha1';

export function publishJson(sweep: Sweep): string {
  return `${JSON.stringify({ apiVersion: API_VERSION, kind: 'Sweep', ...sweep }, null, 2)}\n`;
}
