/** The embedded mesh: workloads, their proxies and a certificate authority, all on loopback. */
import { MeshproofError } from '../../proto/errors.ts';
import type { Address } from '../../proto/vocabulary.ts';
import type { AddressMode } from './address-block.ts';
import type { CertificateAuthority } from './ca/certificate-authority.ts';
import { startAuthority } from './ca/start-authority.ts';
import { applyChange, type Change } from './change.ts';
import type { DataPlane } from './data-plane.ts';
import { differences, type Difference } from './difference.ts';
import { openNetwork, type SandboxNetwork } from './network.ts';
import { isMeshed, podsOf } from './pods.ts';
import type { Reality } from './reality.ts';
import { RunningMesh } from './running-mesh.ts';
import type { Scenario } from './scenario.ts';

export type DataPlaneKind = 'node' | 'envoy';

export interface SandboxOptions {
  readonly dataPlane: DataPlaneKind;
  /** Path of the Envoy binary, for the data plane `envoy`. */
  readonly envoyBinary?: string;
  /** @default one address a pod where the machine has them, else the single one */
  readonly addresses?: AddressMode;
  /** Aborts the start; a sandbox that stands is ended by disposing it. */
  readonly signal: AbortSignal;
}

/** A running sandbox. Everything that it started ends when it is disposed. */
export interface Sandbox extends AsyncDisposable {
  /** As it is on disk: what is in force may have been changed since. */
  readonly scenario: Scenario;
  readonly dataPlane: DataPlaneKind;
  readonly trustDomain: string;
  readonly network: SandboxNetwork;
  /** Where a meshed pod's own traffic enters (PROXY protocol v2 names its destination). Undefined: the pod has no sidecar. */
  readonly capturePoint: (podKey: string) => Address | undefined;
  readonly certificateAuthority: CertificateAuthority;
  /** Aborts with MPE_DATA_PLANE_FAILED when a proxy ends unasked: what is measured from then on is no measurement. */
  readonly failed: AbortSignal;
  /**
   * Changes what is in force, never what is declared; all of the changes or none. Touches the proxies and applications
   * that are concerned, and ends their connections; those of others go on. Resolves, with what it has made different,
   * when only the new state answers. Calls wait for each other. Where it rejects, the old state stands: with MPE_USAGE
   * nothing was touched; with another code it could not be applied.
   */
  readonly set: (changes: readonly Change[]) => Promise<readonly Difference[]>;
  /** Back to what reality.yaml says. */
  readonly reset: () => Promise<readonly Difference[]>;
  /** What is in force otherwise than reality.yaml says. */
  readonly changed: () => Promise<readonly Difference[]>;
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
  const dataPlane = await dataPlaneOf(options);
  const deps = { network, root: authority.root, dataPlane };
  const mesh = started.use(await RunningMesh.start(deps, reality, signal));
  const lifetime = new AbortController();
  const inTurn = turns(lifetime.signal);
  const all = started.move();

  const change = (next: (now: Reality) => Reality): Promise<readonly Difference[]> =>
    inTurn(async () => {
      const before = mesh.reality;
      const after = next(before);
      await mesh.change(after, lifetime.signal);
      return differences(before, after);
    });
  return {
    scenario,
    dataPlane: options.dataPlane,
    trustDomain: reality.trustDomain,
    network,
    capturePoint: capturePoints(reality, network.captureAddress),
    certificateAuthority: authority,
    failed: mesh.failed,
    set: (changes) => change((now) => changes.reduce((so, one) => applyChange(reality, so, one), now)),
    reset: () => change(() => reality),
    changed: () => Promise.resolve(differences(reality, mesh.reality)),
    [Symbol.asyncDispose]: async () => {
      lifetime.abort(new MeshproofError('MPE_SANDBOX_NOT_RUNNING', `the sandbox ${scenario.name} has ended`));
      await inTurn.last();
      await all.disposeAsync();
    },
  };
}

interface Turns {
  <T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when no work is under way; none begins once the signal is aborted. */
  readonly last: () => Promise<void>;
}

/** One after another, in the order of the calls. */
function turns(signal: AbortSignal): Turns {
  let last: Promise<unknown> = Promise.resolve();
  const take = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    // Whoever asked for it is told of its failure; the next one's turn comes all the same.
    last = mine.catch(() => undefined);
    return mine;
  };
  return Object.assign(take, { last: () => last.then(() => undefined) });
}

function capturePoints(reality: Reality, addressOf: (pod: string) => Address): Sandbox['capturePoint'] {
  const captures = new Map(
    podsOf(reality)
      .filter(isMeshed)
      .map(({ key }) => [key, addressOf(key)]),
  );
  return (podKey) => captures.get(podKey);
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
