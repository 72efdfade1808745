/** What every route of the API may answer besides what it is asked for. */
import { ref } from '../schema/published.ts';
import type { Schema } from '../schema/published.ts';

export const PROBLEMS: Readonly<Record<'4xx' | '5xx', Schema>> = { '4xx': ref('problem'), '5xx': ref('problem') };

export function query(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', additionalProperties: false, properties };
}
