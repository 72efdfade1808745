/** Batches in the form of the wire, with whatever its types can hold. */
import fc from 'fast-check';
import type { Certificate, Outcome, OutcomeBatch } from '../../../proto/gen/meshproof/v1/session.ts';
import { FAULTS, LAYERS, TRANSPORTS } from '../../../proto/wire-words.ts';
import { anyText, uint32, uint64 } from '../garbled.ts';

/** Some of the texts and certificates of the batch, and some that it does not have. */
const index = fc.oneof(fc.nat(4), uint32);
const layer = fc.constantFrom(...Object.values(LAYERS), 'UNRECOGNIZED' as never);
const int64 = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: 0, max: 2 ** 42 }));

const kind: fc.Arbitrary<Outcome['kind']> = fc.oneof(
  fc.record({
    $case: fc.constant('reached' as const),
    value: fc.record({
      transport: fc.constantFrom(...Object.values(TRANSPORTS), 'UNRECOGNIZED' as never),
      status: uint32,
      witness: fc.option(fc.record({ podText: index, callerText: index, isProof: fc.boolean() }), { nil: undefined }),
    }),
  }),
  fc.record({
    $case: fc.constant('refused' as const),
    value: fc.record({
      layer,
      signatureText: index,
      status: uint32,
      alert: uint32,
      certificateRefusalText: index,
      detailText: index,
    }),
  }),
  fc.record({ $case: fc.constant('silent' as const), value: fc.record({ layer, afterMs: uint32 }) }),
  fc.record({ $case: fc.constant('untested' as const), value: fc.record({ whyText: index, detailText: index }) }),
  fc.constant(undefined),
);

const certificate: fc.Arbitrary<Certificate> = fc.record({
  spiffeIdText: index,
  notBeforeMs: int64,
  notAfterMs: int64,
  issuerFingerprintText: index,
  fault: fc.constantFrom(...Object.values(FAULTS), 'IDENTITY_FAULT_UNSPECIFIED' as const, 'UNRECOGNIZED' as never),
});

const timings = fc.record({ dnsUs: uint32, tcpUs: uint32, tlsUs: uint32, firstByteUs: uint32, totalUs: uint32 });

export const wireBatch: fc.Arbitrary<OutcomeBatch> = fc.record({
  sequence: uint64,
  baseTimeMs: int64,
  texts: fc.array(anyText, { maxLength: 4 }),
  certificates: fc.array(certificate, { maxLength: 4 }),
  outcomes: fc.array(
    fc.record({
      route: uint32,
      slot: uint64,
      attempt: uint32,
      startedAfterMs: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      address: uint32,
      timings: fc.option(timings, { nil: undefined }),
      certificate: index,
      kind,
    }),
    { maxLength: 5 },
  ),
  droppedBefore: uint32,
  fitness: fc.constant(undefined),
});
