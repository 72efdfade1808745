/** Who plays in generated policy sets: the callers, their identities and addresses, and the ports of the target. */
import type { AddressBlock } from '../../../deploy/sandbox/address-block.ts';
import type { PortShape } from '../istiod/sidecars.ts';

/** Names that a careless matcher would take for each other. */
export const IDENTITIES = [
  { namespace: 'bar', name: 'c' },
  { namespace: 'bar', name: 'c.d' },
  { namespace: 'bar', name: 'c-d' },
  { namespace: 'bar-2', name: 'c' },
  { namespace: 'foo', name: 'c' },
] as const;

/** Pods without proxy; `bar/n` and `foo/n` send everything. */
export const NAKED = [
  { namespace: 'bar', name: 'n' },
  { namespace: 'foo', name: 'n' },
] as const;

export type Naked = 'bar/n' | 'foo/n';

/** No Service leads to it. */
export const UNDECLARED_PORT = 5000;

export const PORTS: readonly PortShape[] = [
  { port: 8080, protocol: 'http', isServerFirst: false },
  { port: 9090, protocol: 'tcp', isServerFirst: false },
  { port: 7070, protocol: 'auto', isServerFirst: false },
  { port: 9091, protocol: 'tcp', isServerFirst: true },
  { port: UNDECLARED_PORT, protocol: 'auto', isServerFirst: false },
];

export interface Cast {
  readonly callers: Readonly<Record<Naked, string>>;
  /** Of the target of each set. */
  readonly targetAt: (set: number) => string;
}

const PROBED_PORT = 8080;

export async function castOn(block: AddressBlock, sets: number): Promise<Cast> {
  const host = async (role: 'pod' | 'app', index: number): Promise<string> =>
    (await block.reserve(role, index, PROBED_PORT)).host;
  const targets = await Promise.all(Array.from({ length: sets }, (_, set) => host('pod', set)));
  return {
    callers: { 'bar/n': await host('app', 0), 'foo/n': await host('app', 1) },
    targetAt: (set) => {
      const found = targets[set];
      if (found === undefined) throw new Error(`there is no set ${String(set)}`);
      return found;
    },
  };
}
