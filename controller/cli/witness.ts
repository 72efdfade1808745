/** `meshproof witness`: a target that answers whatever is asked and says what it saw of the caller. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { WitnessListener } from '../../agent/responder.ts';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import { addressText } from '../../proto/vocabulary.ts';
import type { ApplicationProtocol } from '../../proto/vocabulary.ts';
import { addExamples } from './examples.ts';
import type { Session } from './session.ts';

interface WitnessFlags {
  readonly http: readonly number[];
  readonly grpc: readonly number[];
  readonly tcp: readonly number[];
  readonly behindProxy: readonly number[];
  readonly listen?: string;
}

/** All addresses of both families; a machine without IPv6 has the second only. */
const EVERYWHERE = ['::', '0.0.0.0'] as const;
const HIGHEST_PORT = 65_535;

export function addWitness(program: Command, session: Session): void {
  const command = program
    .command('witness')
    .description('A target for probes: answers over HTTP, gRPC and TCP, and says who it believes called. Ends on ^C.')
    .addOption(portOption('--http', 'answer HTTP/1.1 on this port'))
    .addOption(portOption('--grpc', 'answer gRPC without TLS on this port'))
    .addOption(portOption('--tcp', 'answer lines on this port'))
    .addOption(
      portOption('--behind-proxy', 'a sidecar that speaks HTTP, or for --tcp any, stands before this port: believe it'),
    )
    .option('--listen <address>', 'listen on this address alone (default: on all)')
    .action(async (flags: WitnessFlags) => {
      await answerUntilInterrupted(flags, session);
      session.finish(EXIT.pass);
    });
  addExamples(command, [
    ['witness --http 8080 --grpc 7070', 'in a pod without sidecar'],
    ['witness --http 8080 --tcp 9090 --behind-proxy 8080 --behind-proxy 9090', 'in a pod with one'],
  ]);
}

function portOption(name: string, description: string): Option {
  return new Option(`${name} <port>`, `${description} (repeatable)`)
    .argParser((text: string, before: readonly number[]) => [...before, parsePort(name, text)])
    .default([] satisfies readonly number[], 'none');
}

function parsePort(name: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= HIGHEST_PORT) return port;
  throw new MeshproofError('MPE_USAGE', `${name} ${text} is no port`, { hint: 'Name a number from 1 to 65535.' });
}

/** Resolves when the operator interrupts. */
async function answerUntilInterrupted(flags: WitnessFlags, session: Session): Promise<void> {
  const { terminal, signal, env } = session;
  const pod = `${env['MESHPROOF_POD_NAMESPACE'] ?? 'default'}/${env['MESHPROOF_POD_NAME'] ?? 'witness'}`;
  const wanted = listenersOf(flags);
  if (wanted.length === 0) {
    throw new MeshproofError('MPE_USAGE', 'what shall the witness answer?', {
      hint: 'Name ports: --http 8080 --grpc 7070 --tcp 9090.',
    });
  }
  const { startResponder } = await import('../../agent/responder.ts');
  const startOn = (host: string) =>
    startResponder({ pod, signal, listeners: wanted.map((one) => ({ ...one, address: { host, port: one.port } })) });
  const [first, second] = flags.listen === undefined ? EVERYWHERE : [flags.listen, flags.listen];
  await using responder = await startOn(first).catch((error: unknown) => {
    if (first === second || !isWithoutIpv6(error)) throw error;
    return startOn(second);
  });
  const places = responder.addresses.map((address, index) => {
    return `${wanted[index]?.protocol ?? ''} ${addressText(address)}`;
  });
  await terminal.write(`${pod} answers ${places.join(', ')}\n`);
  // Ending it is what ^C is for here; nothing was interrupted.
  if (!signal.aborted) await once(signal, 'abort');
}

function listenersOf(flags: WitnessFlags): readonly (Omit<WitnessListener, 'address'> & { readonly port: number })[] {
  const protocols: readonly ApplicationProtocol[] = ['http', 'grpc', 'tcp'];
  return protocols.flatMap((protocol) =>
    flags[protocol].map((port) => {
      const isBehindProxy = flags.behindProxy.includes(port);
      return { protocol, port, isBehindProxy, setsXfcc: isBehindProxy && protocol !== 'tcp' };
    }),
  );
}

function isWithoutIpv6(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EAFNOSUPPORT';
}
