/** Agents for the embedded mesh: one real agent process a vantage, on this machine. */
import { writeFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import type { Clock } from '../../proto/clock.ts';
import { systemClock } from '../../proto/system-clock.ts';
import type { Address, Target, Vantage } from '../../proto/vocabulary.ts';
import { addressText, vantageKey } from '../../proto/vocabulary.ts';
import { openPrivateFolder } from '../../deploy/sandbox/private-folder.ts';
import type { PrivateFolder } from '../../deploy/sandbox/private-folder.ts';
import type { Sandbox } from '../../deploy/sandbox/sandbox.ts';
import { AgentProcess } from './agent-process.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { LOOPBACK_MEETING } from './launcher.ts';
import type { ControllerEndpoint, DialTarget, Launcher, LostListener, Placement } from './launcher.ts';
import { placesOf } from './sandbox-places.ts';
import type { Place } from './sandbox-places.ts';

export interface SandboxLauncherOptions {
  /** @default the system's */
  readonly clock?: Clock;
  /** What the agents say on their standard error. @default nowhere */
  readonly debug?: (message: string) => void;
  /** @default warn */
  readonly logLevel?: string;
}

/** The sandbox belongs to the caller and has to outlive the launcher. */
export function sandboxLauncher(sandbox: Sandbox, options: SandboxLauncherOptions = {}): SandboxLauncher {
  return new SandboxLauncher(sandbox, options);
}

/** A sandbox has a handful of agents; they may all come back at once. */
const RECONNECT_JITTER_MS = '250';

export class SandboxLauncher implements Launcher {
  readonly trustDomain: string;
  readonly meeting = LOOPBACK_MEETING;
  readonly #sandbox: Sandbox;
  readonly #options: SandboxLauncherOptions;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #agents = new Map<string, AgentProcess>();
  readonly #listeners = new Set<LostListener>();
  #launches = 0;
  #folder: Promise<PrivateFolder> | undefined;

  constructor(sandbox: Sandbox, options: SandboxLauncherOptions) {
    this.trustDomain = sandbox.trustDomain;
    this.#sandbox = sandbox;
    this.#options = options;
    this.#places = new Map(placesOf(sandbox.scenario.reality).map((place) => [vantageKey(place.vantage), place]));
  }

  /** The sandbox's manifests declare everything that is there, our own pods included. */
  readonly place = (snapshot: Snapshot): Placement => ({ snapshot, vantages: [...this.#places.values()] });

  readonly onLost = (listener: LostListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Process ids of the agents, by agent id. */
  get processes(): ReadonlyMap<string, number | undefined> {
    return new Map([...this.#agents].map(([id, agent]) => [id, agent.pid]));
  }

  readonly launch = async (
    vantages: readonly Vantage[],
    controller: ControllerEndpoint,
    signal: AbortSignal,
  ): Promise<void> => {
    this.#launches += 1;
    const launch = String(this.#launches);
    const { path: folder } = await (this.#folder ??= openPrivateFolder('agents'));
    const controllerCa = await writePrivate(join(folder, 'controller-ca.pem'), controller.caPem);
    const meshRoot = await writePrivate(join(folder, 'mesh-root.pem'), this.#sandbox.certificateAuthority.rootPem);
    // A first start: what this process has compiled, the agents need not compile each for itself.
    flushCompileCache();
    for (const vantage of vantages) {
      const place = this.#places.get(vantageKey(vantage));
      if (place === undefined) continue;
      const id = `${place.pod.replace('/', '.')}-${vantage.dataPlane}-${launch}`;
      const token = controller.joinTokenFor(id, vantage);
      const files = { controllerCa, meshRoot, ...(await this.#tokensOf(id, token, vantage, folder)) };
      signal.throwIfAborted();
      this.#start(id, this.#environmentOf(place, controller.address, files));
    }
  };

  /** A meshed caller names the Service, and its sidecar chooses; for a naked one the choice among endpoints is made. */
  readonly addressesOf = (vantage: Vantage, target: Target): readonly DialTarget[] => {
    const { network } = this.#sandbox;
    const key = `${target.namespace}/${target.name}`;
    if (target.kind === 'pod') {
      const address = network.podAddress(key, target.port);
      return address === undefined ? [] : [{ address, pod: key }];
    }
    if (target.via !== undefined) {
      const { via } = target;
      return network.endpointsOf(`${via.namespace}/${via.name}`, via.port).map(({ address }) => ({ address }));
    }
    const endpoints = network.endpointsOf(key, target.port);
    if (vantage.dataPlane !== 'sidecar') return endpoints;
    const address = network.serviceAddress(key, target.port);
    if (address === undefined) return [];
    const [only, ...others] = endpoints;
    return only === undefined || others.length > 0 ? [{ address }] : [{ address, pod: only.pod }];
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent[Symbol.asyncDispose]()));
    // Where it could not be made, the launch has said so.
    const folder = await this.#folder?.catch(() => undefined);
    await folder?.[Symbol.asyncDispose]();
  }

  #start(id: string, environment: Readonly<Record<string, string>>): void {
    const { clock = systemClock, debug = () => undefined } = this.#options;
    const onLost = (why: string): void => {
      for (const listener of this.#listeners) listener(id, why);
    };
    this.#agents.set(id, new AgentProcess(id, environment, { clock, debug, onLost }));
  }

  async #tokensOf(
    id: string,
    joinToken: string,
    { namespace, serviceAccount }: Vantage,
    folder: string,
  ): Promise<Tokens> {
    const meshToken = this.#sandbox.certificateAuthority.issueToken(namespace, serviceAccount);
    return {
      token: await writePrivate(join(folder, `${id}.join-token`), joinToken),
      meshToken: await writePrivate(join(folder, `${id}.mesh-token`), meshToken),
    };
  }

  #environmentOf({ vantage, pod }: Place, controller: Address, files: Files): Readonly<Record<string, string>> {
    const capture = vantage.dataPlane === 'sidecar' ? this.#sandbox.capturePoint(pod) : undefined;
    return {
      MESHPROOF_CONTROLLER: addressText(controller),
      MESHPROOF_CONTROLLER_CA: files.controllerCa,
      MESHPROOF_TOKEN_FILE: files.token,
      MESHPROOF_NAMESPACE: vantage.namespace,
      MESHPROOF_SERVICE_ACCOUNT: vantage.serviceAccount,
      MESHPROOF_DATA_PLANE: vantage.dataPlane,
      MESHPROOF_MESH_CA: addressText(this.#sandbox.certificateAuthority.address),
      MESHPROOF_MESH_CA_TOKEN_FILE: files.meshToken,
      MESHPROOF_MESH_ROOT: files.meshRoot,
      MESHPROOF_TRUST_DOMAIN: this.trustDomain,
      MESHPROOF_RECONNECT_JITTER_MS: RECONNECT_JITTER_MS,
      MESHPROOF_LOG_LEVEL: this.#options.logLevel ?? 'warn',
      ...(capture !== undefined && { MESHPROOF_CAPTURE: addressText(capture) }),
    };
  }
}

/** Paths of files. */
interface Tokens {
  readonly token: string;
  readonly meshToken: string;
}

interface Files extends Tokens {
  readonly controllerCa: string;
  readonly meshRoot: string;
}

async function writePrivate(path: string, text: string): Promise<string> {
  await writeFile(path, text, { mode: 0o600 });
  return path;
}
