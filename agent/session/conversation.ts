/** One stream from Hello to its end: plans come in, batches go out within the controller's credit. */
import { messageOf } from '../../proto/errors.ts';
import type { Clock } from '../../proto/clock.ts';
import type { AgentMessage, ControllerMessage, Welcome } from '../../proto/gen/meshproof/v1/session.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { VERSION } from '../../proto/version.ts';
import { batchToWire, fitnessToWire, PROTOCOL, routeFromWire, vantageToWire } from '../../proto/wire.ts';
import type { Batch, Fitness, ReceivedRoute } from '../../proto/wire.ts';
import type { ControlPath } from '../control-path.ts';
import type { ControllerTime } from '../controller-time.ts';
import type { Spool } from '../spool.ts';
import type { OpenUplink, Uplink, UplinkEnd } from './uplink.ts';

/** What the conversation asks of the schedule. */
export interface Work {
  readonly replace: (routes: readonly ReceivedRoute[]) => void;
  readonly change: (removed: readonly number[], added: readonly ReceivedRoute[]) => void;
  readonly pendingAttempts: number;
  /** Begins nothing new; resolves when what was in flight is reported. */
  readonly drain: () => Promise<void>;
}

export interface ConversationDeps {
  readonly clock: Clock;
  readonly open: OpenUplink;
  readonly spool: Spool;
  readonly work: Work;
  readonly fitness: () => Fitness;
  readonly agentId: string;
  readonly bootId: string;
  readonly vantage: Vantage;
  /** The plan that the agent holds; outlives the streams of a boot. 0: none. */
  readonly plan: { version: number };
  readonly controllerTime: Pick<ControllerTime, 'hear'>;
  readonly controlPath: Pick<ControlPath, 'hear'>;
  /** How long an end in good order may take after the signal aborts. */
  readonly graceMs: number;
}

/** `code`: name of the gRPC status, where there was one. */
export type ConversationEnd =
  | { readonly kind: 'drained' }
  | { readonly kind: 'refused'; readonly why: string; readonly code?: string }
  | { readonly kind: 'lost'; readonly why: string; readonly code?: string; readonly wasWelcomed: boolean };

/** Used where the controller names none. */
const HEARTBEAT_MS = 15_000;
/** No controller can make an agent flood it with heartbeats. */
const MIN_HEARTBEAT_MS = 250;
const CREDIT = 8;
const WELCOME_WITHIN_MS = 10_000;

