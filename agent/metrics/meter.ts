/** What an agent says of its own work as it goes; costs nothing where nobody listens. */
import type { Outcome } from '../../proto/outcome.ts';
import type { Task } from '../../proto/vocabulary.ts';

/** Why an attempt whose time came was not made. */
export type SkipReason = 'overrun' | 'clock-step' | 'cancelled';

export interface Meter {
  /** The time of so many attempts has come. */
  readonly due: (attempts: number) => void;
  readonly skipped: (reason: SkipReason, attempts: number) => void;
  /** The first attempt of a turn begins, so much after its time. */
  readonly begun: (lagMs: number) => void;
  readonly attempted: (probe: Task['probe']['kind'], outcome: Outcome) => void;
  /** @param code Name of the gRPC status; undefined: there was none. */
  readonly disconnected: (code: string | undefined) => void;
}

const nobody = (): void => undefined;

export const NO_METER: Meter = {
  due: nobody,
  skipped: nobody,
  begun: nobody,
  attempted: nobody,
  disconnected: nobody,
};
