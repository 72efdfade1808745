/** ^C and its kin: the first asks everything to end and clean up, the second ends at once. */
import { EXIT } from '../../proto/errors.ts';

/** Why the run's signal is aborted when the operator, and not a deadline, ended it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(signal: string) {
    super(`interrupted by ${signal}`);
  }
}

export interface InterruptionSource {
  readonly on: (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void) => unknown;
  readonly exit: (status: number) => void;
  readonly monotonicMs: () => number;
}

/** A terminal and a parent that forwards can both deliver one ^C; no finger is this fast. */
const ONE_MOMENT_MS = 150;

/** Aborts `controller` at the first signal. `announce` gets to tell the operator that a second one will not wait. */
export function watchInterruptions(
  source: InterruptionSource,
  controller: AbortController,
  announce: (text: string) => void,
): void {
  let firstAtMs: number | undefined;
  const interrupt = (name: string): void => {
    const nowMs = source.monotonicMs();
    if (firstAtMs === undefined) {
      firstAtMs = nowMs;
      announce('Interrupted; cleaning up. Once more to quit at once.');
      controller.abort(new Interrupted(name));
    } else if (nowMs - firstAtMs >= ONE_MOMENT_MS) {
      source.exit(EXIT.interrupted);
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    source.on(name, () => {
      interrupt(name);
    });
  }
}
