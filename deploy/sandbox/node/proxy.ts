/** One listening address of a proxy as it is planned: where, by what, and what takes its connections. */
import type { Address } from '../../../proto/vocabulary.ts';
import type { Take } from './listener.ts';

export interface Proxy {
  readonly address: Address;
  /** All that `take` goes by. Where it is equal, one need not take the place of the other. */
  readonly facts: unknown;
  /** Made for one listener; what it remembers between connections is its own. */
  readonly take: () => Take;
}
