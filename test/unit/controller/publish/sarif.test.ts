import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import type { Test } from 'tap';
import { CAUSES } from '../../../../controller/judge/causes.ts';
import type { Cause, Conflict, Sweep } from '../../../../controller/judge/finding.ts';
import { publishSarif } from '../../../../controller/publish/sarif.ts';
import { placesIn } from '../../../../controller/publish/sarif-places.ts';
import type { Locate } from '../../../../controller/publish/sarif-places.ts';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import { declaredConflicts } from '../../../../controller/gate/declared-conflicts.ts';
import { loadSnapshot } from '../../../../controller/snapshot/files.ts';
import * as made from '../../../support/sweeps.ts';

interface Place {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
    readonly region: { readonly startLine: number; readonly startColumn: number };
  };
}
interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly Place[];
  readonly relatedLocations?: readonly Place[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly properties: { readonly cells: number; readonly isConfirmed: boolean };
}
interface Run {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string; readonly name: string }[] } };
  readonly invocations: readonly [
    {
      readonly executionSuccessful: boolean;
      readonly toolExecutionNotifications: readonly { readonly level: string; readonly message: { text: string } }[];
    },
  ];
  readonly results: readonly Result[];
}

const schema = new URL('../../../fixtures/sarif/sarif-2.1.0-parts.json', import.meta.url);
const ajv = new Ajv2020({
  allErrors: true,
  formats: {
    uri: (text: string) => URL.canParse(text),
    'uri-reference': (text: string) => URL.canParse(text, 'file:///') && !/[ "<>\\^`{|}]/.test(text),
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  },
});
const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')) as object);

function published(t: Test, sweep: Sweep, locate?: Locate): Run {
  const text = publishSarif(sweep, undefined, locate);
  const log = JSON.parse(text) as { readonly runs: readonly [Run] };
  t.ok(validate(log), JSON.stringify(validate.errors));
  t.ok(text.endsWith('}\n'));
  return log.runs[0];
}

const MANIFEST = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
  namespace: shop
spec:
  mtls:
    mode: STRICT
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: pay, namespace: shop }
spec: { host: pay }
`;

async function placesOf(t: Test): Promise<Locate> {
  const folder = t.testdir({ 'more policies': {} });
  await writeFile(join(folder, 'more policies', 'shop#1.yaml'), MANIFEST);
  const { objects } = await loadSnapshot([folder]);
  return placesIn(objects, folder);
}

const peer = { kind: 'PeerAuthentication', namespace: 'shop', name: 'default', path: 'spec.mtls.mode' };
const rule = { kind: 'DestinationRule', namespace: 'shop', name: 'pay' };
function why(message: string, objects: Cause['objects']): Cause {
  return { code: 'MP1005', message, fix: 'Correct it.', objects };
}

t.test('one result a cause and object, at its file, line and column', async (t) => {
  const locate = await placesOf(t);
  const cells = ['web', 'cart', 'pay'].map((name) =>
    made.cell({ source: `shop/${name}`, drift: 'exposed', cause: why('It takes plaintext.', [peer]) }),
  );
  const { results, tool, invocations } = published(t, made.sweep(cells), locate);
  t.match(results, [
    {
      ruleId: 'MP1005',
      ruleIndex: 0,
      level: 'error',
      message: { text: 'It takes plaintext. It explains 3 cells. Fix: Correct it.' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'more%20policies/shop%231.yaml', uriBaseId: '%SRCROOT%' },
            region: { startLine: 9, startColumn: 5 },
          },
          logicalLocations: [{ fullyQualifiedName: 'PeerAuthentication shop/default', kind: 'object' }],
        },
      ],
      properties: { cells: 3, isConfirmed: true },
    },
  ]);
  t.equal(results.length, 1);
  t.match(tool.driver.rules, [
    {
      id: 'MP1005',
      name: 'StrictNotInEffect',
      fullDescription: { text: CAUSES.MP1005.wrong },
      help: { text: CAUSES.MP1005.fix },
    },
  ]);
  t.match(invocations, [{ executionSuccessful: true, toolExecutionNotifications: [{ level: 'note' }] }]);
});

t.test('objects that contradict each other have a result each, which names the other', async (t) => {
  const locate = await placesOf(t);
  const conflict: Conflict = {
    severity: 'warning',
    cause: why('They disagree.', [peer, rule]),
    cells: [],
    isConfirmed: false,
  };
  const { results } = published(t, made.sweep([made.cell()], [conflict]), locate);
  t.match(results, [
    { level: 'warning', locations: [{ physicalLocation: { region: { startLine: 9 } } }] },
    { level: 'warning', locations: [{ physicalLocation: { region: { startLine: 11 } } }] },
  ]);
  t.match(results[0]?.relatedLocations, [
    { id: 1, message: { text: 'DestinationRule shop/pay' }, physicalLocation: { region: { startLine: 11 } } },
  ]);
  t.match(results[0]?.properties, { isConfirmed: false });
  t.not(results[0]?.partialFingerprints, results[1]?.partialFingerprints);
});

t.test('a conflict that the wire does not confirm is a warning, however severe; confirmed, an error', async (t) => {
  const locate = await placesOf(t);
  for (const [isConfirmed, level] of [
    [false, 'warning'],
    [true, 'error'],
  ] as const) {
    const conflict: Conflict = { severity: 'critical', cause: why('It does not.', [peer]), cells: [], isConfirmed };
    t.match(published(t, made.sweep([made.cell()], [conflict]), locate).results, [{ level }]);
  }
});

t.test('findings of one cause at one object are one result; the worst decides on its level', async (t) => {
  const locate = await placesOf(t);
  const cells = [
    made.cell({ source: 'shop/a', drift: 'misplaced', cause: why('Closed elsewhere.', [peer]) }),
    made.cell({ source: 'shop/b', drift: 'exposed', cause: why('It takes plaintext.', [peer]) }),
  ];
  const { results } = published(t, made.sweep(cells), locate);
  t.match(results, [
    {
      level: 'error',
      message: { text: 'It takes plaintext. 1 more of the same cause. It explains 2 cells. Fix: Correct it.' },
    },
  ]);
  t.equal(results.length, 1);
});

t.test('a fingerprint stays when lines move and callers come', async (t) => {
  const locate = await placesOf(t);
  const moved: Locate = (object) => ({ ...locate(object), file: 'elsewhere.yaml', line: 99, column: 1 });
  const one = made.cell({ source: 'shop/a', drift: 'exposed', cause: why('x', [peer]) });
  const two = made.cell({ source: 'shop/b', drift: 'exposed', cause: why('y', [peer]) });
  const [before] = published(t, made.sweep([one]), locate).results;
  const [after] = published(t, made.sweep([two, one]), moved).results;
  t.same(before?.partialFingerprints, after?.partialFingerprints);
  t.match(Object.entries(before?.partialFingerprints ?? {}), [['meshproofCauseAndObject/v1', /^[0-9a-f]{32}$/]]);
});

t.test('what has no file has no result, and is counted', async (t) => {
  const locate = await placesOf(t);
  const foreign = { ...peer, namespace: 'bank' };
  const cells = [
    made.cell({ source: 'shop/a', drift: 'exposed', cause: why('x', [foreign]) }),
    made.cell({ source: 'shop/b', drift: 'blocked', cause: why('y', []) }),
    made.cell({ source: 'shop/c', drift: 'unknown', outcome: made.untested }),
  ];
  for (const places of [locate, undefined]) {
    const { results, invocations } = published(t, made.sweep(cells), places);
    t.same(results, []);
    t.match(invocations[0].toolExecutionNotifications, [
      { level: 'note' },
      { level: 'warning', message: { text: '2 findings have no manifest file, and no result here.' } },
    ]);
  }
});

t.test('a sweep that is inconclusive is no successful analysis: its silence repairs nothing', (t) => {
  const sweep = made.sweep([made.cell()], [], { value: 'inconclusive', why: '12 cells were not measured' });
  const { invocations } = published(t, sweep);
  t.match(invocations, [
    {
      executionSuccessful: false,
      toolExecutionNotifications: [{ level: 'error', message: { text: 'INCONCLUSIVE: 12 cells were not measured' } }],
    },
  ]);
  t.end();
});

t.test('a file outside of the root is named as a whole; standard input is no file', async (t) => {
  const folder = t.testdir({ inside: {} });
  const file = join(folder, 'policy.yaml');
  await writeFile(file, MANIFEST);
  const cell = made.cell({ drift: 'exposed', cause: why('x', [peer]) });
  const { objects } = await loadSnapshot([file]);
  const [result] = published(t, made.sweep([cell]), placesIn(objects, join(folder, 'inside'))).results;
  t.same(result?.locations[0]?.physicalLocation.artifactLocation, { uri: pathToFileURL(file).href });
  const standardInput = (async function* () {
    yield await Promise.resolve(Buffer.from(MANIFEST));
  })();
  const piped = await loadSnapshot(['-'], { standardInput, nowMs: Date.now });
  t.same(published(t, made.sweep([cell]), placesIn(piped.objects)).results, []);
});

t.test('the conflicts of the scenario shop point into its manifests', async (t) => {
  const root = fileURLToPath(new URL('../../../../deploy/sandbox/scenarios/shop/manifests', import.meta.url));
  const snapshot = await loadSnapshot([root]);
  const conflicts = declaredConflicts(buildMesh(snapshot)).finish();
  const { results } = published(t, made.sweep([made.cell()], conflicts), placesIn(snapshot.objects, root));
  const migration = results.find(({ message: { text } }) => text.includes('PeerAuthentication depot/migration'));
  t.equal(migration?.locations[0]?.physicalLocation.artifactLocation.uri, 'depot.yaml');
  const lines = readFileSync(join(root, 'depot.yaml'), 'utf8').split('\n');
  const { startLine = 0, startColumn = 0 } = migration?.locations[0]?.physicalLocation.region ?? {};
  t.match(lines[startLine - 1]?.slice(startColumn - 1), /^(mode:|mtls:|apiVersion:|spec:)/);
});
