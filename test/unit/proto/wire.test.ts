import t from 'tap';
import { OutcomeBatch } from '../../../proto/gen/meshproof/v1/session.ts';
import type * as wire from '../../../proto/gen/meshproof/v1/session.ts';
import type { PeerCertificate, Report } from '../../../proto/outcome.ts';
import { batchFromWire, batchToWire, fitnessFromWire, routeFromWire, vantageFromWire } from '../../../proto/wire.ts';

const FIT = { loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true };

const CERTIFICATE: PeerCertificate = {
  spiffeId: 'spiffe://cluster.local/ns/shop/sa/pay',
  notBeforeMs: 1_700_000_000_000,
  notAfterMs: 1_700_086_400_000,
  issuerFingerprint: 'ab'.repeat(32),
  fault: null,
};

function reachedReport(route: number): Report {
  const timings = { tcpMs: 0.4, tlsMs: 2, firstByteMs: 1.5, totalMs: 4.2 };
  const witness = { pod: 'shop/pay', caller: 'spiffe://cluster.local/ns/shop/sa/web', isProof: true };
  const outcome = { kind: 'reached', address: 0, timings, transport: 'mtls', status: 200, witness } as const;
  const startedAtMs = 1_700_000_000_000 + route;
  return { route, slot: 1, attempt: 0, startedAtMs, outcome: { ...outcome, certificate: CERTIFICATE } };
}

t.test('a text and a certificate that many outcomes share are sent once a batch', (t) => {
  const reports = [1, 2, 3].map(reachedReport);
  const message = batchToWire({ sequence: 7, reports, droppedBefore: 0, fitness: FIT });
  t.equal(message.certificates.length, 1);
  t.strictSame([...message.texts].sort(), [
    'ab'.repeat(32),
    'shop/pay',
    'spiffe://cluster.local/ns/shop/sa/pay',
    'spiffe://cluster.local/ns/shop/sa/web',
  ]);
  t.end();
});

t.test('a full batch of reached outcomes takes about 40 bytes an outcome', (t) => {
  const reports = Array.from({ length: 100 }, (_, route) => reachedReport(route));
  const message = batchToWire({ sequence: 1, reports, droppedBefore: 0, fitness: FIT });
  const bytes = OutcomeBatch.encode(message).finish().length;
  t.ok(bytes / 100 < 48, `${String(bytes / 100)} bytes an outcome`);
  t.end();
});

t.test('gRPC statuses and HTTP statuses come back as what they were', (t) => {
  for (const status of [0, 7, 14, 16, 100, 200, 403, 503, 599]) {
    const report = reachedReport(1);
    const outcome = { ...report.outcome, status } as Report['outcome'];
    const batch = { sequence: 1, reports: [{ ...report, outcome }], droppedBefore: 0, fitness: FIT };
    t.strictSame(batchFromWire(batchToWire(batch)).reports[0]?.outcome, outcome, String(status));
  }
  t.end();
});

t.test('evidence is cut at 256 characters', (t) => {
  const timings = { totalMs: 1 };
  const facts = { kind: 'refused', address: 0, timings, layer: 'application', signature: 'closed' } as const;
  const outcome = { ...facts, detail: 'x'.repeat(300) };
  const reports = [{ route: 1, slot: 1, attempt: 0, startedAtMs: 5, outcome }];
  const received = batchFromWire(batchToWire({ sequence: 1, reports, droppedBefore: 0, fitness: FIT }));
  t.match(received.reports[0]?.outcome, { detail: /^x{256}$/ });
  t.end();
});

