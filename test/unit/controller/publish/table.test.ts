import t from 'tap';
import { publishMarkdown } from '../../../../controller/publish/markdown.ts';
import { publishTable } from '../../../../controller/publish/table.ts';
import * as made from '../../../support/sweeps.ts';

const plain = { columns: 100, hasColour: false };

const strictLost = made.cause(
  'MP1005',
  'legacy/batch reaches shop/pay:8080 in plaintext although PeerAuthentication shop/default says STRICT.',
);

const small = made.sweep(
  [
    made.cell({ source: 'shop/web', to: 'shop/pay:8080' }),
    made.cell({ source: 'shop/web', to: 'shop/cart:80' }),
    made.cell({
      source: 'legacy/batch',
      dataPlane: 'naked',
      to: 'shop/pay:8080',
      expectation: made.refusedByStrict,
      outcome: made.reachedInPlaintext,
      drift: 'exposed',
      cause: strictLost,
    }),
    made.cell({
      source: 'legacy/batch',
      dataPlane: 'naked',
      to: 'shop/cart:80',
      expectation: made.refusedByStrict,
      outcome: made.reset,
    }),
  ],
  [],
  { why: '1 exposed cell' },
);

t.test('a probe pod of ours goes by the service account that it speaks for', (t) => {
  const sweep = made.sweep([
    { ...made.cell({ source: 'shop/web', to: 'shop/pay:8080' }), source: 'shop/probe-sidecar-web' },
    { ...made.cell({ source: 'shop/other', to: 'shop/cart:80' }), source: 'shop/probe-sidecar-web-2' },
  ]);
  const rows = publishTable(sweep, plain)
    .split('\n')
    .filter((line) => line.includes('  sidecar  '));
  t.same(
    rows.map((row) => row.trim().split(' ')[0]),
    ['shop/web', 'shop/probe-sidecar-web-2'],
  );
  t.end();
});

t.test('a port that NetworkPolicies keep everybody from is not one without a proxy', (t) => {
  const keptOut = {
    ...made.refusedByStrict,
    outcome: 'DENY_NETPOL',
    trail: [{ stage: 'network-policy', result: 'deny' }],
  } as const;
  const port = {
    table: 'transport',
    dataPlane: 'naked',
    source: 'meshproof/prober',
    to: 'pod:shop/pay-1:8080',
  } as const;
  const declared = (expectation: typeof keptOut | typeof made.refusedByStrict): string =>
    publishTable(made.sweep([made.cell({ ...port, expectation, outcome: made.reset })]), plain);
  t.match(declared(keptOut), / kept out /);
  t.notMatch(declared(made.refusedByStrict), / kept out /);
  t.end();
});

t.test('a sweep is drawn with the finding numbered in its cell, the denials counted and the verdict last', (t) => {
  t.equal(
    publishTable(small, plain),
    `Reachability: who gets an answer from what
                         ┌ shop/cart:80
                         │  ┌ shop/pay:8080
  legacy/batch  naked    ✗  ○1
  shop/web      sidecar  ●  ●

  ● answered over mutual TLS   ○ answered in plaintext   ✗ refused   a number points at a finding

Findings: 1 exposed
  1  EXPOSED strict-not-in-effect MP1005
     legacy/batch reaches shop/pay:8080 in plaintext although PeerAuthentication shop/default says
     STRICT.
     objects  PeerAuthentication shop/default (spec.mtls.mode)
     fix      Correct PeerAuthentication shop/default.
     cell     legacy/batch (naked) → shop/pay:8080 http GET /

1 route refused as declared: 1 by STRICT (callers without sidecar)

FAIL: 1 exposed cell (4 of 4 cells judged)
`,
  );
  t.end();
});

t.test('without colour no control character is printed, with colour the same text remains', (t) => {
  const coloured = publishTable(small, { ...plain, hasColour: true });
  const escape = String.fromCharCode(27);
  t.notOk(publishTable(small, plain).includes(escape));
  t.ok(coloured.includes(escape));
  t.equal(coloured.replace(new RegExp(`${escape}\\[\\d+m`, 'g'), ''), publishTable(small, plain));
  t.end();
});

t.test('no line of the tables is wider than the page, however many targets there are', (t) => {
  const cells = ['shop/web', 'shop/front', 'legacy/batch'].flatMap((source) =>
    Array.from({ length: 40 }, (_, at) =>
      made.cell({ source, to: `shop/service-with-a-long-name-${String(at)}:8080` }),
    ),
  );
  for (const columns of [60, 80, 100, 120]) {
    const text = publishTable(made.sweep(cells), { columns, hasColour: false });
    const widest = Math.max(...text.split('\n').map((line) => line.length));
    t.ok(widest <= columns, `${String(columns)}: ${String(widest)}`);
    t.equal(text.match(/┌/g)?.length, 40, 'each target has its step');
  }
  t.end();
});

