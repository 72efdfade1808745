/** What a launcher of probe pods is told, and what it needs. */
import type { Clock } from '../../../proto/clock.ts';
import type { HostVantage } from '../../plan/options.ts';
import type { OwnPlace } from './own-pod.ts';
import type { StayingProbes } from './probe-making.ts';

export interface KubernetesLauncherOptions {
  /** The pod that this process runs in, and the sweep that it is there for; of staying probes, the installation. */
  readonly own: OwnPlace;
  /** Whose workloads are callers; `all` is without Kubernetes' own namespaces and the mesh's. */
  readonly namespaces: ReadonlySet<string> | 'all';
  /** @default false */
  readonly hostVantage?: HostVantage;
  /** After this the probe pods are ended by Kubernetes, whatever has become of us. @default 15 minutes */
  readonly deadlineMs?: number;
  /** @default probes end with the launcher, or by their deadline */
  readonly stays?: StayingProbes;
  /** @default 7443 */
  readonly port?: number;
}

export interface KubernetesLauncherDeps {
  readonly clock: Clock;
  readonly debug: (message: string) => void;
  /** For the person who has started the sweep. */
  readonly note: (message: string) => void;
}
