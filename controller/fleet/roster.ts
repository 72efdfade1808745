/** Who is in the fleet and how they are: states, sequence numbers, what was lost on the way. Time comes in as numbers. */
import type { Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import type { Fitness } from '../../proto/wire.ts';

/**
 * `connecting`: expected, not seen yet. `up`: its stream stands and speaks. `stale`: no stream, or three heartbeats
 * missed; it may resume. `lost`: given up; its routes are unknown until it comes back.
 */
export type AgentState = 'connecting' | 'up' | 'stale' | 'lost';

export interface Agent {
  readonly id: string;
  readonly vantage: Vantage;
  readonly state: AgentState;
  /** Why it is stale or lost; empty otherwise. */
  readonly why: string;
  /** Of the start that is in force; empty: none yet. */
  readonly bootId: string;
  /** Of that start: the last batch that was counted. */
  readonly lastSequence: number;
  /** Of that start: the last batch whose counting will not be forgotten, so that the agent may forget it. */
  readonly settledSequence: number;
  /** Outcomes that its spool had to drop, as it says. */
  readonly droppedOutcomes: number;
  /** Batches of this start that were handed over before this controller knew of it: what was in them is not known here. */
  readonly earlierBatches: number;
  /** Sequence numbers that never came. */
  readonly missingBatches: number;
  /** Batches that came again after they were counted. */
  readonly repeatedBatches: number;
  readonly lastHeardMs: number;
  readonly fitness: Fitness | null;
  /** Planned attempts that it has not reported yet, by its last heartbeat. */
  readonly pendingAttempts: number;
}

/** How far an agent had been counted when it was last written down. */
export interface Position {
  readonly agentId: string;
  readonly bootId: string;
  readonly sequence: number;
}

export interface RosterOptions {
  readonly heartbeatIntervalMs: number;
  /** Silence after which an agent is given up. */
  readonly lostAfterMs: number;
  /** Of a former controller, whose counting this one goes on with. @default none */
  readonly positions?: readonly Position[];
}

export type Arrival = { readonly kind: 'welcome'; readonly resumeFrom: number } | { readonly kind: 'superseded' };

type Entry = { -readonly [Field in keyof Agent]: Agent[Field] } & {
  readonly formerBoots: Set<string>;
  /** `vantageKey`. */
  place: string;
  /** Nobody is there any more; what still comes was sent before the end. */
  hasEnded: boolean;
};

const MISSED_HEARTBEATS = 3;
/** Outcomes that a batch holds at most. */
const BATCH_OUTCOMES = 100;
/** Enough to refuse a former start that keeps dialling, without growing for ever. */
const MAX_FORMER_BOOTS = 8;

export class Roster {
  readonly #agents = new Map<string, Entry>();
  readonly #options: RosterOptions;
  readonly #positions: ReadonlyMap<string, Position>;

  constructor(options: RosterOptions) {
    this.#options = options;
    this.#positions = new Map(options.positions?.map((position) => [position.agentId, position]));
  }

  agents(): readonly Agent[] {
    return [...this.#agents.values()];
  }

  find(id: string): Agent | undefined {
    return this.#agents.get(id);
  }

  /** The agent that measures for a vantage: the first that is not lost. */
  holderOf(vantage: string): Agent | undefined {
    let first: Agent | undefined;
    for (const agent of this.#agents.values()) {
      if (agent.place !== vantage) continue;
      if (agent.state !== 'lost') return agent;
      first ??= agent;
    }
    return first;
  }

  /** How many outcomes of a vantage are known to be lost on the way, at most. */
  lostBy(vantage: string): number {
    return [...this.#agents.values()]
      .filter(({ place }) => place === vantage)
      .reduce((sum, agent) => sum + agent.droppedOutcomes + BATCH_OUTCOMES * agent.missingBatches, 0);
  }

  expect(id: string, vantage: Vantage, nowMs: number): void {
    if (!this.#agents.has(id)) this.#agents.set(id, newcomer(id, vantage, nowMs));
  }

  /** A stream with a good token says Hello. A newer start takes over from an older one, which may not come back. */
  arrive(id: string, vantage: Vantage, bootId: string, nowMs: number): Arrival {
    const entry = this.#agents.get(id) ?? newcomer(id, vantage, nowMs);
    if (entry.formerBoots.has(bootId)) return { kind: 'superseded' };
    this.#agents.set(id, entry);
    if (entry.bootId !== bootId) {
      if (entry.bootId !== '') entry.formerBoots.add(entry.bootId);
      for (const oldest of entry.formerBoots) {
        if (entry.formerBoots.size > MAX_FORMER_BOOTS) entry.formerBoots.delete(oldest);
      }
      const position = this.#positions.get(id);
      entry.bootId = bootId;
      entry.lastSequence = position?.bootId === bootId ? position.sequence : 0;
      entry.settledSequence = entry.lastSequence;
      entry.hasEnded = false;
    }
    entry.vantage = vantage;
    entry.place = vantageKey(vantage);
    this.heard(id, nowMs);
    return { kind: 'welcome', resumeFrom: entry.settledSequence + 1 };
  }

  /** What was counted up to here will not be forgotten. A former start of the agent is past caring. */
  settle({ agentId, bootId, sequence }: Position): void {
    const entry = this.#agents.get(agentId);
    if (entry?.bootId === bootId && sequence > entry.settledSequence) entry.settledSequence = sequence;
  }

  /** It will not come back, or another one does what it did. */
  forget(id: string): void {
    this.#agents.delete(id);
  }

  /** Anything at all came from the agent. */
  heard(id: string, nowMs: number): void {
    const entry = this.#agents.get(id);
    if (entry === undefined) return;
    entry.lastHeardMs = nowMs;
    if (entry.hasEnded) return;
    entry.state = 'up';
    entry.why = '';
  }

  /** Why it could not join; only what is still awaited is explained by it. */
  refuse(id: string, why: string): void {
    const entry = this.#agents.get(id);
    if (entry?.state === 'connecting') entry.why = why;
  }

  /** Its own view of itself. */
  describe(id: string, facts: Partial<Pick<Agent, 'fitness' | 'pendingAttempts'>>): void {
    const entry = this.#agents.get(id);
    if (entry !== undefined) Object.assign(entry, facts);
  }

  /**
   * Whether a batch is to be counted. A jump in the numbers means that the agent dropped batches: what is there counts,
   * what is not there is counted as missing. Numbers before the first that comes were another controller's.
   */
  count(id: string, sequence: number, droppedBefore: number): boolean {
    const entry = this.#agents.get(id);
    if (entry === undefined) return false;
    if (sequence <= entry.lastSequence) {
      entry.repeatedBatches += 1;
      return false;
    }
    const gap = sequence - entry.lastSequence - 1;
    if (entry.lastSequence === 0) entry.earlierBatches += gap;
    else entry.missingBatches += gap;
    entry.droppedOutcomes += droppedBefore;
    entry.lastSequence = sequence;
    return true;
  }

  /** Its stream ended; it may resume until `lostAfterMs` have passed since it was last heard of. */
  leave(id: string, why: string, nowMs: number): void {
    const entry = this.#agents.get(id);
    if (entry?.state !== 'up') return;
    entry.lastHeardMs = nowMs;
    entry.state = 'stale';
    entry.why = why;
  }

  /** Its process ended: only a new start of it brings it back. */
  lose(id: string, why: string): void {
    const entry = this.#agents.get(id);
    if (entry === undefined) return;
    entry.state = 'lost';
    entry.why = why;
    entry.hasEnded = true;
  }

  /** To be called now and then. True where a state changed. */
  tick(nowMs: number): boolean {
    const { heartbeatIntervalMs, lostAfterMs } = this.#options;
    let isChanged = false;
    for (const entry of this.#agents.values()) {
      if (entry.state !== 'up' && entry.state !== 'stale') continue;
      const silentMs = nowMs - entry.lastHeardMs;
      const state =
        silentMs >= lostAfterMs ? 'lost' : silentMs >= MISSED_HEARTBEATS * heartbeatIntervalMs ? 'stale' : entry.state;
      if (state === entry.state) continue;
      if (entry.why === '') entry.why = `nothing was heard of it for ${String(Math.round(silentMs))} ms`;
      entry.state = state;
      isChanged = true;
    }
    return isChanged;
  }
}

function newcomer(id: string, vantage: Vantage, nowMs: number): Entry {
  return {
    id,
    vantage,
    state: 'connecting',
    why: '',
    bootId: '',
    lastSequence: 0,
    settledSequence: 0,
    droppedOutcomes: 0,
    earlierBatches: 0,
    missingBatches: 0,
    repeatedBatches: 0,
    lastHeardMs: nowMs,
    fitness: null,
    pendingAttempts: 0,
    formerBoots: new Set(),
    place: vantageKey(vantage),
    hasEnded: false,
  };
}
