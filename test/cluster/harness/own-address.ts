/** Whether pods can dial this process, and where. */
import { networkInterfaces } from 'node:os';
import { get } from './kubectl.ts';

/** Of a node that this process runs on, where pods can dial it; undefined: it runs elsewhere. */
export async function ownAddress(): Promise<string | undefined> {
  const ours = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const nodes = await get('nodes');
  const addresses = nodes.flatMap(
    ({ status }) => status?.['addresses'] as readonly { type: string; address: string }[],
  );
  return addresses.find(({ type, address }) => type === 'InternalIP' && ours.includes(address))?.address;
}