t.test('what a newer agent words in an unknown way is untested, never a denial and never a success', (t) => {
  const known: wire.Outcome = {
    route: 3,
    slot: 2,
    attempt: 1,
    startedAfterMs: 0,
    address: 0,
    timings: undefined,
    certificate: 0,
    kind: undefined,
  };
  const refused = { status: 0, alert: 0, certificateRefusalText: 0, detailText: 0 };
  const cases: Record<string, wire.Outcome> = {
    'a kind of outcome': known,
    'a transport': {
      ...known,
      kind: { $case: 'reached', value: { transport: 'UNRECOGNIZED', status: 200, witness: undefined } },
    },
    'a signature': {
      ...known,
      kind: { $case: 'refused', value: { ...refused, layer: 'LAYER_TLS', signatureText: 1 } },
    },
    'a layer of a refusal': {
      ...known,
      kind: { $case: 'refused', value: { ...refused, layer: 'UNRECOGNIZED', signatureText: 2 } },
    },
    'a layer of a silence': { ...known, kind: { $case: 'silent', value: { layer: 'UNRECOGNIZED', afterMs: 1 } } },
    'a fault of the certificate': {
      ...known,
      certificate: 1,
      kind: { $case: 'silent', value: { layer: 'LAYER_TCP', afterMs: 1 } },
    },
  };
  for (const [what, outcome] of Object.entries(cases)) {
    const certificate = { spiffeIdText: 0, notBeforeMs: 0, notAfterMs: 0, issuerFingerprintText: 0 };
    const message: wire.OutcomeBatch = {
      sequence: 1,
      baseTimeMs: 0,
      texts: ['melted', 'reset'],
      certificates: [{ ...certificate, fault: 'UNRECOGNIZED' }],
      outcomes: [outcome],
      droppedBefore: 0,
      fitness: undefined,
    };
    const report = batchFromWire(message).reports[0];
    t.match(report, { route: 3, slot: 2, attempt: 1, outcome: { kind: 'untested', why: 'unsupported-probe' } }, what);
  }
  t.end();
});

t.test('an unknown reason for an untested attempt keeps its word in the detail', (t) => {
  const outcome = { startedAfterMs: 0, address: 0, timings: undefined, certificate: 0, route: 1, slot: 1, attempt: 0 };
  const received = batchFromWire({
    sequence: 1,
    baseTimeMs: 0,
    texts: ['moon-phase', 'full'],
    certificates: [],
    outcomes: [{ ...outcome, kind: { $case: 'untested', value: { whyText: 1, detailText: 2 } } }],
    droppedBefore: 0,
    fitness: undefined,
  });
  t.strictSame(received.reports[0]?.outcome, { kind: 'untested', why: 'internal-fault', detail: 'moon-phase: full' });
  t.end();
});

t.test('a route that this agent cannot attempt comes back as unsupported, with its place', (t) => {
  const route: wire.PlannedRoute = {
    route: 4,
    slot: 9,
    probe: { kind: { $case: 'tcp', value: {} } },
    addresses: [{ host: '127.0.0.1', port: 80 }],
    authority: 'a',
    serverName: '',
    peerIdentities: [],
    connectTimeoutMs: 1000,
    timeoutMs: 2000,
    attempts: 2,
    intervalMs: 0,
  };
  const tls: wire.TlsProbe = {
    certificate: 'UNRECOGNIZED',
    alpn: [],
    application: 'APPLICATION_PROTOCOL_HTTP',
    path: '',
  };
  const cases: Record<string, wire.PlannedRoute> = {
    'no probe': { ...route, probe: undefined },
    'an unknown kind of probe': { ...route, probe: { kind: undefined } },
    'an unknown certificate': { ...route, probe: { kind: { $case: 'tls', value: tls } } },
    'no address': { ...route, addresses: [] },
    'no deadline': { ...route, timeoutMs: 0 },
    'a deadline that a timer cannot hold': { ...route, timeoutMs: 2 ** 31 },
    'an address without a port': { ...route, addresses: [{ host: '127.0.0.1', port: 0 }] },
    'a port that is none': { ...route, addresses: [...route.addresses, { host: '127.0.0.1', port: 70_000 }] },
  };
  for (const [what, message] of Object.entries(cases)) {
    t.match(routeFromWire(message), { kind: 'unsupported', route: 4, slot: 9, attempts: 2 }, what);
  }
  const endless = routeFromWire({ ...route, attempts: 2 ** 32 - 1 });
  t.match(endless, { kind: 'unsupported', attempts: 10_000 }, 'attempts without end are not answered without end');
  t.match(routeFromWire(route), { kind: 'planned' }, 'and a whole one is planned');
  t.end();
});

