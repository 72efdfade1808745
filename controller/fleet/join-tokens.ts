/** Who may join the fleet: the check of a session's token, and one-time tokens for agents that we start ourselves. */
import { createHash, randomBytes } from 'node:crypto';
import type { Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';

/** What an agent says of itself before anything of it is believed. */
export interface Claim {
  readonly agentId: string;
  /** New with every start of the agent's process. */
  readonly bootId: string;
  readonly vantage: Vantage;
}

export type TokenVerdict =
  | { readonly kind: 'accepted' }
  /** Not a token of ours. */
  | { readonly kind: 'unauthenticated'; readonly why: string }
  /** A good token, for something else. */
  | { readonly kind: 'denied'; readonly why: string };

/** Never throws for a bad token; rejects only where it cannot be told (the agent then tries again). */
export interface TokenCheck {
  readonly check: (token: string, claim: Claim, signal: AbortSignal) => Promise<TokenVerdict>;
}

interface Issued {
  readonly agentId: string;
  readonly vantage: string;
  /** The start of the agent that used it; empty: nobody yet. */
  bootId: string;
}

/** Each token is for one agent id and vantage, and belongs to the process that uses it first; that one may come again. */
export class JoinTokens implements TokenCheck {
  /** By digest, so that comparing takes the same time for every guess. */
  readonly #issued = new Map<string, Issued>();

  issue(agentId: string, vantage: Vantage): string {
    const token = randomBytes(32).toString('base64url');
    this.#issued.set(digestOf(token), { agentId, vantage: vantageKey(vantage), bootId: '' });
    return token;
  }

  check(token: string, claim: Claim): Promise<TokenVerdict> {
    return Promise.resolve(this.#judge(token, claim));
  }

  #judge(token: string, { agentId, bootId, vantage }: Claim): TokenVerdict {
    const issued = this.#issued.get(digestOf(token));
    if (issued === undefined) return { kind: 'unauthenticated', why: 'the join token is not one of this controller' };
    if (issued.agentId !== agentId) return { kind: 'denied', why: `the join token is not for agent ${agentId}` };
    if (issued.vantage !== vantageKey(vantage)) {
      return { kind: 'denied', why: `the join token is not for vantage ${vantageKey(vantage)}` };
    }
    if (issued.bootId !== '' && issued.bootId !== bootId) {
      return { kind: 'denied', why: 'the join token was used by another start of this agent' };
    }
    issued.bootId = bootId;
    return { kind: 'accepted' };
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
