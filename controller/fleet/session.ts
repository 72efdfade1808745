/** One agent's stream, from its Hello to its end. A fault on it ends this stream and nothing else. */
import { isIP } from 'node:net';
import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '../../proto/clock.ts';
import type { AgentMessage, ControllerMessage, Hello } from '../../proto/gen/meshproof/v1/session.ts';
import type { Address, Vantage } from '../../proto/vocabulary.ts';
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
  /** Called once, for streams that ended before. `claimed` is the agent id that was claimed, by whomever, or empty. */
  readonly refused: (claimed: string, why: string) => void;
  readonly debug: (message: string) => void;
}

export interface SessionDeps {
  readonly clock: Clock;
  readonly events: SessionEvents;
  /** How long a stream may stand without a Hello whose token was found good. */
  readonly helloTimeoutMs: number;
}

type Call = ServerDuplexStream<AgentMessage, ControllerMessage>;

export class Session {
  readonly #call: Call;
  readonly #deps: SessionDeps;
  readonly #ended = new AbortController();
  #isGreeted = false;
  #claimed = '';
  #claim: Claim | undefined;
  /** An acknowledgement that the transport had no room for; the next one takes its place. */
  #owed: Message | undefined;

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
    call.on('drain', () => {
      const owed = this.#owed;
      this.#owed = undefined;
      if (owed !== undefined) this.send(owed);
    });
    call.on('data', (message: AgentMessage) => {
      this.#receive(message);
    });
    void this.#awaitHello();
  }

  /** Where the stream comes from; undefined where its socket is gone. */
  get peer(): Address | undefined {
    const peer = this.#call.getPeer();
    const split = peer.lastIndexOf(':');
    const host = peer.slice(0, split);
    const port = Number(peer.slice(split + 1));
    return isIP(host) === 0 || !Number.isInteger(port) ? undefined : { host, port };
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
    if (this.#claim !== undefined) return;
    const what = this.#isGreeted ? 'the token could not be checked in time' : 'no Hello came on the stream';
    this.end(this.#isGreeted ? status.UNAVAILABLE : status.DEADLINE_EXCEEDED, what);
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
      if (body.value.sequence < 1 || body.value.sequence >= MAX_SEQUENCE) {
        this.end(status.INVALID_ARGUMENT, 'a batch without a proper sequence number');
        return;
      }
      const answer = this.#deps.events.batch(this, this.#claim, batchFromWire(body.value));
      if (answer !== undefined) this.acknowledge(answer);
      return;
    }
    const { fitness, pendingAttempts } = body.value;
    this.#deps.events.pulse(this, this.#claim, { fitness: fitnessFromWire(fitness), pendingAttempts });
  }

  /** An agent that does not read what it is sent must not fill our memory with it. */
  acknowledge(answer: Message): void {
    if (this.isOver) return;
    if (this.#call.writableNeedDrain) this.#owed = answer;
    else this.send(answer);
  }

  /** Nothing is read from the stream until the token is checked. */
  async #greet(hello: Hello): Promise<void> {
    this.#claimed = hello.agentId;
    const vantage = vantageFromWire(hello.vantage);
    if (hello.protocol !== PROTOCOL) {
      const details = `the agent speaks protocol ${String(hello.protocol)}, this controller ${String(PROTOCOL)}`;
      this.end(status.FAILED_PRECONDITION, details);
      return;
    }
    if (vantage === null || !isName(hello.agentId) || !isName(hello.bootId) || !isPlace(vantage)) {
      this.end(status.INVALID_ARGUMENT, 'Hello without a proper agent id, boot id or known vantage');
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
    if (this.#claim === undefined) this.#deps.events.refused(this.#claimed, why);
    else this.#deps.events.closed(this, this.#claim, why);
  }
}

/** The number after it has to travel, too. */
const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER;
/** No name in Kubernetes is longer, and what is echoed in a status has to fit into a header. */
const MAX_NAME = 253;

function isName(text: string): boolean {
  return text !== '' && text.length <= MAX_NAME && !hasControls(text);
}

function isPlace({ namespace, serviceAccount }: Vantage): boolean {
  return [namespace, serviceAccount].every((name) => name.length <= MAX_NAME && !hasControls(name));
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
