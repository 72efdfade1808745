/** Agents of the bench: real ones, each in a process of its own, that dial what listens on loopback for what is declared. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentProcess } from '../../../controller/fleet/agent-process.ts';
import { LOOPBACK_MEETING } from '../../../controller/fleet/launcher.ts';
import type {
  ControllerEndpoint,
  DialTarget,
  Launcher,
  LostListener,
  Placement,
} from '../../../controller/fleet/launcher.ts';
import type { Snapshot } from '../../../controller/snapshot/snapshot.ts';
import { systemClock } from '../../../proto/system-clock.ts';
import { addressText } from '../../../proto/vocabulary.ts';
import type { Target, Vantage } from '../../../proto/vocabulary.ts';
import { CALLER, indexOf, PROBER, TRUST_DOMAIN } from './declared.ts';
import type { BenchMesh } from './mesh-process.ts';

export class BenchLauncher implements Launcher {
  readonly trustDomain = TRUST_DOMAIN;
  readonly meeting = LOOPBACK_MEETING;
  readonly #mesh: BenchMesh;
  readonly #folder: string;
  readonly #agents: AgentProcess[] = [];
  readonly #listeners = new Set<LostListener>();

  /** @param folder for the agents' files; it is the caller's. */
  constructor(mesh: BenchMesh, folder: string) {
    this.#mesh = mesh;
    this.#folder = folder;
  }

  get pids(): readonly number[] {
    return this.#agents.flatMap(({ pid }) => pid ?? []);
  }

  readonly place = (snapshot: Snapshot): Placement => ({ snapshot, vantages: [PROBER, CALLER] });

  readonly onLost = (listener: LostListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly addressesOf = (_vantage: Vantage, { kind, namespace, name }: Target): readonly DialTarget[] => {
    const address = (kind === 'pod' ? this.#mesh.meshed : this.#mesh.outside)[indexOf(name)];
    if (address === undefined) return [];
    return [kind === 'pod' ? { address, pod: `${namespace}/${name}` } : { address }];
  };

  readonly launch = async (vantages: readonly Vantage[], controller: ControllerEndpoint): Promise<void> => {
    const { authority, rootPem, proberToken } = this.#mesh;
    const shared = {
      MESHPROOF_CONTROLLER: addressText(controller.address),
      MESHPROOF_CONTROLLER_CA: await this.#write('controller-ca.pem', controller.caPem),
      MESHPROOF_MESH_CA: addressText(authority),
      MESHPROOF_MESH_CA_TOKEN_FILE: await this.#write('mesh-token', proberToken),
      MESHPROOF_MESH_ROOT: await this.#write('mesh-root.pem', rootPem),
      MESHPROOF_TRUST_DOMAIN: TRUST_DOMAIN,
      MESHPROOF_RECONNECT_JITTER_MS: '250',
      MESHPROOF_LOG_LEVEL: 'error',
    };
    for (const vantage of vantages) {
      const id = `${vantage.serviceAccount}-${String(this.#agents.length)}`;
      const environment = {
        ...shared,
        MESHPROOF_TOKEN_FILE: await this.#write(`${id}.token`, controller.joinTokenFor(id, vantage)),
        MESHPROOF_NAMESPACE: vantage.namespace,
        MESHPROOF_SERVICE_ACCOUNT: vantage.serviceAccount,
        MESHPROOF_DATA_PLANE: vantage.dataPlane,
      };
      const onLost = (why: string): void => {
        for (const listener of this.#listeners) listener(id, why);
      };
      this.#agents.push(new AgentProcess(id, environment, { clock: systemClock, debug: () => undefined, onLost }));
    }
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent[Symbol.asyncDispose]()));
  }

  async #write(name: string, text: string): Promise<string> {
    const path = join(this.#folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }
}
