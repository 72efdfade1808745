/** The environment of a probe pod, read once into a checked configuration. */
import { isIP } from 'node:net';
import { MeshproofError } from '../proto/errors.ts';
import type { Address, DataPlane, Vantage } from '../proto/vocabulary.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface AgentConfig {
  readonly agentId: string;
  readonly vantage: Vantage;
  readonly controller: Address;
  /** PEM file of the CA that signed the controller's certificate. */
  readonly controllerCaFile: string;
  readonly tokenFile: string;
  /** Where outbound traffic enters the pod's own sidecar, if nothing leads it there by itself. */
  readonly capture: Address | undefined;
  /** The sidecar's readiness port; undefined: not asked. */
  readonly readiness: Address | undefined;
  /** The pod has a sidecar of its own, which is to end with the agent. */
  readonly endsSidecar: boolean;
  readonly mesh: MeshConfig;
  /** Attempts at the same time. */
  readonly maxInFlight: number;
  readonly reconnectJitterMs: number;
  /** Whoever is without a controller for so long ends; 0: nobody does. */
  readonly giveUpAfterMs: number;
  /** The process ends when its standard input does: whoever started it is gone. */
  readonly exitsOnStdinEnd: boolean;
  readonly logLevel: LogLevel;
  /** Where metrics are served. @default nowhere */
  readonly metrics?: Address;
}

export interface MeshConfig {
  readonly trustDomain: string;
  /** PEM file of the mesh's root. */
  readonly rootFile: string | undefined;
  /** istiod's certificate service; undefined: no mTLS probes from here. */
  readonly ca: { readonly address: Address; readonly serverName: string; readonly tokenFile: string } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DATA_PLANES: readonly DataPlane[] = ['naked', 'sidecar', 'ambient', 'host'];
const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const SIDECAR_READINESS = { host: '127.0.0.1', port: 15021 };

/** Throws MPE_INVALID_CONFIG with a line for every variable that is missing or wrong. */
export function readConfig(environment: Environment): AgentConfig {
  const read = new Reader(environment);
  const dataPlane = read.oneOf('DATA_PLANE', DATA_PLANES, undefined);
  const capture = read.optionalAddress('CAPTURE');
  const readiness = read.optionalAddress('SIDECAR_READINESS');
  const metrics = read.optionalAddress('METRICS');
  const node = read.text('NODE', '');
  const config: AgentConfig = {
    agentId: read.text('AGENT_ID', undefined),
    vantage: {
      namespace: read.text('NAMESPACE', undefined),
      serviceAccount: read.text('SERVICE_ACCOUNT', undefined),
      dataPlane,
      ...(node !== '' && { node }),
    },
    controller: read.address('CONTROLLER'),
    controllerCaFile: read.text('CONTROLLER_CA', undefined),
    tokenFile: read.text('TOKEN_FILE', undefined),
    capture,
    endsSidecar: dataPlane === 'sidecar' && capture === undefined && readiness === undefined,
    readiness: readiness ?? (dataPlane === 'sidecar' && capture === undefined ? SIDECAR_READINESS : undefined),
    mesh: readMesh(read),
    maxInFlight: read.integer('MAX_IN_FLIGHT', 64, 1, 4096),
    reconnectJitterMs: read.integer('RECONNECT_JITTER_MS', 5_000, 0, 60_000),
    giveUpAfterMs: read.integer('GIVE_UP_AFTER_MS', 0, 0, 86_400_000),
    exitsOnStdinEnd: read.oneOf('EXIT_ON_STDIN_END', ['0', '1'] as const, '0') === '1',
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    ...(metrics !== undefined && { metrics }),
  };
  read.finish();
  return config;
}

function readMesh(read: Reader): MeshConfig {
  const trustDomain = read.text('TRUST_DOMAIN', 'cluster.local');
  const address = read.optionalAddress('MESH_CA');
  if (address === undefined) return { trustDomain, rootFile: read.optional('MESH_ROOT'), ca: undefined };
  const serverName = read.text('MESH_CA_SERVER_NAME', 'istiod.istio-system.svc');
  const ca = { address, serverName, tokenFile: read.text('MESH_CA_TOKEN_FILE', undefined) };
  return { trustDomain, rootFile: read.text('MESH_ROOT', undefined), ca };
}

/** Reads variables without their common prefix, and gathers what is wrong. */
class Reader {
  readonly #environment: Environment;
  readonly #faults: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  optional(name: string): string | undefined {
    const value = this.#environment[`MESHPROOF_${name}`];
    return value === undefined || value === '' ? undefined : value;
  }

  /** @param fallback Undefined: the variable must be set. */
  text(name: string, fallback: string | undefined): string {
    const value = this.optional(name) ?? fallback;
    if (value === undefined) this.#faults.push(`MESHPROOF_${name} is not set; it must be.`);
    return value ?? '';
  }

  oneOf<Word extends string>(name: string, words: readonly Word[], fallback: Word | undefined): Word {
    const value = this.optional(name) ?? fallback;
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    this.#fault(name, `one of ${words.join(', ')}`);
    return words[0] as Word;
  }

  integer(name: string, fallback: number, least: number, most: number): number {
    const value = this.optional(name);
    if (value === undefined) return fallback;
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    this.#fault(name, `a whole number from ${String(least)} to ${String(most)}`);
    return fallback;
  }

  address(name: string): Address {
    const address = parseAddress(this.optional(name) ?? '');
    if (address !== undefined) return address;
    this.#fault(name, 'host:port, an IPv6 address in brackets');
    return { host: '', port: 0 };
  }

  optionalAddress(name: string): Address | undefined {
    return this.optional(name) === undefined ? undefined : this.address(name);
  }

  finish(): void {
    if (this.#faults.length === 0) return;
    throw new MeshproofError('MPE_INVALID_CONFIG', `cannot start the agent:\n  ${this.#faults.join('\n  ')}`);
  }

  #fault(name: string, expected: string): void {
    const value = this.optional(name);
    const is = value === undefined ? 'is not set' : `is ${JSON.stringify(value)}`;
    this.#faults.push(`MESHPROOF_${name} ${is}; set it to ${expected}.`);
  }
}

/** `127.0.0.1:80`, `[::1]:80`, `controller.meshproof.svc:80`. */
export function parseAddress(text: string): Address | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[3]);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined || !(port >= 1 && port <= 65_535)) return undefined;
  if (parts?.[1] !== undefined && isIP(host) !== 6) return undefined;
  return { host, port };
}