t.test('an agent whose data plane is unknown has no vantage', (t) => {
  t.equal(vantageFromWire(undefined), null);
  t.equal(vantageFromWire({ namespace: 'a', serviceAccount: 'b', dataPlane: 'UNRECOGNIZED', node: '' }), null);
  const host = { namespace: 'a', serviceAccount: 'b', dataPlane: 'DATA_PLANE_HOST' } as const;
  const read = { namespace: 'a', serviceAccount: 'b', dataPlane: 'host' };
  t.strictSame(vantageFromWire({ ...host, node: '' }), read);
  t.strictSame(vantageFromWire({ ...host, node: 'worker-1' }), { ...read, node: 'worker-1' });
  t.end();
});

t.test('an agent that says nothing of its fitness is not fit', (t) => {
  t.equal(fitnessFromWire(undefined).isFit, false);
  t.end();
});

t.test('a text that is longer than any should be is not kept', (t) => {
  const message = batchToWire({
    sequence: 1,
    reports: [
      { route: 1, slot: 1, attempt: 0, startedAtMs: 0, outcome: { kind: 'untested', why: 'cancelled', detail: 'x' } },
    ],
    droppedBefore: 0,
    fitness: { loopLagP99Ms: 0, throttledShare: 0, isSidecarReady: true, isFit: true },
  });
  const texts = message.texts.map((text) => (text === 'x' ? 'x'.repeat(200_000) : text));
  t.match(batchFromWire({ ...message, texts }).reports[0]?.outcome, { kind: 'untested', why: 'cancelled', detail: '' });
  t.end();
});

t.test('a time that no calendar holds makes an outcome untested, and never comes out', (t) => {
  const beyond = [9e15, 8.64e15 + 1, 8.64e15, 253_402_300_800_000, -62_167_219_200_001, -9e15];
  const calendar = { min: Date.parse('0000-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') };
  const sent = batchToWire({ sequence: 1, reports: [reachedReport(1)], droppedBefore: 0, fitness: FIT });
  const [certificate] = sent.certificates;
  if (certificate === undefined) throw new Error('no certificate was sent');
  for (const ms of beyond) {
    const messages: Record<string, wire.OutcomeBatch> = {
      'the base time': { ...sent, baseTimeMs: ms },
      notBefore: { ...sent, certificates: [{ ...certificate, notBeforeMs: ms }] },
      notAfter: { ...sent, certificates: [{ ...certificate, notAfterMs: ms }] },
    };
    for (const [what, message] of Object.entries(messages)) {
      const report = batchFromWire(message).reports[0];
      const untested = { route: 1, slot: 1, attempt: 0, outcome: { kind: 'untested', why: 'unsupported-probe' } };
      t.match(report, untested, `${what} ${String(ms)}`);
      const startedAtMs = report?.startedAtMs ?? NaN;
      t.ok(startedAtMs >= calendar.min && startedAtMs <= calendar.max, `${what} ${String(ms)} does not come out`);
    }
  }
  for (const ms of Object.values(calendar)) {
    const message = { ...sent, certificates: [{ ...certificate, notBeforeMs: ms, notAfterMs: ms }] };
    t.match(batchFromWire(message).reports[0]?.outcome, { kind: 'reached', certificate: { notAfterMs: ms } });
  }
  t.end();
});

t.test('a certificate whose time cannot be read does not keep an agent from reporting', (t) => {
  const report = reachedReport(1);
  const certificate = { ...CERTIFICATE, notAfterMs: NaN };
  const outcome = { ...report.outcome, certificate } as Report['outcome'];
  const reports = [{ ...report, outcome }, reachedReport(2)];
  const message = batchToWire({ sequence: 1, reports, droppedBefore: 0, fitness: FIT });
  const received = batchFromWire(OutcomeBatch.decode(OutcomeBatch.encode(message).finish()));
  t.match(received.reports, [{ outcome: { kind: 'untested' } }, { outcome: { kind: 'reached' } }]);
  t.end();
});
