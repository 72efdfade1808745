/** What an outcome says of a route, apart from what should be. */
import type { Outcome } from '../../proto/outcome.ts';
import type { Access } from './current.ts';

export function accessOf({ kind }: Outcome): Access {
  if (kind === 'untested') return 'unknown';
  return kind === 'reached' ? 'open' : 'closed';
}
