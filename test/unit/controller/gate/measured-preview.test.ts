import t from 'tap';
import { expectFlow } from '../../../../controller/declared/expect.ts';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import { flowIn } from '../../../../controller/gate/measured-flow.ts';
import { changesForetold, checkPredictions } from '../../../../controller/gate/prediction.ts';
import { verify } from '../../../../controller/gate/verification.ts';
import { measuredPreview } from '../../../../controller/gate/measured-preview.ts';
import type { MeasuredPreview } from '../../../../controller/gate/measured-preview.ts';
import type { Cell, Drift, Sweep } from '../../../../controller/judge/finding.ts';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { routeKey } from '../../../../proto/vocabulary.ts';
import type { Target, Vantage } from '../../../../proto/vocabulary.ts';
import { baseline } from '../../../support/baselines.ts';
import { sweepOf } from '../../../support/arbitrary/baselines.ts';
import { SIDECAR, STRICT, object, pa, service, workload } from '../declared/small-mesh.ts';

const MESH = [
  workload({ namespace: 'bar', name: 'n' }),
  workload({ namespace: 'bar', name: 'c', labels: SIDECAR }),
  workload({ labels: SIDECAR }),
  service(),
].join('\n');

function meshOf(text: string): Mesh {
  const source = { file: 'mesh.yaml', text };
  return buildMesh(snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document))));
}

const FACTS = { address: 0, timings: { totalMs: 1 } };
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  plaintext: { kind: 'reached', ...FACTS, transport: 'plaintext' },
  mtls: { kind: 'reached', ...FACTS, transport: 'mtls' },
  closed: { kind: 'refused', ...FACTS, layer: 'application', signature: 'reset', detail: '' },
};
const UNTESTED: Outcome = { kind: 'untested', why: 'agent-lost', detail: '' };

interface Shown {
  readonly who?: 'n' | 'c' | 'prober';
  readonly target?: Target;
  readonly measured: string;
  readonly drift?: Drift;
  readonly isFlapping?: boolean;
  /** Under which it was measured; as declared before the change. */
  readonly declared?: Mesh;
}

/** A measured call of `bar/n` (naked) or `bar/c` (meshed) to `foo/t:80`, or of our own prober to a pod. */
function cellOf(shown: Shown): Cell {
  const { who = 'n', measured, drift = 'agrees', isFlapping = false, declared = meshOf(MESH) } = shown;
  const plane = who === 'c' ? 'sidecar' : 'naked';
  const vantage: Vantage = { namespace: who === 'prober' ? 'meshproof' : 'bar', serviceAccount: who, dataPlane: plane };
  const target: Target = shown.target ?? { kind: 'service', namespace: 'foo', name: 't', port: 80 };
  const probe = { kind: 'http', method: 'GET', path: '/' } as const;
  const outcome = OUTCOMES[measured] ?? UNTESTED;
  const blank = { expect: 'unknown', outcome: 'UNKNOWN', transport: 'none', identity: null, decidedBy: null } as const;
  const cell: Cell = {
    table: target.kind === 'pod' ? 'transport' : 'reachability',
    key: routeKey({ vantage, target, probe }),
    vantage,
    source: who === 'prober' ? 'meshproof/prober' : `bar/${who}`,
    target,
    ...(target.kind === 'pod' && { workload: 'foo/t' }),
    probe,
    expectation: { ...blank, trail: [], warnings: [] },
    outcome,
    attempts: [{ startedAtMs: 0, address: '', outcome }],
    drift: outcome === UNTESTED ? 'unknown' : drift,
    isFlapping,
    cause: null,
  };
  const flow = flowIn(declared, cell);
  return flow === null ? cell : { ...cell, expectation: expectFlow(declared, flow) };
}

function foretell(
  change: string,
  cells: readonly Cell[],
  before = MESH,
  trusted: readonly string[] = [],
): MeasuredPreview {
  const sweep: Sweep = { ...sweepOf({ shown: [] }, { pods: [], isReversed: false }), cells };
  return measuredPreview(sweep, meshOf(before), meshOf(`${before}\n${change}`), { trusted });
}

const NAMESPACE_STRICT = pa('foo/default', STRICT);
const denied = object('security.istio.io/v1', 'AuthorizationPolicy', 'foo/nobody', '{}');

t.test(
  'what was measured, and declared just so, stops for certain; where one leaves room, probably; else nobody knows',
  (t) => {
    const cases: readonly (readonly [name: string, shown: Shown, foreseen: string])[] = [
      ['plaintext, as declared', { measured: 'plaintext' }, 'breaks certain'],
      ['not measured', { measured: 'untested' }, 'breaks unknown'],
      ['now and then', { measured: 'plaintext', isFlapping: true }, 'breaks probable'],
      ['not as declared', { measured: 'plaintext', drift: 'downgraded' }, 'breaks probable'],
      [
        'under other objects',
        { measured: 'plaintext', declared: meshOf(`${MESH}\n${NAMESPACE_STRICT}`) },
        'breaks probable',
      ],
      ['closed already', { measured: 'closed', drift: 'blocked' }, 'already closed'],
      ['over mutual TLS', { who: 'c', measured: 'mtls' }, ''],
      [
        'in plaintext, though mutual TLS is declared',
        { who: 'c', measured: 'plaintext', drift: 'downgraded' },
        'breaks probable',
      ],
    ];
    for (const [name, shown, foreseen] of cases) {
      const found = foretell(NAMESPACE_STRICT, [cellOf(shown)]);
      const words = [
        ...found.foreseen.map(({ kind, certainty }) => `${kind} ${certainty}`),
        ...found.alreadyClosed.map(() => 'already closed'),
      ];
      t.same(words, foreseen === '' ? [] : [foreseen], name);
      t.ok(found.foreseen.every(({ why, cause }) => why !== '' && cause.message !== ''));
    }
    t.end();
  },
);

