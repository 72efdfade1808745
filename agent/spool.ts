/** Outcomes until they are acknowledged: the ones that wait, and the batches that were sent. */
import type { Clock } from '../proto/clock.ts';
import type { Report } from '../proto/outcome.ts';
import type { Batch, Fitness } from '../proto/wire.ts';

export interface SpoolLimits {
  readonly batchOutcomes: number;
  readonly batchBytes: number;
  /** How long the first outcome of a batch waits for others. */
  readonly batchMs: number;
  readonly totalBytes: number;
  readonly ageMs: number;
}

export const SPOOL_LIMITS: SpoolLimits = {
  batchOutcomes: 100,
  batchBytes: 64 * 1024,
  batchMs: 250,
  totalBytes: 8 * 1024 * 1024,
  ageMs: 10 * 60_000,
};

/** Why an outcome was given up: a newer one of its route, or a limit of the spool. */
export const DROP_REASONS = ['superseded', 'size', 'age'] as const;

export type DropReason = (typeof DROP_REASONS)[number];

interface Waiting {
  readonly report: Report;
  /** The attempt on its route, whatever slot. */
  readonly attempt: string;
  readonly bytes: number;
  readonly sinceMs: number;
}

/**
 * Batches are made when they can be sent and not before, so that whatever has to be dropped is an outcome that no batch
 * holds yet: sequence numbers have no gaps, and every drop is counted in the batch that follows.
 */
export class Spool {
  /** While nothing can be sent, only the newest slot of an attempt on a route is kept. */
  isBlocked = true;
  /** Called after every outcome that was added. */
  onAdded: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #limits: SpoolLimits;
  /** In the order of arrival. */
  readonly #waiting = new Map<string, Waiting>();
  #waitingBytes = 0;
  /** Key of the newest that waits, by attempt on a route. */
  readonly #newest = new Map<string, string>();
  readonly #sent: Batch[] = [];
  #nextSequence = 1;
  #dropped = 0;
  readonly #droppedBy: Record<DropReason, number> = { superseded: 0, size: 0, age: 0 };
  #resentBatches = 0;
  #lastAcknowledgedAtMs = 0;

  constructor(clock: Clock, limits: SpoolLimits = SPOOL_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Sequence of the oldest batch without acknowledgement; 0: none. */
  get oldestUnacknowledged(): number {
    return this.#sent[0]?.sequence ?? 0;
  }

  /** Sequence of the newest batch that was made; 0: none. */
  get lastSequence(): number {
    return this.#nextSequence - 1;
  }

  get unacknowledged(): number {
    return this.#sent.length;
  }

  /** Outcomes that no batch holds yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Since the begin. */
  get dropped(): Readonly<Record<DropReason, number>> {
    return this.#droppedBy;
  }

  get resentBatches(): number {
    return this.#resentBatches;
  }

  /** By the wall clock; 0: nothing was acknowledged yet. */
  get lastAcknowledgedAtMs(): number {
    return this.#lastAcknowledgedAtMs;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#sent.length === 0 && this.#dropped === 0;
  }

  add(report: Report): void {
    const attempt = `${String(report.route)}/${String(report.attempt)}`;
    const key = `${attempt}/${String(report.slot)}`;
    if (this.isBlocked) this.#remove(this.#newest.get(attempt) ?? key, 'superseded');
    this.#newest.set(attempt, key);
    const bytes = sizeOf(report);
    this.#waiting.set(key, { report, attempt, bytes, sinceMs: this.#clock.monotonicMs() });
    this.#waitingBytes += bytes;
    this.#dropExcess();
    this.onAdded();
  }

  /** Milliseconds until a batch should go; 0: now; undefined: nothing waits. */
  dueInMs(): number | undefined {
    const { batchOutcomes, batchBytes, batchMs } = this.#limits;
    const first = this.#oldest();
    if (first === undefined) return this.#dropped > 0 ? 0 : undefined;
    if (this.#waiting.size >= batchOutcomes || this.#waitingBytes >= batchBytes) return 0;
    return Math.max(0, first[1].sinceMs + batchMs - this.#clock.monotonicMs());
  }

  /** The next batch, which is from now on kept until its acknowledgement. */
  take(fitness: Fitness): Batch {
    const reports: Report[] = [];
    let bytes = 0;
    for (const [key, waiting] of this.#waiting) {
      const isFull = reports.length >= this.#limits.batchOutcomes || bytes + waiting.bytes > this.#limits.batchBytes;
      if (isFull && reports.length > 0) break;
      reports.push(waiting.report);
      bytes += waiting.bytes;
      this.#take(key, waiting);
    }
    const batch = { sequence: this.#nextSequence, reports, droppedBefore: this.#dropped, fitness };
    this.#nextSequence += 1;
    this.#dropped = 0;
    this.#sent.push(batch);
    return batch;
  }

  /** Everything up to and including this sequence number has been counted. */
  acknowledge(sequence: number): void {
    this.#lastAcknowledgedAtMs = this.#clock.nowMs();
    this.#forget(sequence);
  }

  /** Batches to send again on a new stream, oldest first; older ones than the controller asks for are done with. */
  resume(from: number): readonly Batch[] {
    this.#forget(from - 1);
    this.#resentBatches += this.#sent.length;
    return [...this.#sent];
  }

  #forget(sequence: number): void {
    const kept = this.#sent.findIndex((batch) => batch.sequence > sequence);
    this.#sent.splice(0, kept < 0 ? this.#sent.length : kept);
  }

  #dropExcess(): void {
    const tooOldMs = this.#clock.monotonicMs() - this.#limits.ageMs;
    for (let oldest = this.#oldest(); oldest !== undefined; oldest = this.#oldest()) {
      const [key, { sinceMs }] = oldest;
      const isTooMuch = this.#waitingBytes > this.#limits.totalBytes;
      if (!isTooMuch && sinceMs >= tooOldMs) return;
      this.#remove(key, isTooMuch ? 'size' : 'age');
    }
  }

  #remove(key: string, reason: DropReason): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#take(key, waiting);
    this.#dropped += 1;
    this.#droppedBy[reason] += 1;
  }

  #take(key: string, { attempt, bytes }: Waiting): void {
    this.#waiting.delete(key);
    this.#waitingBytes -= bytes;
    if (this.#newest.get(attempt) === key) this.#newest.delete(attempt);
  }

  #oldest(): [string, Waiting] | undefined {
    return this.#waiting.entries().next().value;
  }
}

/** An upper bound of the bytes on the wire: side tables are shared within a batch, which is not counted on here. */
function sizeOf({ outcome }: Report): number {
  const base = 64;
  switch (outcome.kind) {
    case 'reached':
      return base + textBytes(outcome.witness?.pod) + textBytes(outcome.witness?.caller) + certificateBytes(outcome);
    case 'refused':
      return base + textBytes(outcome.signature) + textBytes(outcome.detail) + certificateBytes(outcome);
    case 'silent':
      return base + certificateBytes(outcome);
    case 'untested':
      return base + textBytes(outcome.why) + textBytes(outcome.detail);
  }
}

/** UTF-8 takes at most three bytes for a character of a JavaScript string. */
function textBytes(text: string | null | undefined): number {
  return text === null || text === undefined ? 0 : 3 * text.length + 4;
}

function certificateBytes(outcome: { readonly certificate?: { readonly spiffeId: string | null } }): number {
  return outcome.certificate === undefined ? 0 : 100 + textBytes(outcome.certificate.spiffeId);
}
