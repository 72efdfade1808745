import { XMLParser } from 'fast-xml-parser';
import t from 'tap';
import { publishJunit } from '../../../../controller/publish/junit.ts';
import * as made from '../../../support/sweeps.ts';

type Attributes = Readonly<Record<string, string>>;
interface Suites {
  readonly root: Attributes;
  readonly suites: readonly { readonly attributes: Attributes; readonly cases: readonly object[] }[];
}

function parse(xml: string): Suites {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    isArray: (name) => name === 'testsuite' || name === 'testcase',
  });
  type Suite = Attributes & { readonly testcase: object[] };
  const { testsuites } = parser.parse(xml) as { testsuites: Attributes & { readonly testsuite: Suite[] } };
  return {
    root: testsuites,
    suites: testsuites.testsuite.map((suite) => ({ attributes: suite, cases: suite.testcase })),
  };
}

const exposed = made.cell({
  source: 'legacy/batch',
  dataPlane: 'naked',
  drift: 'exposed',
  expectation: made.refusedByStrict,
  outcome: made.reachedInPlaintext,
  cause: made.cause('MP1005', 'shop/pay:8080 takes plaintext'),
});
const conflicting = made.cell({ source: 'shop/web', to: 'shop/cart:80', outcome: made.reset });
const sweep = made.sweep(
  [
    exposed,
    made.cell({ source: 'shop/web' }),
    conflicting,
    made.cell({ source: 'shop/lost', to: 'shop/cart:80', outcome: made.untested, drift: 'unknown' }),
    made.cell({
      source: 'shop/alone',
      to: 'shop/cart:80',
      outcome: made.reset,
      drift: 'unknown',
      cause: made.cause('MP1504', 'nothing else reached shop/cart:80'),
    }),
  ],
  [{ severity: 'error', cause: made.cause('MP1002', 'TLS disagrees'), cells: [conflicting.key], isConfirmed: true }],
);

t.test('a suite a target, a case a cell, in the order of the targets', (t) => {
  const { root, suites } = parse(publishJunit(sweep));
  t.same([root['@tests'], root['@failures'], root['@errors']], ['5', '2', '1']);
  t.same(
    suites.map(({ attributes: suite }) => [
      suite['@name'],
      suite['@tests'],
      suite['@failures'],
      suite['@errors'],
      suite['@skipped'],
      suite['@timestamp'],
    ]),
    [
      ['shop/cart:80', '3', '1', '1', '1', '2026-01-02T03:04:05'],
      ['shop/pay:8080', '2', '1', '0', '0', '2026-01-02T03:04:05'],
    ],
  );
  t.end();
});

t.test('drift and confirmed error conflicts fail with their cause code', (t) => {
  const [cart, pay] = parse(publishJunit(sweep)).suites;
  t.match(pay?.cases[0], {
    '@name': 'legacy/batch (naked) → http GET /',
    '@classname': 'shop/pay:8080',
    '@time': '0.003',
    failure: { '@type': 'MP1005', '@message': 'shop/pay:8080 takes plaintext' },
  });
  t.match(cart?.cases[0], { failure: { '@type': 'MP1002', '@message': 'TLS disagrees' } });
  t.end();
});

t.test('a fault of ours is an error, what proves nothing is skipped with the reason, and neither is a failure', (t) => {
  const [cart] = parse(publishJunit(sweep)).suites;
  t.match(cart?.cases[1], { error: { '@type': 'agent-lost' } });
  t.match(cart?.cases[2], { skipped: { '@message': 'nothing else reached shop/cart:80' } });
  t.end();
});

t.test('a conflict that the wire does not confirm, and a warning, fail nothing', (t) => {
  const cell = made.cell();
  for (const [severity, isConfirmed] of [
    ['critical', false],
    ['warning', true],
  ] as const) {
    const conflict = { severity, isConfirmed, cause: made.cause('MP1002', 'x'), cells: [cell.key] };
    t.equal(parse(publishJunit(made.sweep([cell], [conflict]))).root['@failures'], '0');
  }
  t.end();
});

t.test('a blocked cell fails, although an unconfirmed conflict of a worse name holds it, too', (t) => {
  const cell = made.cell({ outcome: made.reset, drift: 'blocked', cause: made.cause('MP1016', 'expired') });
  const conflict = {
    severity: 'critical',
    isConfirmed: false,
    cause: made.cause('MP1005', 'x'),
    cells: [cell.key],
  } as const;
  t.equal(parse(publishJunit(made.sweep([cell], [conflict]))).root['@failures'], '1');
  t.end();
});

t.test('bytes that no XML document can hold are replaced, and markup is escaped', (t) => {
  const detail = '\u0000\u001b[31m<b attr="1">&\uD800\n]]>';
  const outcome = { kind: 'untested', why: 'internal-fault', detail } as const;
  const xml = publishJunit(made.sweep([made.cell({ outcome, drift: 'unknown' })]));
  t.equal(parse(xml).suites.length, 1);
  t.notOk(xml.includes('\u0000') || xml.includes('\u001b'));
  t.match(xml, '\uFFFD[31m&lt;b attr=&quot;1&quot;&gt;&amp;\uFFFD&#10;]]&gt;');
  t.end();
});

t.test('only elements and attributes that both Jenkins and GitLab know are written', (t) => {
  const known: Record<string, readonly string[]> = {
    testsuites: ['name', 'tests', 'failures', 'errors', 'time'],
    testsuite: ['name', 'tests', 'failures', 'errors', 'skipped', 'time', 'timestamp'],
    testcase: ['name', 'classname', 'time'],
    failure: ['message', 'type'],
    error: ['message', 'type'],
    skipped: ['message'],
  };
  for (const [, name = '', attributes = ''] of publishJunit(sweep).matchAll(/<([a-z]+)((?: [a-z]+="[^"]*")*)\/?>/g)) {
    const used = [...attributes.matchAll(/ ([a-z]+)="/g)].map(([, attribute]) => attribute);
    t.same(used, known[name], name);
  }
  t.end();
});
