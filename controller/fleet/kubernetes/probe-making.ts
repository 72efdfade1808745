/** The Job that a probe is made as: what its place asks for, what its controller gives, and how long it may last. */
import type { Fields } from '../../declared/reading.ts';
import type { ControllerEndpoint } from '../launcher.ts';
import { excludedRangesIn, meshAccessIn } from './mesh-access.ts';
import { ownerOf, templateOf } from './own-pod.ts';
import type { OwnPlace } from './own-pod.ts';
import type { ProbePlacement } from './placement.ts';
import type { ProbePlace } from './places.ts';
import { probeJob } from './probe-job.ts';

/** Probes that outlive their controller, for the next one to go on with. */
export interface StayingProbes {
  /** Address or DNS name of the Service of the controller that is in charge, which agents dial. */
  readonly host: string;
  /** Of that Service: what goes there passes by the sidecars. */
  readonly clusterIp: string;
  /** Without a controller for so long, they end by themselves. @default 10 minutes */
  readonly giveUpAfterMs?: number;
}

export interface ProbeMaking {
  /** The pod that this process runs in. */
  readonly ownPod: Fields;
  readonly own: OwnPlace;
  readonly deadlineMs: number;
  readonly stays: StayingProbes | undefined;
}

/** Ten times what an agent of a single sweep bears: long enough for a controller that is rolled out, or comes back. */
const GIVE_UP_AFTER_MS = 600_000;

/** What agents dial, by its address: it is to be reached past every sidecar. */
export function dialledHost({ own, stays }: Pick<ProbeMaking, 'own' | 'stays'>): string {
  return stays?.clusterIp ?? own.host;
}

export function jobFor(
  { place, agentId }: { readonly place: ProbePlace; readonly agentId: string },
  { mesh, snapshot }: ProbePlacement,
  controller: ControllerEndpoint,
  making: ProbeMaking,
): Fields {
  const { own, ownPod, stays, deadlineMs } = making;
  // What stays must not go with the pod of one controller.
  const isOwned = stays === undefined && place.vantage.namespace === own.namespace;
  return probeJob(place, {
    agentId,
    sweepId: own.sweepId,
    controllerHost: dialledHost(making),
    excludedRanges: excludedRangesIn(snapshot),
    controller,
    mesh: meshAccessIn(mesh, place.vantage),
    template: templateOf(ownPod),
    ...(stays === undefined
      ? { deadlineSeconds: Math.ceil(deadlineMs / 1000) }
      : { giveUpAfterMs: stays.giveUpAfterMs ?? GIVE_UP_AFTER_MS }),
    ...(isOwned && { owner: ownerOf(ownPod) }),
  });
}
