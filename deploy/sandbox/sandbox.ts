/** The embedded mesh: workloads, their proxies and a certificate authority, all on loopback. */
import { startResponder } from '../../agent/responder.ts';
import { MeshproofError } from '../../proto/errors.ts';
import type { Address } from '../../proto/vocabulary.ts';
import type { AddressMode } from './address-block.ts';
import type { CertificateAuthority } from './ca/certificate-authority.ts';
import { startAuthority } from './ca/start-authority.ts';
import { issueWorkloadCertificates } from './ca/workload-certificates.ts';
import type { DataPlane } from './data-plane.ts';
import { openNetwork, type SandboxNetwork } from './network.ts';
import { makePlans, type AppPlan } from './plans.ts';
import { podsOf } from './pods.ts';
import type { Scenario } from './scenario.ts';
import { serveStatus } from './status-port.ts';

export interface SandboxOptions {
  readonly dataPlane: 'node' | 'envoy';
  /** Path of the Envoy binary, for the data plane `envoy`. */
  readonly envoyBinary?: string;
  /** @default one address a pod where the machine has them, else the single one */
  readonly addresses?: AddressMode;
  /** Aborts the start; a sandbox that stands is ended by disposing it. */
  readonly signal: AbortSignal;
}

/** A running sandbox. Everything that it started ends when it is disposed. */
export interface Sandbox extends AsyncDisposable {
  readonly scenario: Scenario;
  readonly trustDomain: string;
  readonly network: SandboxNetwork;
  /** Where a meshed pod's own traffic enters (PROXY protocol v2 names its destination). Undefined: the pod has no sidecar. */
  readonly capturePoint: (podKey: string) => Address | undefined;
  readonly certificateAuthority: CertificateAuthority;
  /** Aborts with MPE_DATA_PLANE_FAILED when a proxy ends unasked: what is measured from then on is no measurement. */
  readonly failed: AbortSignal;
}

/**
 * Resolves when everything answers. Rejects with MPE_PORT_IN_USE, MPE_DATA_PLANE_MISSING or MPE_DATA_PLANE_FAILED, or
 * the signal's reason; then nothing is left.
 */
export async function startSandbox(scenario: Scenario, options: SandboxOptions): Promise<Sandbox> {
  const { signal } = options;
  const { reality } = scenario;
  signal.throwIfAborted();
  await using started = new AsyncDisposableStack();
  const network = started.use(await openNetwork(reality, options.addresses));
  const authority = started.use(
    await startAuthority({ address: network.certificateService, trustDomain: reality.trustDomain, nowMs: Date.now }),
  );
  const certificates = issueWorkloadCertificates(podsOf(reality), authority.root, Date.now());
  const plans = makePlans(reality, network, certificates);
  const dataPlane = started.use(await dataPlaneOf(options));
  signal.throwIfAborted();
  // What succeeds beside a failure must be known before it is passed on, or it would stay.
  const parts = [
    dataPlane.start(plans.sidecars, plans.gateways, signal),
    ...plans.sidecars.map(async (plan) => started.use(await serveStatus(plan))),
    ...appsByPod(plans.apps).map(async ([pod, apps]) =>
      started.use(
        await startResponder({ pod, listeners: apps.map(({ address, ...facts }) => ({ address, ...facts })), signal }),
      ),
    ),
  ];
  await Promise.allSettled(parts);
  await Promise.all(parts);
  signal.throwIfAborted();
  const captures = new Map(plans.sidecars.map((plan) => [plan.pod, plan.capture]));
  const all = started.move();
  return {
    scenario,
    trustDomain: reality.trustDomain,
    network,
    capturePoint: (podKey) => captures.get(podKey),
    certificateAuthority: authority,
    failed: dataPlane.failed ?? new AbortController().signal,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function dataPlaneOf({ dataPlane, envoyBinary }: SandboxOptions): Promise<DataPlane> {
  if (dataPlane === 'node') {
    const { nodeDataPlane } = await import('./node/data-plane.ts');
    return nodeDataPlane();
  }
  if (envoyBinary === undefined) throw new MeshproofError('MPE_DATA_PLANE_MISSING', 'no Envoy binary was named');
  const { envoyDataPlane } = await import('./envoy/data-plane.ts');
  return envoyDataPlane(envoyBinary);
}

function appsByPod(apps: readonly AppPlan[]): readonly (readonly [string, readonly AppPlan[]])[] {
  return Object.entries(Object.groupBy(apps, (app) => app.pod)).map(([pod, group = []]) => [pod, group] as const);
}
