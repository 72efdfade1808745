/** The data plane made of real Envoys: one process a sidecar or gateway, configured as istiod would do it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import pLimit from 'p-limit';
import type { MeshproofError } from '../../../proto/errors.ts';
import { addressText } from '../../../proto/vocabulary.ts';
import type { DataPlane, GatewayPlan, SidecarPlan } from '../data-plane.ts';
import { openPrivateFolder, type PrivateFolder } from '../private-folder.ts';
import { gatewayBootstrap, sidecarBootstrap } from './bootstrap.ts';
import type { Message } from './message.ts';
import { EnvoyProcess } from './process.ts';

/** More at once would only make each slower. */
const STARTING_AT_ONCE = 4;

interface Proxy {
  /** One of its own addresses. */
  readonly key: string;
  readonly pod: string;
  readonly configure: (adminSocket: string) => Message;
}

interface Running {
  readonly proxy: Proxy;
  readonly envoy: EnvoyProcess;
  readonly folder: string;
}

/** `binary` is the path of an Envoy executable. */
export function envoyDataPlane(binary: string): EnvoyDataPlane {
  return new EnvoyDataPlane(binary);
}

export class EnvoyDataPlane implements DataPlane {
  readonly #binary: string;
  readonly #failed = new AbortController();
  /** By key. */
  readonly #running = new Map<string, Running>();
  readonly #killAll = (): void => {
    for (const { envoy } of this.#running.values()) envoy.kill();
  };
  #folder: PrivateFolder | undefined;
  #started = 0;

  constructor(binary: string) {
    this.#binary = binary;
  }

  /** Aborts, with a MeshproofError as its reason, when a proxy ends by itself. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** One proxy that cannot start ends them all. */
  async start(sidecars: readonly SidecarPlan[], gateways: readonly GatewayPlan[], signal: AbortSignal): Promise<void> {
    process.on('exit', this.#killAll);
    try {
      // Private to this data plane: configurations hold private keys.
      this.#folder ??= await openPrivateFolder('envoy');
      await this.change(sidecars, gateways, signal);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A changed proxy is ended and started again: what an Envoy has of the old configuration it would drain for minutes. */
  async change(sidecars: readonly SidecarPlan[], gateways: readonly GatewayPlan[], signal: AbortSignal): Promise<void> {
    const proxies = [...sidecars.map(sidecarProxy), ...gateways.map(gatewayProxy)].filter(
      (proxy) => !this.#runs(proxy),
    );
    const limit = pLimit(STARTING_AT_ONCE);
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    await Promise.all(
      proxies.map((proxy) =>
        limit(() => this.#bring(proxy, either)).catch((error: unknown) => {
          stop.abort(error);
        }),
      ),
    );
    either.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ envoy }) => envoy[Symbol.asyncDispose]()));
    this.#running.clear();
    process.removeListener('exit', this.#killAll);
    await this.#folder?.[Symbol.asyncDispose]();
    this.#folder = undefined;
  }

  /** By the configuration that comes of the plan, and not by the plan: not all of it is Envoy's. */
  #runs({ key, configure }: Proxy): boolean {
    const running = this.#running.get(key);
    return running !== undefined && isDeepStrictEqual(running.proxy.configure('admin'), configure('admin'));
  }

  async #bring(proxy: Proxy, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { key } = proxy;
    await this.#end(key);
    this.#started += 1;
    const folder = join(this.#folder?.path ?? '', String(this.#started));
    const onUnexpectedEnd = (error: MeshproofError): void => {
      this.#failed.abort(error);
    };
    const envoy = new EnvoyProcess({ ...proxy, binary: this.#binary, folder, onUnexpectedEnd });
    this.#running.set(key, { proxy, envoy, folder });
    try {
      await envoy.start(signal);
    } catch (error) {
      await this.#end(key);
      throw error;
    }
  }

  async #end(key: string): Promise<void> {
    const running = this.#running.get(key);
    if (running === undefined) return;
    await running.envoy[Symbol.asyncDispose]();
    this.#running.delete(key);
    await rm(running.folder, { recursive: true, force: true });
  }
}

function sidecarProxy(plan: SidecarPlan): Proxy {
  return { key: addressText(plan.capture), pod: plan.pod, configure: (admin) => sidecarBootstrap(plan, admin) };
}

function gatewayProxy(plan: GatewayPlan): Proxy {
  const [key = plan.pod] = plan.listeners.map(({ listen }) => addressText(listen));
  return { key, pod: plan.pod, configure: (admin) => gatewayBootstrap(plan, admin) };
}
