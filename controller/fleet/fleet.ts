/** All agents of a controller: their sessions, what each vantage has to do, and the reports that come in. */
import { status } from '@grpc/grpc-js';
import type { Clock } from '../../proto/clock.ts';
import type { Report } from '../../proto/outcome.ts';
import type { PlannedRoute, Vantage } from '../../proto/vocabulary.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import type { Batch } from '../../proto/wire.ts';
import { Assignments } from './assignments.ts';
import { Changes, waitUntil } from './changes.ts';
import { JoinTokens } from './join-tokens.ts';
import type { Claim, TokenCheck } from './join-tokens.ts';
import { LOOPBACK_MEETING } from './launcher.ts';
import type { ControllerEndpoint, Meeting } from './launcher.ts';
import { Roster } from './roster.ts';
import type { Agent, Position, RosterOptions } from './roster.ts';
import { Refusals } from './refusals.ts';
import { lastingCertificate, makeServingCertificate } from './serving-certificate.ts';
import type { KeptCertificate } from './serving-certificate.ts';
import { startSessionServer } from './session-server.ts';
import type { RunningServer } from './session-server.ts';
import type { Message, Session } from './session.ts';

export interface FleetDeps {
  readonly clock: Clock;
  /**
   * Must have changed whatever it changes when it returns. `kept`: the batch is acknowledged at once. `later`: when
   * `settle` is called for it. Never throws.
   */
  readonly record: (batch: CountedBatch) => 'kept' | 'later';
  readonly debug: (message: string) => void;
}

/** A batch that was not counted before. */
export interface CountedBatch extends Position {
  /** `vantageKey`. */
  readonly vantage: string;
  /** It is this agent that measures for the vantage, and not one that has come back after it was replaced. */
  readonly isHolder: boolean;
  readonly reports: readonly Report[];
}

/** `repeated`: counted before. `refused`: of an agent that is not wanted any more. */
export type Uncounted = 'repeated' | 'refused';

export interface FleetOptions extends RosterOptions {
  /** @default 127.0.0.1, any port, one-time join tokens */
  readonly meeting: Meeting;
  /** Batches that an agent may leave unacknowledged. */
  readonly credit: number;
  readonly helloTimeoutMs: number;
  /** For agents that outlive their controller: they go on trusting this one. @default a new one for each fleet */
  readonly certificate?: KeptCertificate;
}

export const DEFAULT_FLEET_OPTIONS: FleetOptions = {
  heartbeatIntervalMs: 15_000,
  lostAfterMs: 60_000,
  meeting: LOOPBACK_MEETING,
  credit: 8,
  helloTimeoutMs: 10_000,
};

/** How often silence is looked for. */
const TICK_MS = 250;

export class Fleet implements AsyncDisposable {
  readonly roster: Roster;
  /** Touched at every report and every change of the roster. */
  readonly changes = new Changes();
  readonly #deps: FleetDeps;
  readonly #options: FleetOptions;
  readonly #joinTokens = new JoinTokens();
  readonly #sessions = new Map<string, Session>();
  readonly #assignments: Assignments;
  readonly #refusals: Refusals;
  readonly #uncounted: Record<Uncounted, number> = { repeated: 0, refused: 0 };
  readonly #disposed = new AbortController();
  #server: RunningServer | undefined;
  #endpoint: ControllerEndpoint | undefined;
  #watch: Promise<void> | undefined;

  private constructor(deps: FleetDeps, options: FleetOptions) {
    this.#deps = deps;
    this.#options = options;
    this.roster = new Roster(options);
    this.#assignments = new Assignments({ roster: this.roster, sessionOf: (agentId) => this.#sessions.get(agentId) });
    this.#refusals = new Refusals(deps.debug);
  }

  /** Listens when it resolves. */
  static async start(deps: FleetDeps, options: FleetOptions = DEFAULT_FLEET_OPTIONS): Promise<Fleet> {
    const fleet = new Fleet(deps, options);
    await fleet.#listen();
    return fleet;
  }

