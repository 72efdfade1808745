/** One question asked of two declared states: what becomes of the answer, and why. */
import { targetKey } from '../../proto/vocabulary.ts';
import type { Expectation, Flow, OutcomeCode } from '../declared/expectation.ts';
import { causeOf } from '../judge/cause.ts';
import { denialCause, mixedCause } from '../judge/denial-cause.ts';
import type { Cause, Cell } from '../judge/finding.ts';
import { routeName, said } from '../judge/sentences.ts';
import type { Declared } from '../judge/subject.ts';
import { decidersOf } from '../judge/trail-reading.ts';

/**
 * `breaks`: was answered, is not (or not by every endpoint). `opens`: a policy refused it, and does no more.
 * `downgrades`: answered in plaintext, or without the identity of before. `unsure`: nobody can say any more.
 * `mends`: failed for another reason than a policy, and works. `secures`: over mutual TLS now.
 */
export type FlipKind = 'breaks' | 'opens' | 'downgrades' | 'unsure' | 'mends' | 'secures';

/** Worst first. */
export const FLIP_KINDS: readonly FlipKind[] = ['breaks', 'opens', 'downgrades', 'unsure', 'mends', 'secures'];

export type FlipCause = Omit<Cause, 'code'> & { readonly code: Cause['code'] | null };

export interface Flip {
  readonly kind: FlipKind;
  readonly before: Cell;
  readonly after: Cell;
  readonly cause: FlipCause;
  /** What was asked, where it can be asked again. */
  readonly flow?: Flow;
}

/** Null where the answer stays what it is, whoever gives it. */
export function flipOf(before: Cell, after: Cell): Flip | null {
  const kind = kindOf(before, after);
  return kind === null ? null : { kind, before, after, cause: causeFor(kind, before, after) };
}

/** What a policy says no by; everything else is a fault. */
const BY_POLICY: ReadonlySet<OutcomeCode> = new Set([
  'DENY_STRICT',
  'DENY_NO_CHAIN_TLS',
  'DENY_TLS_NO_CERT',
  'DENY_TLS_BAD_CA',
  'DENY_TLS_BAD_TD',
  'DENY_TLS_EXPIRED',
  'DENY_TLS_VERSION',
  'DENY_AUTHZ_HTTP',
  'DENY_AUTHZ_TCP',
  'DENY_AUTHZ_HBONE',
  'DENY_JWT',
  'DENY_EXTAUTHZ',
  'DENY_NETPOL',
  'CLIENT_BLACKHOLE',
]);

function kindOf({ expectation: before, table }: Cell, { expectation: after }: Cell): FlipKind | null {
  if (before.expect === 'unknown') return null;
  if (after.expect === 'unknown') return 'unsure';
  const change = openness(after) - openness(before);
  if (change < 0) return 'breaks';
  if (change > 0) return table !== 'health' && BY_POLICY.has(before.outcome) ? 'opens' : 'mends';
  if (after.expect !== 'allow' || table === 'health') return null;
  if (isProtected(before) !== isProtected(after)) return isProtected(after) ? 'secures' : 'downgrades';
  return before.identity !== after.identity && after.identity === null ? 'downgrades' : null;
}

/** Endpoints that answer, of all that there are: 0 to 1. */
export function openness({ expect, endpoints }: Expectation): number {
  if (expect === 'allow') return 1;
  if (expect !== 'mixed' || endpoints === undefined) return 0;
  return endpoints.filter((endpoint) => endpoint.expect === 'allow').length / endpoints.length;
}

function isProtected({ transport }: Expectation): boolean {
  return transport === 'mtls' || transport === 'hbone';
}

function causeFor(kind: FlipKind, before: Cell, after: Cell): FlipCause {
  const name = routeName(after);
  switch (kind) {
    case 'breaks':
      return refusal(after);
    case 'opens':
    case 'mends': {
      const was = refusal(before);
      const isAll = after.expectation.expect === 'allow';
      const now = after.table === 'health' ? 'passes' : `is answered${isAll ? '' : ' by more endpoints'}`;
      return { ...was, message: `${name} ${now}. Until now: ${reasonIn(was.message)}`, fix: '' };
    }
    case 'unsure':
      return plainCause(after, `${name} cannot be foretold: ${after.expectation.warnings.join('; ')}.`);
    case 'downgrades':
    case 'secures': {
      const how = kind === 'secures' ? 'is answered over mutual TLS' : 'is answered without mutual TLS';
      return plainCause(after, `${name} ${how}; ${said(declaredOf(after))}.`);
    }
  }
}

/** What stands behind the name of the route, which has been said. */
function reasonIn(message: string): string {
  return message.replace(/^.*? (?:is refused|fails): /, '');
}

function plainCause({ expectation }: Cell, message: string): FlipCause {
  return { code: null, message, fix: '', objects: decidersOf(expectation.decidedBy) };
}

function refusal(cell: Cell): FlipCause {
  const { expectation, target } = cell;
  if (expectation.expect === 'mixed') return mixedCause(cell);
  if (cell.table !== 'health') return denialCause(cell, declaredOf(cell));
  const cause = denialCause(cell, declaredOf(cell));
  const check = cell.probe.kind === 'health' ? `${cell.probe.check} check` : 'check';
  const message = `The ${check} of ${targetKey(target).replace(/^pod:/, '')} fails: ${said(declaredOf(cell))}.`;
  return causeOf(cause.code, message, { objects: cause.objects, fix: cause.fix });
}

function declaredOf({ expectation }: Cell): Declared {
  return { ...expectation, expect: expectation.expect === 'mixed' ? 'deny' : expectation.expect };
}