/** Resolves when the stream has ended; never rejects. An abort hands over what is spooled first, within the grace. */
export async function converse(deps: ConversationDeps, signal: AbortSignal): Promise<ConversationEnd> {
  const conversation = new Conversation(deps);
  const leave = (): void => {
    conversation.leave(deps.graceMs);
  };
  signal.addEventListener('abort', leave);
  try {
    return await conversation.run();
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

class Conversation {
  readonly #deps: ConversationDeps;
  readonly #ended = Promise.withResolvers<UplinkEnd>();
  /** Aborts every timer of this stream. */
  readonly #over = new AbortController();
  #uplink: Uplink | undefined;
  #credit = CREDIT;
  #isWritable = true;
  #isWelcomed = false;
  #leaving: 'no' | 'finishing' | 'handing-over' = 'no';
  #isFlushTimed = false;

  constructor(deps: ConversationDeps) {
    this.#deps = deps;
  }

  async run(): Promise<ConversationEnd> {
    const { open, spool } = this.#deps;
    try {
      this.#uplink = await open({
        onMessage: (message) => {
          this.#receive(message);
        },
        onWritable: () => {
          this.#isWritable = true;
          this.#flush();
        },
        onEnd: this.#ended.resolve,
      });
    } catch (error) {
      return { kind: 'lost', why: messageOf(error), wasWelcomed: false };
    }
    spool.onAdded = () => {
      this.#flush();
    };
    this.#hello();
    const end = await this.#ended.promise;
    this.#over.abort();
    spool.onAdded = () => undefined;
    spool.isBlocked = true;
    if (end.kind === 'refused') return end;
    if (this.#leaving !== 'no') return { kind: 'drained' };
    const wasWelcomed = this.#isWelcomed;
    if (end.kind === 'closed') return { kind: 'lost', why: 'the controller ended the stream', code: 'OK', wasWelcomed };
    return { ...end, wasWelcomed };
  }

  /** Finishes what is in flight, hands over the spool, ends the stream; after the grace it ends all the same. */
  leave(graceMs: number): void {
    if (this.#leaving !== 'no') return;
    this.#leaving = 'finishing';
    this.#after(this.#isWelcomed ? graceMs : 0, () => {
      this.#cut('not handed over in time');
    });
    void this.#deps.work.drain().then(() => {
      this.#leaving = 'handing-over';
      this.#flush();
    });
  }

  #hello(): void {
    const { agentId, bootId, vantage, spool, plan } = this.#deps;
    const oldestUnacknowledged = spool.oldestUnacknowledged;
    const head = { agentId, bootId, vantage: vantageToWire(vantage), version: VERSION, protocol: PROTOCOL };
    this.#send({ $case: 'hello', value: { ...head, oldestUnacknowledged, planVersion: plan.version } });
    this.#after(WELCOME_WITHIN_MS, () => {
      if (!this.#isWelcomed) this.#cut('no Welcome');
    });
  }

  #receive({ body }: ControllerMessage): void {
    const { plan, spool, work } = this.#deps;
    switch (body?.$case) {
      case 'welcome':
        this.#begin(body.value);
        break;
      case 'plan':
        plan.version = body.value.version;
        work.replace(body.value.routes.map(routeFromWire));
        break;
      case 'planDelta':
        plan.version = body.value.version;
        work.change(body.value.removed, body.value.added.map(routeFromWire));
        break;
      case 'ack':
        if (body.value.sequence > spool.lastSequence) {
          this.#cut('the controller acknowledged what was never sent');
          break;
        }
        spool.acknowledge(body.value.sequence);
        this.#credit = body.value.credit > 0 ? body.value.credit : this.#credit;
        this.#flush();
        break;
      case 'drain':
        this.leave(body.value.graceMs);
        break;
      case undefined:
        // A newer controller's message: what this agent does not know it cannot be asked to do.
        break;
    }
  }

  #begin(welcome: Welcome): void {
    if (this.#isWelcomed) return;
    if (welcome.resumeFrom > this.#deps.spool.lastSequence + 1) {
      this.#cut('the controller has counted what was never sent');
      return;
    }
    this.#isWelcomed = true;
    this.#deps.controllerTime.hear(welcome.controllerTimeMs);
    this.#deps.controlPath.hear(welcome.observedPeer, this.#uplink?.localAddress());
    this.#credit = welcome.credit > 0 ? welcome.credit : CREDIT;
    for (const batch of this.#deps.spool.resume(welcome.resumeFrom)) this.#sendBatch(batch);
    const { heartbeatIntervalMs } = welcome;
    const heartbeatMs = heartbeatIntervalMs > 0 ? Math.max(MIN_HEARTBEAT_MS, heartbeatIntervalMs) : HEARTBEAT_MS;
    const beat = (): void => {
      this.#heartbeat();
      this.#after(heartbeatMs, beat);
    };
    this.#after(heartbeatMs, beat);
    this.#flush();
  }

  /** Sends what is due, as far as credit and transport allow; otherwise something else will call again. */
  #flush(): void {
    const { spool, fitness } = this.#deps;
    if (!this.#isWelcomed) return;
    while (this.#isWritable && spool.unacknowledged < this.#credit) {
      spool.isBlocked = false;
      const dueInMs = spool.dueInMs();
      if (dueInMs === undefined) break;
      if (dueInMs > 0 && this.#leaving !== 'handing-over') {
        this.#flushAfter(dueInMs);
        return;
      }
      this.#sendBatch(spool.take(fitness()));
    }
    spool.isBlocked = !this.#isWritable || spool.unacknowledged >= this.#credit;
    if (this.#leaving === 'handing-over' && spool.isEmpty) this.#uplink?.end();
  }

  #flushAfter(delayMs: number): void {
    if (this.#isFlushTimed) return;
    this.#isFlushTimed = true;
    this.#after(delayMs, () => {
      this.#isFlushTimed = false;
      this.#flush();
    });
  }

  #sendBatch(batch: Batch): void {
    this.#send({ $case: 'batch', value: batchToWire(batch) });
  }

  #heartbeat(): void {
    const { clock, fitness, work, spool } = this.#deps;
    const pendingAttempts = work.pendingAttempts;
    const value = { agentTimeMs: clock.nowMs(), fitness: fitnessToWire(fitness()), pendingAttempts };
    if (this.#isWritable) {
      this.#send({ $case: 'heartbeat', value: { ...value, spooledBatches: spool.unacknowledged } });
    }
  }

  #send(body: NonNullable<AgentMessage['body']>): void {
    if (this.#uplink?.send({ body }) === false) this.#isWritable = false;
  }

  #cut(why: string): void {
    this.#ended.resolve({ kind: 'lost', why });
    this.#uplink?.cancel();
  }

  #after(delayMs: number, then: () => void): void {
    void this.#deps.clock.sleep(delayMs, this.#over.signal).then(then, () => undefined);
  }
}
