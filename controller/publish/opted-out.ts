/** What was left out because its owner wishes it: a table that does not show it must say so. */
import type { Sweep } from '../judge/finding.ts';

const NAMED = 8;

/** `Opted out of probing: Namespace shop, Service bank/ledger.`; empty where nobody did. */
export function optedOutSentence({ optedOut }: Pick<Sweep, 'optedOut'>): string {
  if (optedOut.length === 0) return '';
  const more = optedOut.length - NAMED;
  const names = optedOut.slice(0, NAMED).join(', ');
  return `Opted out of probing, and not measured: ${names}${more > 0 ? ` and ${String(more)} more` : ''}.`;
}
