import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { publishJson } from '../../../../controller/publish/json.ts';
import { publishNdjson } from '../../../../controller/publish/ndjson.ts';
import type { Expectation } from '../../../../controller/declared/expectation.ts';
import type { SweepScope } from '../../../../controller/judge/finding.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import type { Probe } from '../../../../proto/vocabulary.ts';
import * as made from '../../../support/sweeps.ts';

const schemaFile = new URL('../../../../deploy/schema/sweep.schema.json', import.meta.url);
const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ } });
const validate = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);

const certificate = {
  spiffeId: null,
  notBeforeMs: 1,
  notAfterMs: 2,
  issuerFingerprint: '00ff',
  fault: 'no-spiffe-id',
} as const;
const witness = { pod: 'shop/pay', caller: null, isProof: false };
const facts = { address: 0, timings: { dnsMs: 1, tcpMs: 1, tlsMs: 1, firstByteMs: 1, totalMs: 4 } };
const outcomes: readonly Outcome[] = [
  made.reached,
  { ...made.reached, transport: 'unproved', certificate, witness },
  { ...made.reset, ...facts, status: 403, alert: 48, certificateRefusal: 'unknown-ca', certificate },
  { kind: 'silent', ...facts, layer: 'tcp', afterMs: 2000 },
  made.untested,
];
const probes: readonly Probe[] = [
  { kind: 'tcp' },
  { kind: 'grpc' },
  { kind: 'tls', alpn: [] },
  { kind: 'mtls', alpn: ['istio'], application: 'http' },
  { kind: 'mtls-untrusted', alpn: ['istio'], application: 'tcp' },
  ...[
    { kind: 'httpGet', path: '/', scheme: 'HTTP', headers: [{ name: 'a', value: 'b' }] } as const,
    { kind: 'tcpSocket' } as const,
    { kind: 'grpc', service: '' } as const,
  ].map((action): Probe => ({ kind: 'health', container: 'app', check: 'liveness', variant: 'kubelet', action })),
];
const cause = made.cause('MP1005', 'STRICT is not in effect');
const { warnings: noWarnings, ...perEndpoint } = made.refusedByStrict;
const mixed: Expectation = {
  ...made.refusedByStrict,
  expect: 'mixed',
  httpStatus: 503,
  endpoints: [{ ...perEndpoint, pod: 'shop/pay-1', expect: 'deny' }],
  warnings: [...noWarnings, 'an EnvoyFilter touches it'],
};
const sweep = made.sweep(
  [
    ...outcomes.map((outcome) => made.cell({ outcome })),
    ...probes.map((probe) => made.cell({ probe, to: 'pod:shop/pay:8080', table: 'transport' })),
    made.cell({ expectation: mixed, drift: 'exposed', cause }),
    {
      ...made.cell(),
      target: {
        kind: 'service',
        namespace: 'shop',
        name: 'front',
        port: 80,
        via: { namespace: 'edge', name: 'gateway', port: 80, host: 'shop.example' },
      },
    },
  ],
  [{ severity: 'critical', cause, cells: ['x'], isConfirmed: true }],
);

t.test('every shape of cell is what the published schema says', (t) => {
  const isValid = validate(JSON.parse(publishJson(sweep)));
  t.same(validate.errors ?? [], []);
  t.equal(isValid, true);
  t.end();
});

t.test('a sweep says what was measured: a sandbox, or namespaces of a cluster', (t) => {
  const scopes: readonly SweepScope[] = [
    { kind: 'sandbox', scenario: 'shop' },
    { kind: 'cluster', namespaces: ['shop', 'bank'], hostVantage: false },
    { kind: 'cluster', namespaces: 'all', hostVantage: 'node' },
  ];
  for (const scope of scopes) {
    const document = JSON.parse(publishJson({ ...sweep, scope })) as object;
    validate(document);
    t.same(validate.errors ?? [], []);
    t.match(document, { scope });
  }
  t.notOk(validate({ ...(JSON.parse(publishJson(sweep)) as object), scope: { kind: 'cluster' } }));
  t.end();
});

t.test('the schema refuses what is not said in it', (t) => {
  const document = JSON.parse(publishJson(made.sweep([made.cell()]))) as {
    cells: Record<string, unknown>[];
    verdict: Record<string, unknown>;
  };
  t.equal(validate(document), true, 'as it is');
  for (const [what, broken] of [
    ['an unknown field of the sweep', { ...document, more: 1 }],
    ['an unknown field of a cell', { ...document, cells: [{ ...document.cells[0], more: 1 }] }],
    ['a missing field of a cell', { ...document, cells: [{ ...document.cells[0], drift: undefined }] }],
    ['an unknown drift', { ...document, cells: [{ ...document.cells[0], drift: 'fine' }] }],
    ['a coverage above 1', { ...document, verdict: { ...document.verdict, coverage: 1.5 } }],
    ['another kind', { ...document, kind: 'Matrix' }],
  ] as const) {
    t.equal(validate(JSON.parse(JSON.stringify(broken))), false, what);
  }
  t.end();
});

t.test('ndjson is the cells of the document, one a line', (t) => {
  const lines = publishNdjson(sweep).trimEnd().split('\n');
  t.same(
    lines.map((line) => JSON.parse(line) as unknown),
    (JSON.parse(publishJson(sweep)) as { cells: unknown[] }).cells,
  );
  t.end();
});
