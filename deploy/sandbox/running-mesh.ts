/** What runs of a mesh, proxies and applications, and how it gets from one reality to the next. */
import { isDeepStrictEqual } from 'node:util';
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import { Apps } from './apps.ts';
import type { MeshRoot } from './ca/mesh-root.ts';
import { issueWorkloadCertificates } from './ca/workload-certificates.ts';
import type { DataPlane, WorkloadCertificate } from './data-plane.ts';
import type { InnerNetwork } from './network.ts';
import { makePlans, type SandboxPlans } from './plans.ts';
import { podsOf, type RealityPod } from './pods.ts';
import type { Reality } from './reality.ts';
import { serveStatus } from './status-port.ts';

export interface RunningMeshDeps {
  readonly network: InnerNetwork;
  readonly root: MeshRoot;
  readonly dataPlane: DataPlane;
}

interface State {
  readonly reality: Reality;
  /** By pod. */
  readonly certificates: ReadonlyMap<string, WorkloadCertificate>;
  readonly plans: SandboxPlans;
}

/** Owns the data plane: ends it when disposed. */
export class RunningMesh implements AsyncDisposable {
  /** Aborts when the mesh can no longer be told to be in any of its realities. */
  readonly failed: AbortSignal;
  readonly #deps: RunningMeshDeps;
  readonly #parts: AsyncDisposableStack;
  readonly #apps: Apps;
  readonly #broken: AbortController;
  #state: State;

  private constructor(deps: RunningMeshDeps, parts: AsyncDisposableStack, apps: Apps, state: State) {
    this.#deps = deps;
    this.#parts = parts;
    this.#apps = apps;
    this.#state = state;
    this.#broken = new AbortController();
    const { failed } = deps.dataPlane;
    this.failed = failed === undefined ? this.#broken.signal : AbortSignal.any([failed, this.#broken.signal]);
  }

  /** Resolves when everything answers. Where it rejects, nothing is left, the data plane included. */
  static async start(deps: RunningMeshDeps, reality: Reality, signal: AbortSignal): Promise<RunningMesh> {
    await using parts = new AsyncDisposableStack();
    const dataPlane = parts.use(deps.dataPlane);
    const apps = parts.use(new Apps());
    const state = stateOf(deps, reality);
    const { plans } = state;
    await allOrFirstFailure([
      dataPlane.start(plans.sidecars, plans.gateways, signal),
      ...plans.sidecars.map(async (plan) => parts.use(await serveStatus(plan))),
      apps.change(plans.apps, signal),
    ]);
    signal.throwIfAborted();
    return new RunningMesh(deps, parts.move(), apps, state);
  }

  /** What is in force. */
  get reality(): Reality {
    return this.#state.reality;
  }

  /**
   * To a reality with the same pods, ports and services. Resolves when only the new one answers. Where it rejects, the
   * one before is in force again; if it cannot be brought back, `failed` aborts. Not to be called before the last call
   * has settled.
   */
  async change(reality: Reality, signal: AbortSignal): Promise<void> {
    this.failed.throwIfAborted();
    const before = this.#state;
    const next = stateOf(this.#deps, reality, before);
    try {
      await this.#bring(next.plans, signal);
      this.#state = next;
    } catch (error) {
      signal.throwIfAborted();
      await this.#goBack(before.plans, signal);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }

  async #bring({ sidecars, gateways, apps }: SandboxPlans, signal: AbortSignal): Promise<void> {
    await allOrFirstFailure([this.#deps.dataPlane.change(sidecars, gateways, signal), this.#apps.change(apps, signal)]);
  }

  async #goBack(plans: SandboxPlans, signal: AbortSignal): Promise<void> {
    try {
      await this.#bring(plans, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const why = messageOf(cause);
      const broken = new MeshproofError(
        'MPE_DATA_PLANE_FAILED',
        `a change of the sandbox failed, and what was in force before cannot be brought back: ${why}`,
        { cause },
      );
      this.#broken.abort(broken);
      throw broken;
    }
  }
}

/** Certificates are issued anew only where something else is in them than before. */
function stateOf({ network, root }: RunningMeshDeps, reality: Reality, before?: State): State {
  const pods = podsOf(reality);
  const earlier = new Map(before === undefined ? [] : podsOf(before.reality).map((pod) => [pod.key, pod]));
  const isAsBefore = (pod: RealityPod): boolean =>
    isDeepStrictEqual(pod.certificate, earlier.get(pod.key)?.certificate);
  const issued = issueWorkloadCertificates(
    pods.filter((pod) => !isAsBefore(pod)),
    root,
    Date.now(),
  );
  const certificates = new Map([...(before?.certificates ?? []), ...issued]);
  return { reality, certificates, plans: makePlans(reality, network, certificates) };
}

/** Settles when all have settled: what succeeds beside a failure must be known before that is passed on. */
async function allOrFirstFailure(parts: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(parts);
  await Promise.all(parts);
}
