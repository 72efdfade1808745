/** What time it is for the controller; two clocks that disagree about a certificate prove nothing of it. */
import type { Clock } from '../proto/clock.ts';
import type { Outcome, Untested } from '../proto/outcome.ts';

export class ControllerTime {
  readonly #clock: Clock;
  #heard: { readonly wallMs: number; readonly atMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Its wall clock says this now. 0: it did not say. */
  hear(wallMs: number): void {
    if (wallMs > 0) this.#heard = { wallMs, atMs: this.#clock.monotonicMs() };
  }

  /** Its wall clock by now, however our own was set meanwhile; our own where it never said. */
  nowMs(): number {
    if (this.#heard === undefined) return this.#clock.nowMs();
    return this.#heard.wallMs + this.#clock.monotonicMs() - this.#heard.atMs;
  }
}

/**
 * What stands in the place of an outcome whose certificate is valid by our clock and not by the controller's, or the
 * other way round; undefined: both say the same. Milliseconds since 1970.
 */
export function doubtfulTime(outcome: Outcome, ownMs: number, controllerMs: number): Untested | undefined {
  if (outcome.kind === 'untested' || outcome.certificate === undefined) return undefined;
  const { notBeforeMs, notAfterMs } = outcome.certificate;
  const isValidAt = (nowMs: number): boolean => nowMs >= notBeforeMs && nowMs <= notAfterMs;
  if (isValidAt(ownMs) === isValidAt(controllerMs)) return undefined;
  const seconds = Math.round((ownMs - controllerMs) / 1000);
  const apart = `${String(Math.abs(seconds))} s ${seconds > 0 ? 'ahead of' : 'behind'}`;
  const detail = `the agent's clock is ${apart} the controller's: the certificate is valid by one of them only`;
  return { kind: 'untested', why: 'agent-not-ready', detail };
}