t.test('mode in force, declared mode and served certificate stand beside the fingerprints of a pod port', (t) => {
  const certificate = {
    spiffeId: 'spiffe://cluster.local/ns/shop/sa/pay',
    notBeforeMs: 0,
    notAfterMs: 1,
    issuerFingerprint: 'ab',
    fault: 'expired',
  } as const;
  const port = { table: 'transport', source: 'meshproof/prober', dataPlane: 'naked', to: 'pod:shop/pay:8080' } as const;
  const text = publishTable(
    made.sweep([
      made.cell({ ...port, expectation: made.refusedByStrict, outcome: made.reset }),
      made.cell({ ...port, probe: { kind: 'tls', alpn: [] }, outcome: made.reset }),
      made.cell({ ...port, probe: { kind: 'tls', alpn: ['istio'] }, outcome: made.reset }),
      made.cell({
        ...port,
        probe: { kind: 'mtls', alpn: ['istio'], application: 'http' },
        outcome: { ...made.reached, certificate },
      }),
      made.cell({
        ...port,
        probe: { kind: 'mtls-untrusted', alpn: ['istio'], application: 'http' },
        outcome: made.reset,
      }),
    ]),
    { columns: 140, hasColour: false },
  );
  t.match(
    text,
    'POD PORT       IN FORCE  DECLARED  plaintext  tls  tls+alpn  mtls  untrusted  CERTIFICATE\n' +
      '  shop/pay:8080  STRICT    STRICT    ✗          ✗    ✗         ●     ✗          cluster.local/ns/shop/sa/pay (expired)',
  );
  t.end();
});

t.test('a health check is one row: what the kubelet meets, the direct way, the rewritten way', (t) => {
  const check = { table: 'health', source: 'meshproof/kubelet', dataPlane: 'host', to: 'pod:shop/pay:15020' } as const;
  const probe = {
    kind: 'health',
    container: 'app',
    check: 'readiness',
    action: { kind: 'httpGet', path: '/app-health/app/readyz', scheme: 'HTTP', headers: [] },
  } as const;
  const text = publishTable(
    made.sweep([
      made.cell({ ...check, probe: { ...probe, variant: 'kubelet' }, outcome: made.reachedInPlaintext }),
      made.cell({ ...check, probe: { ...probe, variant: 'original' }, outcome: made.reset }),
    ]),
    { columns: 120, hasColour: false },
  );
  t.match(text, 'shop/pay  app/readiness  ○        ✗         ·          HTTP GET /app-health/app/readyz to port 15020');
  t.end();
});

t.test('what was not tested is shown as not known, never as refused', (t) => {
  const text = publishTable(made.sweep([made.cell({ outcome: made.untested, drift: 'unknown' })]), plain);
  t.match(text, /shop\/web {2}sidecar {2}\?/);
  t.notMatch(text, '✗');
  t.match(text, 'Findings: 1 unknown');
  t.end();
});

t.test('what a pod names and an event says can neither steer the terminal nor begin a line of its own', (t) => {
  const evil = '\u001b[2J\u001b]0;fine\u0007\nPASS: all is well\u009b2K\u202e';
  const cause = made.cause('MP1005', `shop/pay ${evil} answered.`);
  const check = { table: 'health', source: 'meshproof/kubelet', dataPlane: 'host', to: 'pod:shop/pay:8080' } as const;
  const probe = {
    kind: 'health',
    container: 'app',
    check: 'readiness',
    variant: 'kubelet',
    action: { kind: 'httpGet', path: `/${evil}`, scheme: 'HTTP', headers: [] },
  } as const;
  const sweep = made.sweep([
    made.cell({ ...check, probe, outcome: made.reachedInPlaintext }),
    made.cell({
      ...check,
      probe: { ...probe, check: 'liveness', action: { kind: 'grpc', service: evil } },
      outcome: { kind: 'untested', why: 'no-agent', detail: evil },
      drift: 'unknown',
    }),
    made.cell({ source: 'shop/web', to: 'shop/pay:80', outcome: made.reset, drift: 'blocked', cause }),
  ]);
  for (const hasColour of [false, true]) {
    const text = publishTable(sweep, { columns: 100, hasColour });

    const active = text.replace(/\u001b\[\d+m/g, '').match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/g);
    t.equal(active, null, `colour: ${String(hasColour)}`);
    t.notMatch(text, /^ *PASS/m);
  }
  t.notMatch(publishMarkdown(sweep), /\u001b|\u0007|\u009b|\u202e/);
  t.end();
});
