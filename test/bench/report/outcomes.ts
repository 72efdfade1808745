/** What is reported in the bench: outcomes as a sweep has them, each on an attempt of its own. */
import type { MethodDefinition } from '@grpc/grpc-js';
import { OutcomeBatch } from '../../../proto/gen/meshproof/v1/session.ts';
import type { Outcome, Report } from '../../../proto/outcome.ts';
import type { Vantage } from '../../../proto/vocabulary.ts';

export const AGENT_ID = 'bench-agent';
export const VANTAGE: Vantage = { namespace: 'bench', serviceAccount: 'caller', dataPlane: 'naked' };
/** Reports go round them, with a slot more each time. */
export const ROUTES = 2_000;
/** Enough for all outcomes of the bench. */
export const SLOTS = 200;

export const FIT = { loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true };

const TIMINGS = { tcpMs: 0.412, firstByteMs: 1.731, totalMs: 2.305 };
const CERTIFICATE = {
  spiffeId: 'spiffe://cluster.local/ns/shop/sa/pay',
  notBeforeMs: 1_700_000_000_000,
  notAfterMs: 1_700_086_400_000,
  issuerFingerprint: 'ab'.repeat(32),
  fault: null,
};
const WITNESS = { pod: 'shop/pay-1', caller: 'spiffe://cluster.local/ns/shop/sa/web', isProof: true };

/** Of every four: an answer in plaintext, one over mTLS from a witness, a refusal by policy, a silence. */
const OUTCOMES: readonly Outcome[] = [
  { kind: 'reached', address: 0, timings: TIMINGS, transport: 'plaintext', status: 200 },
  {
    kind: 'reached',
    address: 0,
    timings: { ...TIMINGS, tlsMs: 1.204 },
    transport: 'mtls',
    status: 200,
    certificate: CERTIFICATE,
    witness: WITNESS,
  },
  {
    kind: 'refused',
    address: 0,
    timings: TIMINGS,
    layer: 'application',
    signature: 'rbac-denied',
    status: 403,
    detail: 'RBAC: access denied',
  },
  { kind: 'silent', address: 0, timings: { totalMs: 2_000.4 }, layer: 'tcp', afterMs: 2_000.4 },
];

/** The nth report, from 0. */
export function reportOf(index: number): Report {
  const outcome = OUTCOMES[index % OUTCOMES.length] ?? { kind: 'untested', why: 'internal-fault', detail: '' };
  const route = (index % ROUTES) + 1;
  return { route, slot: Math.floor(index / ROUTES), attempt: 0, startedAtMs: 1_700_000_000_000 + index, outcome };
}

export const UNARY: MethodDefinition<OutcomeBatch, Buffer> = {
  path: '/bench.Unary/Report',
  requestStream: false,
  responseStream: false,
  requestSerialize: (batch) => Buffer.from(OutcomeBatch.encode(batch).finish()),
  requestDeserialize: (bytes) => OutcomeBatch.decode(bytes),
  responseSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};
