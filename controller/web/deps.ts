/** What the web side is given, and the choices of whoever runs it. */
import type { Clock } from '../../proto/clock.ts';
import type { Baseline } from '../gate/baseline.ts';
import type { Monitored } from '../monitor/monitored.ts';
import type { Store } from '../store/store.ts';
import type { Access, Anonymous } from './access/access.ts';
import type { Log } from './log.ts';

export interface WebDeps {
  readonly monitored: Monitored;
  readonly store: Pick<Store, 'events' | 'sweeps' | 'sweep' | 'tallies'>;
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
  readonly access: Access;
  readonly clock: Clock;
  readonly log: Log;
  /** For gates that name one, as `BaselineStore.load`. @default none can be named */
  readonly baselines?: { readonly load: (name: string, signal: AbortSignal) => Promise<Baseline> };
  /** Whether another controller measures. @default never */
  readonly isStandby?: () => boolean;
}

export interface WebOptions {
  readonly listen: {
    readonly host: string;
    /** 0: any free one. */
    readonly port: number;
    /** PEM. Absent: plaintext. */
    readonly tls?: { readonly key: string; readonly cert: string };
  };
  readonly anonymous: Anonymous;
  /** From one address. @default 1200 */
  readonly requestsPerMinute?: number;
  /** Connections that are held open, event streams not counted. @default 1000 */
  readonly maxConnections?: number;
}
