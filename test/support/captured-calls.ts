/** Calls of an app behind a sidecar, through its capture point, and what the app gets back. */
import { proxyHeader } from '../../agent/proxy-header.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { BYTES, callPlain } from './raw-client.ts';
import { BYTE_ANSWER } from './two-faced-app.ts';

const HTTP_CALL = 'GET /orders HTTP/1.1\r\nhost: t.foo\r\n\r\n';
const CALLER = 'URI=spiffe://cluster.local/ns/bar/sa/c';
const CALLER_ADDRESS: Address = { host: '127.0.0.1', port: 40_000 };
const WAIT_MS = 5_000;

/** `reached`, `reached as client`, `closed`, `reset`, or the status with what its body says of the upstream. */
export async function capturedHttp(capture: Address, destination: Address): Promise<string> {
  return shown(capture, destination, HTTP_CALL);
}

export async function capturedBytes(capture: Address, destination: Address): Promise<string> {
  return shown(capture, destination, BYTES);
}

async function shown(capture: Address, destination: Address, bytes: string): Promise<string> {
  const call = Buffer.concat([proxyHeader(CALLER_ADDRESS, destination), Buffer.from(bytes)]);
  const showing = await callPlain({ to: capture, bytes: call, waitMs: WAIT_MS });
  return showing.kind === 'answer' ? answer(showing.text) : showing.kind;
}

function answer(text: string): string {
  if (text.startsWith(BYTE_ANSWER)) return 'reached';
  const status = /^HTTP\/1\.1 (?<status>\d+)/.exec(text)?.groups?.['status'] ?? text;
  if (status === '200') return text.endsWith(CALLER) ? 'reached as client' : 'reached';
  return [status, ...TOKENS.filter((token) => text.includes(token))].join(' ');
}

/** What Envoy's error bodies are told apart by. */
const TOKENS = [
  'connection termination',
  'WRONG_VERSION_NUMBER',
  'CERTIFICATE_VERIFY_FAILED',
  'Connection refused',
  'Connection reset by peer',
  'no healthy upstream',
];
