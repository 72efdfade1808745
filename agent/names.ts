/** Finds the address of a name at the name servers themselves, so that every failure has its own code and can be cut short. */
import { Resolver } from 'node:dns/promises';
import { BlockList } from 'node:net';

/** One question is repeated so long and so often, for datagrams get lost. */
const QUESTION = { timeout: 1_000, tries: 3 } as const;

/** Addresses at which a caller meets itself; `0.0.0.0` is one of them to Linux. */
const OUR_OWN = new BlockList();
OUR_OWN.addSubnet('127.0.0.0', 8, 'ipv4');
OUR_OWN.addAddress('0.0.0.0', 'ipv4');
OUR_OWN.addAddress('::1', 'ipv6');
OUR_OWN.addAddress('::', 'ipv6');

export interface NameLookup extends Disposable {
  /**
   * The first address that the name servers give: IPv4, or IPv6 where the name has no other. Rejects with the error of
   * `node:dns` (ENOTFOUND, ENODATA, ESERVFAIL, ETIMEOUT, ECONNREFUSED: no name server took the question, …), or with
   * EOURSELVES where the name leads back to the caller, which says nothing of any target.
   */
  readonly found: Promise<string>;
}

/**
 * Asks for a fully qualified name: neither the hosts file nor search domains take part. The system's own lookup would
 * hold a thread until its time is up, whatever our deadline, and says "not found" where it could not ask at all.
 * Disposing ends the question.
 * @param servers `host:port` of name servers; undefined: those of the system.
 */
export function lookUp(name: string, servers: readonly string[] | undefined): NameLookup {
  const resolver = new Resolver(QUESTION);
  if (servers !== undefined) resolver.setServers(servers);
  return {
    found: firstAddress(resolver, name),
    [Symbol.dispose]: () => {
      resolver.cancel();
    },
  };
}

async function firstAddress(resolver: Resolver, name: string): Promise<string> {
  const [address] = await addressesOf(resolver, name);
  if (address === undefined) throw failure('ENODATA', `${name} has no address`);
  if (OUR_OWN.check(address, address.includes(':') ? 'ipv6' : 'ipv4')) {
    throw failure('EOURSELVES', `${name} resolves to ${address}, where the caller meets itself`);
  }
  return address;
}

async function addressesOf(resolver: Resolver, name: string): Promise<readonly string[]> {
  try {
    return await resolver.resolve4(name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENODATA') return await resolver.resolve6(name);
    throw error;
  }
}

function failure(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