t.test('what is outside the model leaves nothing certain, unless somebody vouches for it', (t) => {
  const filter = object('networking.istio.io/v1alpha3', 'EnvoyFilter', 'foo/odd', '{}');
  const before = `${MESH}\n${filter}`;
  const cells = [cellOf({ measured: 'plaintext', declared: meshOf(before) })];
  const why = /EnvoyFilter foo\/odd|EnvoyFilter\/foo\/odd/;
  for (const [trusted, foreseen] of [
    [[], { certainty: 'probable', why }],
    [['EnvoyFilter/foo/o'], { certainty: 'probable', why }],
    [['EnvoyFilter/foo/odd'], { certainty: 'certain', why: 'measured today: answered in plaintext, as declared' }],
  ] as const) {
    t.match(foretell(NAMESPACE_STRICT, cells, before, trusted).foreseen, [{ kind: 'breaks', ...foreseen }]);
  }
  t.end();
});

t.test('what opens and what gets mutual TLS is foretold as well, never for certain', (t) => {
  const strict = `${MESH}\n${NAMESPACE_STRICT}`;
  const was = cellOf({ measured: 'closed', declared: meshOf(strict) });
  const sweep: Sweep = { ...sweepOf({ shown: [] }, { pods: [], isReversed: false }), cells: [was] };
  const { foreseen, predictions } = measuredPreview(sweep, meshOf(strict), meshOf(MESH));
  t.match(foreseen, [{ kind: 'opens', certainty: 'probable' }]);
  t.match(predictions, [{ becomes: 'open', certainty: 'probable' }]);
  t.end();
});

t.test('our own fingerprints of ports are foretold, but are nobody who stops working', (t) => {
  const target = { kind: 'pod', namespace: 'foo', name: 't-7c9f-x2x4z', port: 8080 } as const;
  const found = foretell(NAMESPACE_STRICT, [cellOf({ who: 'prober', target, measured: 'plaintext' })]);
  t.same(found.foreseen, []);
  t.match(found.predictions, [
    { identity: 'transport meshproof/prober (naked) → pods:foo/t:8080 http', becomes: 'closed', certainty: 'certain' },
  ]);
  t.end();
});

t.test('whose the measured pods are goes with it: a StatefulSet names its own otherwise', (t) => {
  const target = { kind: 'pod', namespace: 'foo', name: 't-0', port: 8080 } as const;
  const { workloads } = foretell(NAMESPACE_STRICT, [cellOf({ who: 'prober', target, measured: 'plaintext' })]);
  t.same([...workloads], [['foo/t-0', 'foo/t']]);
  t.end();
});

t.test('a route of which the manifests know nothing is counted, and not foretold', (t) => {
  const target = { kind: 'service', namespace: 'foo', name: 'unheard-of', port: 80 } as const;
  t.match(foretell(NAMESPACE_STRICT, [cellOf({ target, measured: 'plaintext' })]), {
    strangers: 1,
    foreseen: [],
    predictions: [],
  });
  t.end();
});

/** `bar/n` gets a sidecar: its template says so, and so its pods are made anew. */
const NAKED_CALLER = [workload({ namespace: 'bar', name: 'n' }), workload({ labels: SIDECAR }), service()].join('\n');
const WITH_SIDECAR = NAKED_CALLER.replace('"app":"n"', '"app":"n","sidecar.istio.io/inject":"true"');
const CALL = 'reachability bar/n (naked) → foo/t:80 http';
const CALL_WITH_SIDECAR = 'reachability bar/n (sidecar) → foo/t:80 http';

function foretoldOf(before: string, after: string, cells: readonly Cell[]): MeasuredPreview {
  const sweep: Sweep = { ...sweepOf({ shown: [] }, { pods: [], isReversed: false }), cells };
  return measuredPreview(sweep, meshOf(before), meshOf(after));
}

function words({ predictions }: MeasuredPreview): readonly string[] {
  return predictions.map(({ identity, becomes, certainty }) => `${identity}: ${certainty} ${becomes}`);
}

