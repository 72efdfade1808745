/** One agent's stream, from its Hello to its end. A fault on it ends this stream and nothing else. */
import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '../../proto/clock.ts';
import type { AgentMessage, ControllerMessage, Hello } from '../../proto/gen/meshproof/v1/session.ts';
import { PROTOCOL, batchFromWire, fitnessFromWire, vantageFromWire } from '../../proto/wire.ts';
import type { Batch, Fitness } from '../../proto/wire.ts';
import type { Claim, TokenVerdict } from './join-tokens.ts';

export type Message = NonNullable<ControllerMessage['body']>;

export interface Pulse {
  readonly fitness: Fitness;
  readonly pendingAttempts: number;
}

/** What the fleet does with a stream's news. None of them throws. */
export interface SessionEvents {
  readonly admit: (token: string, claim: Claim, signal: AbortSignal) => Promise<TokenVerdict>;
  /** The first messages to send, Welcome first; undefined: a newer start of this agent has taken over. */
  readonly opened: (session: Session, claim: Claim, planVersion: number) => readonly Message[] | undefined;
  /** Everything in the batch has changed the state when this returns. Answers what to acknowledge. */
  readonly batch: (session: Session, claim: Claim, batch: Batch) => Message | undefined;
  readonly pulse: (session: Session, claim: Claim, pulse: Pulse) => void;
  /** Called once, for streams that were opened. */
  readonly closed: (session: Session, claim: Claim, why: string) => void;
  readonly debug: (message: string) => void;
}

export interface SessionDeps {
  readonly clock: Clock;
  readonly events: SessionEvents;
  /** How long a stream may stand without a Hello. */
  readonly helloTimeoutMs: number;
}

type Call = ServerDuplexStream<AgentMessage, ControllerMessage>;

export class Session {
  readonly #call: Call;
  readonly #deps: SessionDeps;
  readonly #ended = new AbortController();
  #isGreeted = false;
  #claim: Claim | undefined;

  constructor(call: Call, deps: SessionDeps) {
    this.#call = call;
    this.#deps = deps;
    call.on('error', (error: Error) => {
      this.#over(error.message);
    });
    call.on('cancelled', () => {
      this.#over('the stream was cut');
    });
    call.on('close', () => {
      this.#over('the stream was closed');
    });
    call.on('end', () => {
      call.end();
      this.#over('the agent ended its stream');
    });
    call.on('data', (message: AgentMessage) => {
      this.#receive(message);
    });
    void this.#awaitHello();
  }

  get isOver(): boolean {
    return this.#ended.signal.aborted;
  }

  send(body: Message): void {
    if (!this.isOver) this.#call.write({ body });
  }

  /** Ends the stream with a status that tells the agent whether to come again. */
  end(code: status, details: string): void {
    if (this.isOver) return;
    this.#over(details);
    this.#call.emit('error', Object.assign(new Error(details), { code, details }));
  }

  async #awaitHello(): Promise<void> {
    const { clock, helloTimeoutMs } = this.#deps;
    try {
      await clock.sleep(helloTimeoutMs, this.#ended.signal);
    } catch (error) {
      if (this.isOver) return;
      throw error;
    }
    if (!this.#isGreeted) this.end(status.DEADLINE_EXCEEDED, 'no Hello came on the stream');
  }

  #receive({ body }: AgentMessage): void {
    if (this.isOver || body === undefined) return;
    if (body.$case === 'hello') {
      if (this.#isGreeted) {
        this.end(status.INVALID_ARGUMENT, 'a second Hello on one stream');
        return;
      }
      this.#isGreeted = true;
      void this.#greet(body.value);
      return;
    }
    if (this.#claim === undefined) {
      this.end(status.INVALID_ARGUMENT, `${body.$case} came before the Hello was answered`);
      return;
    }
    if (body.$case === 'batch') {
      if (body.value.sequence < 1) {
        this.end(status.INVALID_ARGUMENT, 'a batch without a sequence number');
        return;
      }
      const answer = this.#deps.events.batch(this, this.#claim, batchFromWire(body.value));
      if (answer !== undefined) this.send(answer);
      return;
    }
    const { fitness, pendingAttempts } = body.value;
    this.#deps.events.pulse(this, this.#claim, { fitness: fitnessFromWire(fitness), pendingAttempts });
  }

  /** Nothing is read from the stream until the token is checked. */
  async #greet(hello: Hello): Promise<void> {
    const vantage = vantageFromWire(hello.vantage);
    if (hello.protocol !== PROTOCOL) {
      const details = `the agent speaks protocol ${String(hello.protocol)}, this controller ${String(PROTOCOL)}`;
      this.end(status.FAILED_PRECONDITION, details);
      return;
    }
    if (vantage === null || hello.agentId === '' || hello.bootId === '') {
      this.end(status.INVALID_ARGUMENT, 'Hello without agent id, boot id or a known vantage');
      return;
    }
    const claim: Claim = { agentId: hello.agentId, bootId: hello.bootId, vantage };
    this.#call.pause();
    const verdict = await this.#check(claim);
    if (this.isOver) return;
    if (verdict.kind !== 'accepted') {
      const code = verdict.kind === 'denied' ? status.PERMISSION_DENIED : status.UNAUTHENTICATED;
      this.end(code, verdict.why);
      return;
    }
    const messages = this.#deps.events.opened(this, claim, hello.planVersion);
    if (messages === undefined) {
      this.end(status.PERMISSION_DENIED, 'a newer start of this agent has taken over');
      return;
    }
    this.#claim = claim;
    for (const message of messages) this.send(message);
    this.#call.resume();
  }

  async #check(claim: Claim): Promise<TokenVerdict> {
    const [header = ''] = this.#call.metadata.get('authorization').map(String);
    const token = /^Bearer (\S+)$/.exec(header)?.[1];
    if (token === undefined) return { kind: 'unauthenticated', why: 'no bearer token came with the stream' };
    try {
      return await this.#deps.events.admit(token, claim, this.#ended.signal);
    } catch (error) {
      this.#deps.events.debug(`the token of ${claim.agentId} could not be checked: ${String(error)}`);
      this.end(status.UNAVAILABLE, 'the token could not be checked now');
      return { kind: 'unauthenticated', why: 'not checked' };
    }
  }

  #over(why: string): void {
    if (this.isOver) return;
    this.#ended.abort();
    if (this.#claim === undefined) this.#deps.events.debug(`a stream ended before it was opened: ${why}`);
    else this.#deps.events.closed(this, this.#claim, why);
  }
}
