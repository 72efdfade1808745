/** A process that attempts while it has run out of descriptors or of ports, and writes what it saw as lines of JSON. */
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import type { Outcome } from '../../proto/outcome.ts';
import { GRPC, HTTP, MTLS, TCP } from './zoo/animal.ts';
import { probeOnce } from '../support/probing.ts';
import { say, serveTcp } from '../support/servers/misbehaving.ts';

export interface StarvedAnswer {
  readonly starved: readonly Outcome[];
  /** By name, where no name server can be asked. */
  readonly lookup: Outcome;
  /** When there is enough again. */
  readonly afterwards: Outcome;
}

const DEADLINES = { connectTimeoutMs: 2_000, timeoutMs: 2_000 };
const PROBES = [HTTP, TCP, GRPC, MTLS];

await using server = await serveTcp(say('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
const relieve = process.argv[2] === 'descriptors' ? takeDescriptors() : await takePorts();
const starved: Outcome[] = [];
for (const probe of PROBES) starved.push(await probeOnce(probe, server.address, DEADLINES));
const lookup = await probeOnce(HTTP, { host: 'pay.shop.svc.cluster.local', port: 80 }, { timeoutMs: 300 });
await relieve();
const afterwards = await probeOnce(HTTP, server.address, DEADLINES);
const answer: StarvedAnswer = { starved, lookup, afterwards };
process.stdout.write(`${JSON.stringify(answer)}\n`);

function takeDescriptors(): () => Promise<void> {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error;
  }
  return () => {
    for (const descriptor of taken) closeSync(descriptor);
    return Promise.resolve();
  };
}

/** The network of this process has one port besides the server's; whoever holds it leaves none. */
async function takePorts(): Promise<() => Promise<void>> {
  const holder = connect(server.address.port, server.address.host);
  await once(holder, 'connect');
  return async () => {
    const closed = once(holder, 'close');
    holder.resetAndDestroy();
    await closed;
  };
}