t.test('a caller that gets a sidecar is another caller: its routes go, and come again with it', (t) => {
  const cases: readonly (readonly [name: string, after: string, measured: string, becomes: string])[] = [
    ['shown to be plaintext', WITH_SIDECAR, 'plaintext', 'probable mtls'],
    ['closed before', WITH_SIDECAR, 'closed', 'probable open'],
    ['not measured', WITH_SIDECAR, 'untested', 'probable open'],
    ['shut out', `${WITH_SIDECAR}\n${denied}`, 'plaintext', 'probable closed'],
  ];
  for (const [name, after, measured, becomes] of cases) {
    const cell = cellOf({ measured, declared: meshOf(NAKED_CALLER) });
    t.same(
      words(foretoldOf(NAKED_CALLER, after, [cell])),
      [`${CALL}: probable gone`, `${CALL_WITH_SIDECAR}: ${becomes}`],
      name,
    );
  }
  const back = cellOf({ who: 'c', measured: 'mtls', declared: meshOf(MESH) });
  const bare = MESH.replace('"app":"c","sidecar.istio.io/inject":"true"', '"app":"c"');
  t.same(words(foretoldOf(MESH, bare, [back])), [
    'reachability bar/c (sidecar) → foo/t:80 http: probable gone',
    'reachability bar/c (naked) → foo/t:80 http: probable open',
  ]);
  t.end();
});

t.test('where another pod of the account stays as it is, its routes stay', (t) => {
  const other = workload({ namespace: 'bar', name: 'other' }).replace(
    'serviceAccountName: other',
    'serviceAccountName: n',
  );
  const cell = cellOf({ measured: 'plaintext', declared: meshOf(NAKED_CALLER) });
  t.same(
    words(foretoldOf(`${NAKED_CALLER}\n${other}`, `${WITH_SIDECAR}\n${other}`, [cell])),
    [`${CALL_WITH_SIDECAR}: probable mtls`, `${CALL}: probable mtls`].toSorted(),
  );
  t.end();
});

t.test('the check of a pod that gets a sidecar is sent to the sidecar', (t) => {
  const probe = 'readinessProbe: { httpGet: { path: /ready, port: 8080 } }, ports:';
  const before = NAKED_CALLER.replace('ports:', probe);
  const after = WITH_SIDECAR.replace('ports:', probe);
  const action = { kind: 'httpGet', path: '/ready', scheme: 'HTTP', headers: [] } as const;
  const target = { kind: 'pod', namespace: 'bar', name: 'n-7c9f-x2x4z', port: 8080 } as const;
  const check = (variant: 'kubelet' | 'original'): Cell => ({
    ...cellOf({ who: 'prober', target, measured: 'plaintext', declared: meshOf(before) }),
    table: 'health',
    workload: 'bar/n',
    probe: { kind: 'health', container: 'n', check: 'readiness', variant, action },
  });
  t.same(words(foretoldOf(before, after, [check('kubelet'), check('original')])), [
    'health meshproof/prober (naked) → pods:bar/n:8080 health n/readiness kubelet: probable gone',
    'health meshproof/prober (naked) → pods:bar/n:15020 health n/readiness kubelet: probable open',
    'health meshproof/prober (naked) → pods:bar/n:15020 health n/readiness rewritten: probable open',
  ]);
  t.end();
});

t.test('after the sidecar, verify passes where calls are as foretold, and only there', (t) => {
  const cell = cellOf({ measured: 'plaintext', declared: meshOf(NAKED_CALLER) });
  const { baseline: before, predictions } = foretoldOf(NAKED_CALLER, WITH_SIDECAR, [cell]);
  const { expected, allowed } = changesForetold(predictions, before);
  const verdictOf = (lines: string): readonly [string, string] => {
    const after = baseline(lines.replaceAll('reachability ', ''));
    const { counts } = checkPredictions(predictions, after);
    const { verdict } = verify(before, after, { expected, allowed, minCoverage: 1, failOn: ['drift'] });
    return [verdict, `${String(counts['came-true'])} true, ${String(counts['did-not'])} not`];
  };
  t.same(verdictOf(`${CALL_WITH_SIDECAR}: mtls`), ['inconclusive', '2 true, 0 not'], 'there is nothing to compare');
  const other = 'bar/c (sidecar) → foo/t:80 http: mtls';
  const known = { ...before, cells: [...before.cells, ...baseline(other).cells] };
  const both = (line: string): string => {
    const after = baseline(`${line}\n${other}`.replaceAll('reachability ', ''));
    return verify(known, after, { expected, allowed, minCoverage: 1, failOn: ['drift'] }).verdict;
  };
  t.equal(both(`${CALL_WITH_SIDECAR}: mtls`), 'pass');
  t.equal(both(`${CALL}: plaintext`), 'pass', 'it has not been rolled out: nothing is broken');
  t.equal(both(`${CALL_WITH_SIDECAR}: closed blocked`), 'fail');
  t.equal(both(`${CALL_WITH_SIDECAR}: plaintext downgraded`), 'fail');
  t.equal(both(`${CALL_WITH_SIDECAR}: unknown unknown`), 'inconclusive');
  t.equal(both(`${CALL}: closed blocked`), 'fail', 'STRICT came before the sidecar');
  t.equal(both(`${CALL_WITH_SIDECAR}: mtls\nbar/new (naked) → foo/t:80 http: plaintext`), 'fail');
  t.end();
});
