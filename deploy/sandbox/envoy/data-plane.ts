/** The data plane made of real Envoys: one process a sidecar or gateway, configured as istiod would do it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { MeshproofError } from '../../../proto/errors.ts';
import type { DataPlane, GatewayPlan, SidecarPlan } from '../data-plane.ts';
import { gatewayBootstrap, sidecarBootstrap } from './bootstrap.ts';
import type { Message } from './message.ts';
import { EnvoyProcess } from './process.ts';

/** More at once would only make each slower. */
const STARTING_AT_ONCE = 4;

interface Proxy {
  readonly pod: string;
  readonly configure: (adminSocket: string) => Message;
}

/** `binary` is the path of an Envoy executable. */
export function envoyDataPlane(binary: string): EnvoyDataPlane {
  return new EnvoyDataPlane(binary);
}

export class EnvoyDataPlane implements DataPlane {
  readonly #binary: string;
  readonly #failed = new AbortController();
  readonly #proxies: EnvoyProcess[] = [];
  readonly #killAll = (): void => {
    for (const envoy of this.#proxies) envoy.kill();
  };
  #folder: string | undefined;

  constructor(binary: string) {
    this.#binary = binary;
  }

  /** Aborts, with a MeshproofError as its reason, when a proxy ends by itself. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** One proxy that cannot start ends them all. */
  async start(sidecars: readonly SidecarPlan[], gateways: readonly GatewayPlan[], signal: AbortSignal): Promise<void> {
    const proxies = [
      ...sidecars.map((plan) => ({ pod: plan.pod, configure: (admin: string) => sidecarBootstrap(plan, admin) })),
      ...gateways.map((plan) => ({ pod: plan.pod, configure: (admin: string) => gatewayBootstrap(plan, admin) })),
    ];
    process.on('exit', this.#killAll);
    try {
      const folder = await this.#ownFolder();
      await this.#startAll(proxies, folder, signal);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#proxies.map((envoy) => envoy[Symbol.asyncDispose]()));
    this.#proxies.length = 0;
    process.removeListener('exit', this.#killAll);
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  /** Private to this data plane: configurations hold private keys. Its path must stay short, for the sockets in it. */
  async #ownFolder(): Promise<string> {
    return (this.#folder ??= await mkdtemp(join(tmpdir(), 'meshproof-envoy-')));
  }

  async #startAll(proxies: readonly Proxy[], folder: string, signal: AbortSignal): Promise<void> {
    const limit = pLimit(STARTING_AT_ONCE);
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const startOne = async (proxy: Proxy): Promise<void> => {
      const envoy = new EnvoyProcess({
        ...proxy,
        binary: this.#binary,
        folder: join(folder, String(this.#proxies.length)),
        onUnexpectedEnd: (error: MeshproofError) => {
          this.#failed.abort(error);
        },
      });
      this.#proxies.push(envoy);
      await envoy.start(either);
    };
    await Promise.all(
      proxies.map((proxy) =>
        limit(() => startOne(proxy)).catch((error: unknown) => {
          stop.abort(error);
        }),
      ),
    );
    either.throwIfAborted();
  }
}
