/** Lets in the agents of a launch alone: by the token of the very pod that was made for each. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../proto/clock.ts';
import { vantageKey } from '../../../proto/vocabulary.ts';
import type { Vantage } from '../../../proto/vocabulary.ts';
import { fields, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import type { Claim, TokenCheck, TokenVerdict } from '../join-tokens.ts';
import { misplacement } from './fate.ts';
import type { ProbeApi } from './probe-api.ts';
import { isOfJob } from './probe-job.ts';

/** Whom a token stands for, as far as its issuer vouches for it. */
export interface TokenIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
}

export type TokenReading =
  { readonly kind: 'identity'; readonly identity: TokenIdentity } | { readonly kind: 'refused'; readonly why: string };

/** Rejects where it cannot be told. */
export type ReadToken = (token: string, signal: AbortSignal) => Promise<TokenReading>;

/** An agent whose Job exists. */
export interface AwaitedAgent {
  readonly vantage: Vantage;
  readonly jobUid: string;
}

export interface TokenCheckDeps {
  readonly read: ReadToken;
  readonly api: Pick<ProbeApi, 'pod'>;
  readonly clock: Clock;
  /** Undefined: nobody of that id is awaited. An agent may be there before the answer to its creation is. */
  readonly awaited: (agentId: string, signal: AbortSignal) => Promise<AwaitedAgent | undefined>;
  /** Its token is good; it may still have to wait. */
  readonly joined: (agentId: string) => void;
  /**
   * How long after its first appearance an agent waits to be let in: networks put policies in force on a new pod after it
   * has started, and what it would measure before, nobody has declared.
   */
  readonly settleMs: () => number;
  /** Its pod is not on the vantage's data plane; it will not be let in. */
  readonly misplaced: (agentId: string, why: string) => void;
}

/** An agent that comes again within this is not asked about again; a token that was withdrawn is good for so long. */
const REMEMBERED_MS = 60_000;
/** Only good tokens are remembered, of which there is one a pod. */
const MAX_REMEMBERED = 1000;

interface Remembered {
  readonly identity: TokenIdentity;
  readonly untilMs: number;
}

/** The pod's own facts are read at every stream, so that nothing is taken from the pod's word. */
export function podTokenCheck(deps: TokenCheckDeps): TokenCheck {
  const { clock, read, api, awaited } = deps;
  const remembered = new Map<string, Remembered>();
  const appearedAtMs = new Map<string, number>();
  const settled = async (agentId: string, signal: AbortSignal): Promise<void> => {
    const appearedMs = appearedAtMs.get(agentId) ?? clock.monotonicMs();
    appearedAtMs.set(agentId, appearedMs);
    const leftMs = appearedMs + deps.settleMs() - clock.monotonicMs();
    if (leftMs > 0) await clock.sleep(leftMs, signal);
  };
  const identify = async (token: string, signal: AbortSignal): Promise<TokenReading> => {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = remembered.get(digest);
    if (known !== undefined && clock.monotonicMs() < known.untilMs)
      return { kind: 'identity', identity: known.identity };
    remembered.delete(digest);
    const reading = await read(token, signal);
    if (reading.kind === 'refused') return reading;
    for (const oldest of remembered.keys()) if (remembered.size >= MAX_REMEMBERED) remembered.delete(oldest);
    remembered.set(digest, { identity: reading.identity, untilMs: clock.monotonicMs() + REMEMBERED_MS });
    return reading;
  };
  return {
    check: async (token, claim, signal) => {
      const expected = await awaited(claim.agentId, signal);
      // Whoever is not awaited costs the API server nothing.
      if (expected === undefined) return denied(`no agent ${claim.agentId} is awaited`);
      const reading = await identify(token, signal);
      if (reading.kind === 'refused') return { kind: 'unauthenticated', why: reading.why };
      const { identity } = reading;
      const mismatch = mismatchOf(claim, expected, identity);
      if (mismatch !== undefined) return denied(mismatch);
      const pod = await api.pod(identity.namespace, identity.podName, signal);
      if (pod === undefined || uidOf(pod) !== identity.podUid) return denied(`pod ${identity.podName} is no more`);
      if (!isOfJob(pod, expected.jobUid))
        return denied(`pod ${identity.podName} was not made for agent ${claim.agentId}`);
      const misplaced = misplacement(pod, expected.vantage.dataPlane);
      if (misplaced !== undefined) {
        deps.misplaced(claim.agentId, misplaced);
        return denied(misplaced);
      }
      deps.joined(claim.agentId);
      await settled(claim.agentId, signal);
      return { kind: 'accepted' };
    },
  };
}

function mismatchOf({ agentId, vantage }: Claim, expected: AwaitedAgent, identity: TokenIdentity): string | undefined {
  const awaited = vantageKey(expected.vantage);
  if (vantageKey(vantage) !== awaited)
    return `agent ${agentId} is awaited as ${awaited}, not as ${vantageKey(vantage)}`;
  const { namespace, serviceAccount } = expected.vantage;
  if (identity.namespace === namespace && identity.serviceAccount === serviceAccount) return undefined;
  return `the token is that of ${identity.namespace}/${identity.serviceAccount}, not of ${namespace}/${serviceAccount}`;
}

function uidOf(pod: Fields): string | undefined {
  return text(fields(pod, 'metadata')['uid']);
}

function denied(why: string): TokenVerdict {
  return { kind: 'denied', why };
}
