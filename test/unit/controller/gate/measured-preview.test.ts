import t from 'tap';
import { expectFlow } from '../../../../controller/declared/expect.ts';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import { flowIn } from '../../../../controller/gate/measured-flow.ts';
import { measuredPreview } from '../../../../controller/gate/measured-preview.ts';
import type { MeasuredPreview } from '../../../../controller/gate/measured-preview.ts';
import type { Cell, Drift, Sweep } from '../../../../controller/judge/finding.ts';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';
import type { Outcome } from '../../../../proto/outcome.ts';
import { routeKey } from '../../../../proto/vocabulary.ts';
import type { Target, Vantage } from '../../../../proto/vocabulary.ts';
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

t.test('a route of which the manifests know nothing is counted, and not foretold', (t) => {
  const target = { kind: 'service', namespace: 'foo', name: 'unheard-of', port: 80 } as const;
  t.match(foretell(NAMESPACE_STRICT, [cellOf({ target, measured: 'plaintext' })]), {
    strangers: 1,
    foreseen: [],
    predictions: [],
  });
  t.end();
});
