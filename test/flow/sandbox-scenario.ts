/** A scenario out of a few lines, and the plain calls that flows on it make. */
import type { Scenario } from '../../deploy/sandbox/scenario.ts';
import { realitySchema, type Reality } from '../../deploy/sandbox/reality.ts';
import { startSandbox, type Sandbox } from '../../deploy/sandbox/sandbox.ts';
import type { AddressMode } from '../../deploy/sandbox/address-block.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { proxyHeader } from '../../agent/proxy-header.ts';
import { callPlain, type Showing } from '../support/raw-client.ts';

/** Long enough on a busy machine for everything but a peer that will never answer. */
export const ANSWER_MS = 5_000;
/** For peers that never answer. */
export const SILENCE_MS = 300;

export function scenarioOf(reality: object): Scenario {
  const parsed: Reality = realitySchema.parse(reality);
  return { name: 'test', folder: '/nowhere', manifestPaths: [], reality: parsed };
}

/** With the path of an Envoy: with real Envoys for its proxies. */
export function start(reality: object, addresses?: AddressMode, envoyBinary?: string): Promise<Sandbox> {
  const signal = new AbortController().signal;
  return startSandbox(scenarioOf(reality), {
    dataPlane: envoyBinary === undefined ? 'node' : 'envoy',
    signal,
    ...(addresses !== undefined && { addresses }),
    ...(envoyBinary !== undefined && { envoyBinary }),
  });
}

export function podAddress(sandbox: Sandbox, pod: string, port: number): Address {
  const address = sandbox.network.podAddress(pod, port);
  if (address === undefined) throw new Error(`no pod ${pod}`);
  return address;
}

export function get(path: string, host: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${headers}\r\n`;
}

export function call(to: Address, bytes: string, waitMs = ANSWER_MS): Promise<Showing> {
  return callPlain({ to, bytes, waitMs });
}

/** As the pod's own traffic: through its capture point, with the destination that it dialled. */
export function callFrom(
  sandbox: Sandbox,
  pod: string,
  destination: Address | undefined,
  bytes: string,
): Promise<Showing> {
  const capture = sandbox.capturePoint(pod);
  if (capture === undefined || destination === undefined) throw new Error(`${pod} has no sidecar, or nowhere to go`);
  const header = proxyHeader({ host: '127.0.0.1', port: 40_000 }, destination);
  return callPlain({ to: capture, bytes: Buffer.concat([header, Buffer.from(bytes)]), waitMs: ANSWER_MS });
}

/** `200 caller=…`, `503 <text>`, or how the connection ended. */
export function told(showing: Showing): string {
  if (showing.kind !== 'answer') return showing.kind;
  const [head = '', body = ''] = showing.text.split('\r\n\r\n');
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1];
  if (status === undefined) return 'bytes';
  const caller = /"caller":(null|"[^"]*")/.exec(body)?.[1];
  return caller === undefined ? `${status} ${body}` : `${status} caller=${caller.replaceAll('"', '')}`;
}

/** Value of a header of an answer; undefined where it is absent. */
export function headerOf(showing: Showing, name: string): string | undefined {
  if (showing.kind !== 'answer') return undefined;
  return new RegExp(`^${name}: (.*)\r$`, 'im').exec(showing.text)?.[1];
}
