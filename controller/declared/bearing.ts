/** What of an expectation is held against what is seen. */
import type { Expectation } from './expectation.ts';

/** Equal texts: the same is expected of the wire, whoever decided it and on whatever way. */
export function bearing({ expect, outcome, transport, identity, endpoints = [] }: Expectation): string {
  const each = endpoints.map((endpoint) => [endpoint.pod, endpoint.outcome, endpoint.transport, endpoint.identity]);
  return JSON.stringify([expect, outcome, transport, identity, each]);
}
