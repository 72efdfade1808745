import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import {
  OutcomeBatch,
  PlannedRoute as WireRoute,
  Vantage as WireVantage,
} from '../../proto/gen/meshproof/v1/session.ts';
import type { Outcome, Report } from '../../proto/outcome.ts';
import type { PlannedRoute, Probe, Vantage } from '../../proto/vocabulary.ts';
import {
  batchFromWire,
  batchToWire,
  routeFromWire,
  routeToWire,
  vantageFromWire,
  vantageToWire,
} from '../../proto/wire.ts';
import type { Batch } from '../../proto/wire.ts';
import { wireBatch } from '../support/arbitrary/wire-batch.ts';
import { FAULTS, LAYERS, REFUSALS, SIGNATURES, TRANSPORTS, WHYS } from '../../proto/wire-words.ts';

/** Thousandths of a millisecond, as far as they travel; a layer that was reached took at least one. */
const ms = fc.integer({ min: 1, max: 10_000_000 }).map((us) => us / 1000);
const text = fc.string({ maxLength: 60 });
const name = fc.string({ minLength: 1, maxLength: 40 });
const uint32 = fc.nat();
const timeMs = fc.integer({ min: 0, max: 2 ** 42 });
const word = <Word extends string>(table: Readonly<Record<Word, string>>): fc.Arbitrary<Word> =>
  fc.constantFrom(...(Object.keys(table) as Word[]));
const status = fc.oneof(fc.integer({ min: 0, max: 16 }), fc.integer({ min: 100, max: 599 }));

const timings = fc.record(
  { dnsMs: ms, tcpMs: ms, tlsMs: ms, firstByteMs: ms, totalMs: ms },
  { requiredKeys: ['totalMs'] },
);
const certificate = fc.record({
  spiffeId: fc.option(name),
  notBeforeMs: timeMs,
  notAfterMs: timeMs,
  issuerFingerprint: name,
  fault: fc.option(word(FAULTS)),
});
const facts = { address: uint32, timings, certificate };
const witness = fc.record({ pod: name, caller: fc.option(name), isProof: fc.boolean() });

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record(
    { kind: fc.constant('reached'), ...facts, transport: word(TRANSPORTS), status, witness },
    { requiredKeys: ['kind', 'address', 'timings', 'transport'] },
  ),
  fc.record(
    {
      kind: fc.constant('refused'),
      ...facts,
      layer: word(LAYERS),
      signature: word(SIGNATURES),
      status,
      alert: fc.integer({ min: 0, max: 255 }),
      certificateRefusal: word(REFUSALS),
      detail: text,
    },
    { requiredKeys: ['kind', 'address', 'timings', 'layer', 'signature', 'detail'] },
  ),
  fc.record(
    { kind: fc.constant('silent'), ...facts, layer: word(LAYERS), afterMs: uint32 },
    { requiredKeys: ['kind', 'address', 'timings', 'layer', 'afterMs'] },
  ),
  fc.record({ kind: fc.constant('untested'), why: word(WHYS), detail: text }),
);

const report: fc.Arbitrary<Report> = fc.record({
  route: uint32,
  slot: fc.maxSafeNat(),
  attempt: uint32,
  startedAtMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_600_000 }),
  outcome,
});

const batch: fc.Arbitrary<Batch> = fc.record({
  sequence: fc.maxSafeNat(),
  reports: fc.array(report, { maxLength: 20 }),
  droppedBefore: uint32,
  fitness: fc.record({
    loopLagP99Ms: fc.nat(1_000_000).map((us) => us / 1000),
    throttledShare: fc.nat(1000).map((permille) => permille / 1000),
    isSidecarReady: fc.boolean(),
    isFit: fc.boolean(),
  }),
});

const alpn = fc.array(name, { maxLength: 3 });
const application = fc.constantFrom('http', 'tcp', 'grpc');
const probe = fc.oneof(
  fc.record({ kind: fc.constant('http'), method: text, path: text }),
  fc.record({ kind: fc.constantFrom('tcp', 'grpc') }),
  fc.record({ kind: fc.constant('tls'), alpn }),
  fc.record({ kind: fc.constantFrom('mtls', 'mtls-untrusted'), alpn, application }),
  fc.record({
    kind: fc.constantFrom('mtls', 'mtls-untrusted'),
    alpn,
    application,
    path: fc.webPath().map((path) => `/${path}`),
  }),
  fc.record({
    kind: fc.constant('health'),
    container: text,
    check: fc.constantFrom('liveness', 'readiness', 'startup'),
    variant: fc.constantFrom('kubelet', 'original', 'rewritten'),
    action: fc.oneof(
      fc.record({
        kind: fc.constant('httpGet'),
        path: text,
        scheme: fc.constantFrom('HTTP', 'HTTPS'),
        headers: fc.array(fc.record({ name: text, value: text }), { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('tcpSocket') }),
      fc.record({ kind: fc.constant('grpc'), service: text }),
    ),
  }),
) as fc.Arbitrary<Probe>;

const planned: fc.Arbitrary<PlannedRoute> = fc.record({
  route: uint32,
  slot: fc.maxSafeNat(),
  probe,
  addresses: fc.array(fc.record({ host: name, port: fc.integer({ min: 1, max: 65_535 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  authority: text,
  serverName: text,
  peerIdentities: fc.array(text, { maxLength: 3 }),
  connectTimeoutMs: fc.integer({ min: 1, max: 60_000 }),
  timeoutMs: fc.integer({ min: 1, max: 60_000 }),
  attempts: fc.integer({ min: 1, max: 100 }),
  intervalMs: uint32,
});

const vantage: fc.Arbitrary<Vantage> = fc.record(
  {
    namespace: text,
    serviceAccount: text,
    dataPlane: fc.constantFrom('naked', 'sidecar', 'ambient', 'host'),
    node: text.filter((name) => name !== ''),
  },
  { requiredKeys: ['namespace', 'serviceAccount', 'dataPlane'] },
);

/** Records of fast-check have no prototype, messages have one; only what they hold is compared. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

t.test('whatever an agent reports arrives as it was, through bytes', (t) => {
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(batch, (sent) => {
        const bytes = OutcomeBatch.encode(batchToWire(sent)).finish();
        return isDeepStrictEqual(plain(batchFromWire(OutcomeBatch.decode(bytes))), plain(sent));
      }),
      { numRuns: 200 },
    );
  });
  t.end();
});

t.test('whatever a controller plans arrives as it was, through bytes', (t) => {
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(planned, (sent) => {
        const received = routeFromWire(WireRoute.decode(WireRoute.encode(routeToWire(sent)).finish()));
        return isDeepStrictEqual(plain(received), plain({ kind: 'planned', planned: sent }));
      }),
      { numRuns: 200 },
    );
  });
  t.end();
});

t.test('every vantage arrives as it was', (t) => {
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(vantage, (sent) => {
        const received = vantageFromWire(WireVantage.decode(WireVantage.encode(vantageToWire(sent)).finish()));
        return isDeepStrictEqual(plain(received), plain(sent));
      }),
    );
  });
  t.end();
});

t.test('of whatever an agent sends, every time that comes out can be written', (t) => {
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(wireBatch, (sent) => {
        for (const { startedAtMs, outcome } of batchFromWire(sent).reports) {
          const { notBeforeMs = 0, notAfterMs = 0 } = (outcome.kind !== 'untested' && outcome.certificate) || {};
          for (const ms of [startedAtMs, notBeforeMs, notAfterMs]) new Date(ms).toISOString();
        }
      }),
      { numRuns: 500 },
    );
  });
  t.end();
});