  /** For launchers. Whoever asks for a join token is expected from then on. */
  get endpoint(): ControllerEndpoint {
    if (this.#endpoint === undefined) throw new TypeError('the fleet does not listen');
    return this.#endpoint;
  }

  /** Streams that were not let in, so far. */
  get refusedStreams(): number {
    return this.#refusals.count;
  }

  /** Outcomes so far that were not counted, over agents that come and go. */
  get uncounted(): Readonly<Record<Uncounted, number>> {
    return this.#uncounted;
  }

  /** The agents that measure, one a vantage. */
  holders(vantages: readonly Vantage[]): readonly (Agent | undefined)[] {
    return vantages.map((vantage) => this.roster.holderOf(vantageKey(vantage)));
  }

  /** Adds to what the vantage has to do, and tells its agent, now or when it comes. */
  assign(vantage: string, routes: readonly PlannedRoute[]): void {
    this.#assignments.add(vantage, routes);
  }

  /** Takes away from what the vantage has to do. */
  unassign(vantage: string, routes: readonly number[]): void {
    this.#assignments.remove(vantage, routes);
  }

  /** What was counted up to here will not be forgotten: the agent may forget it. */
  settle(position: Position): void {
    this.roster.settle(position);
    const acknowledgement = this.#acknowledgementFor(position.agentId);
    if (acknowledgement !== undefined) this.#sessions.get(position.agentId)?.acknowledge(acknowledgement);
  }

  /** The agent is not wanted any more; a stream of it ends. */
  dismiss(agentId: string): void {
    this.roster.forget(agentId);
    const session = this.#sessions.get(agentId);
    session?.send({ $case: 'drain', value: { reason: 'this agent is not needed any more', graceMs: 1000 } });
  }

  /** The launcher saw the agent's process end. */
  lose(agentId: string, why: string): void {
    this.roster.lose(agentId, why);
    this.#assignments.handOver();
    this.changes.touch();
  }

  /** True when the condition held before `withinMs` had passed. */
  until(isTrue: () => boolean, withinMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#deps;
    return waitUntil(isTrue, { changes: this.changes, clock }, clock.monotonicMs() + withinMs, signal);
  }

  /** Asks every agent to hand over and end. True when all streams had ended within `graceMs`. */
  async drain(reason: string, graceMs: number, signal: AbortSignal): Promise<boolean> {
    for (const session of this.#sessions.values()) session.send({ $case: 'drain', value: { reason, graceMs } });
    return this.until(() => this.#sessions.size === 0, graceMs, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    for (const session of [...this.#sessions.values()]) session.end(status.UNAVAILABLE, 'the controller stops');
    await this.#server?.[Symbol.asyncDispose]();
    await this.#watch;
  }

  async #listen(): Promise<void> {
    const { clock, debug } = this.#deps;
    const { meeting, helloTimeoutMs } = this.#options;
    const tokens: TokenCheck = meeting.tokens ?? this.#joinTokens;
    const names = ['localhost', meeting.host];
    const { certificate: kept } = this.#options;
    const certificate = await (kept === undefined
      ? makeServingCertificate(names, clock.nowMs())
      : lastingCertificate(names, clock.nowMs(), kept));
    const events = {
      admit: (token: string, claim: Claim, signal: AbortSignal) => tokens.check(token, claim, signal),
      opened: (session: Session, claim: Claim, planVersion: number) => this.#opened(session, claim, planVersion),
      batch: (session: Session, claim: Claim, batch: Batch) => this.#batch(session, claim, batch),
      pulse: (_session: Session, claim: Claim, pulse: Pick<Agent, 'fitness' | 'pendingAttempts'>) => {
        this.roster.heard(claim.agentId, clock.monotonicMs());
        this.roster.describe(claim.agentId, pulse);
      },
      closed: (session: Session, claim: Claim, why: string) => {
        this.#closed(session, claim, why);
      },
      refused: (claimed: string, why: string) => {
        this.#refusals.note(claimed, why);
        this.roster.refuse(claimed, why);
      },
      debug,
    };
    this.#server = await startSessionServer({ clock, events, helloTimeoutMs }, certificate, meeting.listen);
    const expect = (agentId: string, vantage: Vantage): void => {
      this.roster.expect(agentId, vantage, clock.monotonicMs());
    };
    this.#endpoint = {
      address: { host: meeting.host, port: this.#server.address.port },
      caPem: certificate.certificate,
      expect,
      joinTokenFor: (agentId, vantage) => {
        expect(agentId, vantage);
        return this.#joinTokens.issue(agentId, vantage);
      },
    };
    this.#watch = this.#tick();
  }

  async #tick(): Promise<void> {
    for (;;) {
      try {
        await this.#deps.clock.sleep(TICK_MS, this.#disposed.signal);
      } catch (error) {
        if (this.#disposed.signal.aborted) return;
        throw error;
      }
      if (!this.roster.tick(this.#deps.clock.monotonicMs())) continue;
      this.#assignments.handOver();
      this.changes.touch();
    }
  }

  #opened(session: Session, claim: Claim, planVersion: number): readonly Message[] | undefined {
    const { clock, debug } = this.#deps;
    const { agentId, bootId, vantage } = claim;
    const arrival = this.roster.arrive(agentId, vantage, bootId, clock.monotonicMs());
    if (arrival.kind === 'superseded') return undefined;
    const former = this.#sessions.get(agentId);
    this.#sessions.set(agentId, session);
    former?.end(status.ABORTED, 'a newer stream of this agent has taken over');
    debug(`agent ${agentId} is up as ${vantageKey(vantage)}, resumes at batch ${String(arrival.resumeFrom)}`);
    this.changes.touch();
    const { plan, version } = this.#assignments.arrive(agentId, vantageKey(vantage), planVersion);
    const welcome = {
      resumeFrom: arrival.resumeFrom,
      credit: this.#options.credit,
      heartbeatIntervalMs: this.#options.heartbeatIntervalMs,
      planVersion: version,
      controllerTimeMs: clock.nowMs(),
      observedPeer: session.peer,
    };
    return [{ $case: 'welcome', value: welcome }, ...plan];
  }

  #batch(session: Session, { agentId, bootId, vantage }: Claim, told: Batch): Message | undefined {
    if (this.#sessions.get(agentId) !== session) return undefined;
    const { sequence, droppedBefore, reports, fitness } = told;
    this.roster.heard(agentId, this.#deps.clock.monotonicMs());
    if (this.roster.count(agentId, sequence, droppedBefore)) {
      this.roster.describe(agentId, { fitness });
      const isHolder = this.roster.holderOf(vantageKey(vantage))?.id === agentId;
      const batch = { agentId, bootId, sequence, vantage: vantageKey(vantage), isHolder, reports };
      const kept = this.#deps.record(batch);
      if (kept === 'kept') this.roster.settle(batch);
    } else {
      this.#uncounted[this.roster.find(agentId) === undefined ? 'refused' : 'repeated'] += reports.length;
    }
    this.changes.touch();
    return this.#acknowledgementFor(agentId);
  }

  /** Undefined: nothing of it is settled yet. */
  #acknowledgementFor(agentId: string): Message | undefined {
    const sequence = this.roster.find(agentId)?.settledSequence ?? 0;
    return sequence === 0 ? undefined : { $case: 'ack', value: { sequence, credit: this.#options.credit } };
  }

  #closed(session: Session, { agentId }: Claim, why: string): void {
    this.#deps.debug(`the stream of agent ${agentId} ended: ${why}`);
    if (this.#sessions.get(agentId) !== session) return;
    this.#sessions.delete(agentId);
    this.roster.leave(agentId, why, this.#deps.clock.monotonicMs());
    this.changes.touch();
  }
}
