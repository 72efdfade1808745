/** A stretch of loopback addresses that belongs to one sandbox alone, held by a listener that serves as its lock. */
import { once } from 'node:events';
import net from 'node:net';
import { MeshproofError } from '../../proto/errors.ts';
import type { Address } from '../../proto/vocabulary.ts';

/**
 * `per-pod`: every pod has an address of its own in 127.0.0.0/8 and keeps its port numbers.
 * `single`: all on 127.0.0.1 with ports of their own, where only that address can be bound (macOS).
 */
export type AddressMode = 'per-pod' | 'single';

/** Pods' own addresses, addresses behind their proxies, virtual service addresses, and the sandbox's own. */
export type AddressRole = 'pod' | 'app' | 'service' | 'infra';

export interface AddressBlock extends AsyncDisposable {
  readonly mode: AddressMode;
  /** An address to listen on; skips ports that cannot be bound where the mode leaves a choice. */
  readonly reserve: (role: AddressRole, index: number, port: number) => Promise<Address>;
  /** An address of the same kind that nothing listens on. The same one for the same arguments. */
  readonly unserved: (role: AddressRole, index: number, port: number) => Address;
}

/** First value of the third octet, by role; 16,000 pods fit before the next role begins. */
const THIRD_OCTET: Readonly<Record<AddressRole, number>> = { pod: 0, app: 64, service: 128, infra: 192 };
const HOSTS_A_NET = 253;
const FIRST_SECOND_OCTET = 64;
const BLOCKS = 128;
const LOCK_PORT = 15099;
const STAND_IN_OFFSET = 10_000;
/** tcpmux: assigned, and served by nobody. */
const UNSERVED_PORT = 1;

const SINGLE_ADDRESS = '127.0.0.1';
const SINGLE_FIRST_PORT = 20_000;
const SINGLE_PORTS_A_BLOCK = 500;
/** Below the ephemeral range of Linux (32768), so that outgoing connections never take a port of ours. */
const SINGLE_BLOCKS = 25;

/** Claims a block that no other process holds. Without a mode: one address a pod if the machine can, else the single one. */
export async function claimAddresses(mode?: AddressMode): Promise<AddressBlock> {
  const chosen = mode ?? ((await canBind({ host: '127.64.0.2', port: 0 })) ? 'per-pod' : 'single');
  return chosen === 'per-pod' ? claimPerPod() : claimSingle();
}

/** Whether an address can be listened on right now. */
export async function canBind(address: Address): Promise<boolean> {
  const lock = await tryListen(address);
  if (lock === undefined) return false;
  await closed(lock);
  return true;
}

async function claimPerPod(): Promise<AddressBlock> {
  const { block, lock } = await firstFree(BLOCKS, (candidate) => ({
    host: hostOf(candidate, 'infra', 0),
    port: LOCK_PORT,
  }));
  return {
    mode: 'per-pod',
    reserve: (role, index, port) => ownOrStandIn({ host: hostOf(block, role, index), port }),
    unserved: (role, index, port) => ({
      host: hostOf(block, role, index),
      // Virtual addresses are never dialled. On any other port a program that listens on 0.0.0.0 would answer.
      port: role === 'service' ? port : UNSERVED_PORT,
    }),
    [Symbol.asyncDispose]: () => closed(lock),
  };
}

/**
 * The port itself where it can be had. It cannot where it is below 1024 and the privilege for it is missing, or where a
 * program listens on 0.0.0.0, and so on every loopback address: then the pod's port 8080 becomes 18080.
 */
async function ownOrStandIn({ host, port }: Address): Promise<Address> {
  for (const candidate of [port, port + STAND_IN_OFFSET]) {
    if (candidate <= 65_535 && (await canBind({ host, port: candidate }))) return { host, port: candidate };
  }
  throw new MeshproofError('MPE_PORT_IN_USE', `cannot listen on ${host}:${String(port)}, nor on its stand-in`, {
    hint: `End the process that listens on port ${String(port)}, or change the port in reality.yaml.`,
  });
}

async function claimSingle(): Promise<AddressBlock> {
  const { block, lock } = await firstFree(SINGLE_BLOCKS, (candidate) => ({
    host: SINGLE_ADDRESS,
    port: SINGLE_FIRST_PORT + candidate * SINGLE_PORTS_A_BLOCK,
  }));
  const first = SINGLE_FIRST_PORT + block * SINGLE_PORTS_A_BLOCK;
  let next = first + 1;
  const nextPort = (): number => {
    if (next >= first + SINGLE_PORTS_A_BLOCK) {
      throw new MeshproofError(
        'MPE_PORT_IN_USE',
        `no port left between ${String(first)} and ${String(next)} of ${SINGLE_ADDRESS}`,
        {
          hint: 'Use a smaller scenario, or a machine where addresses in 127.0.0.0/8 can be bound.',
        },
      );
    }
    return next++;
  };
  const unserved = new Map<string, Address>();
  return {
    mode: 'single',
    reserve: async () => {
      for (;;) {
        const address = { host: SINGLE_ADDRESS, port: nextPort() };
        if (await canBind(address)) return address;
      }
    },
    unserved: (role, index, port) => {
      // Virtual addresses are never dialled, so they need not be on an address that exists.
      if (role === 'service') return { host: hostOf(block, role, index), port };
      const key = `${role} ${String(index)} ${String(port)}`;
      const address = unserved.get(key) ?? { host: SINGLE_ADDRESS, port: nextPort() };
      unserved.set(key, address);
      return address;
    },
    [Symbol.asyncDispose]: () => closed(lock),
  };
}

function hostOf(block: number, role: AddressRole, index: number): string {
  const third = THIRD_OCTET[role] + Math.floor(index / HOSTS_A_NET);
  return `127.${String(FIRST_SECOND_OCTET + block)}.${String(third)}.${String(2 + (index % HOSTS_A_NET))}`;
}

let claims = 0;

/** Starts somewhere else in every process and at every call, so that a sandbox seldom follows another on its addresses. */
async function firstFree(
  blocks: number,
  lockOf: (block: number) => Address,
): Promise<{ block: number; lock: net.Server }> {
  const start = process.pid + claims++;
  for (let offset = 0; offset < blocks; offset++) {
    const block = (start + offset) % blocks;
    const lock = await tryListen(lockOf(block));
    if (lock !== undefined) return { block, lock };
  }
  const first = lockOf(0);
  const last = lockOf(blocks - 1);
  throw new MeshproofError(
    'MPE_PORT_IN_USE',
    `every block of addresses from ${first.host}:${String(first.port)} to ${last.host}:${String(last.port)} is taken`,
    { hint: 'End other sandboxes that still run on this machine.' },
  );
}

async function tryListen(address: Address): Promise<net.Server | undefined> {
  const server = net.createServer((socket) => socket.destroy());
  try {
    server.listen({ host: address.host, port: address.port, exclusive: true });
    await once(server, 'listening');
    return server;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL' || code === 'EACCES') return undefined;
    throw error;
  }
}

async function closed(server: net.Server): Promise<void> {
  const end = once(server, 'close');
  server.close();
  await end;
}
