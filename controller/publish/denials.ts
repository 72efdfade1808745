/** Cells that are refused as declared, counted by what refuses them: the answer to "is it STRICT that blocks me?". */
import type { OutcomeCode } from '../declared/expectation.ts';
import type { Cell, Sweep, Table } from '../judge/finding.ts';

export interface Denial {
  /** `STRICT (callers without sidecar) MP1001`: what refuses, and the code of the cause where the judge gave one. */
  readonly words: string;
  readonly cells: readonly Cell[];
}

const WORDS: Partial<Record<OutcomeCode, string>> = {
  DENY_STRICT: 'STRICT (callers without sidecar)',
  DENY_NO_CHAIN_TLS: 'the sidecar (TLS without an Istio ALPN)',
  DENY_TLS_NO_CERT: 'mutual TLS (callers without certificate)',
  DENY_TLS_BAD_CA: 'mutual TLS (callers with a certificate of an unknown CA)',
  DENY_TLS_BAD_TD: 'mutual TLS (callers of another trust domain)',
  DENY_TLS_EXPIRED: 'mutual TLS (callers with an expired certificate)',
  DENY_TLS_VERSION: 'the TLS version',
  PROTO_MISMATCH: 'the protocol (bytes that are not HTTP at an HTTP port)',
  DENY_JWT: 'RequestAuthentication',
  DENY_EXTAUTHZ: 'the external authorizer',
  CLIENT_TLS_MISMATCH: "the client's TLS settings",
  CLIENT_BLACKHOLE: 'the outbound traffic policy',
  NO_ENDPOINTS: 'want of endpoints',
  NO_ROUTE: 'want of a route',
  APP_DOWN: 'an application that does not listen',
  DENY_NETPOL: 'NetworkPolicy',
  HEALTH_FAILED: 'the health check itself',
  HANG: 'protocol detection (no answer)',
};

function wordsFor({ expectation: { outcome, decidedBy }, cause }: Cell): string {
  const words = WORDS[outcome] ?? decidedBy?.kind ?? decidedBy?.stage ?? outcome;
  return cause === null ? words : `${words} ${cause.code}`;
}

/** Most frequent first. A cell whose conflict fails the sweep is still refused as declared. */
export function denialsOf(sweep: Sweep, tables: readonly Table[]): readonly Denial[] {
  const groups = new Map<string, Cell[]>();
  for (const cell of sweep.cells) {
    if (!tables.includes(cell.table) || cell.drift !== 'agrees' || cell.expectation.expect !== 'deny') continue;
    const words = wordsFor(cell);
    const group = groups.get(words);
    if (group === undefined) groups.set(words, [cell]);
    else group.push(cell);
  }
  return [...groups]
    .map(([words, cells]): Denial => ({ words, cells }))
    .sort((left, right) => right.cells.length - left.cells.length);
}

/** `24 routes refused as declared: 18 by STRICT (callers without sidecar) MP1001, 6 by AuthorizationPolicy MP1201`. */
export function denialSentence(denials: readonly Denial[], what: readonly [one: string, many: string]): string {
  const total = denials.reduce((sum, denial) => sum + denial.cells.length, 0);
  if (total === 0) return `No ${what[0]} is refused as declared.`;
  const parts = denials.map((denial) => `${String(denial.cells.length)} by ${denial.words}`);
  return `${String(total)} ${total === 1 ? what[0] : what[1]} refused as declared: ${parts.join(', ')}`;
}
