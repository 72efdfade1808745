import t from 'tap';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import { exceptions, strictPolicies } from '../../../../controller/gate/strict.ts';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';
import type { Snapshot } from '../../../../controller/snapshot/snapshot.ts';
import { STRICT, pa, smallMesh, workload, SIDECAR } from '../declared/small-mesh.ts';

function snapshot(text: string): Snapshot {
  const source = { file: 'a.yaml', text };
  return snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document)));
}

function policies(text: string, ...namespaces: readonly string[]): readonly string[] {
  const { objects } = snapshot(text);
  return strictPolicies(buildMesh(snapshot(text)), objects, namespaces).map(
    ({ metadata, spec }) => `${metadata.namespace}/${metadata.name} ${JSON.stringify(spec)}`,
  );
}

const STRICT_SPEC = '{"mtls":{"mode":"STRICT"}}';
const PERMISSIVE = '{ mtls: { mode: PERMISSIVE } }';

t.test('the policy in force is set to STRICT, or one is added where there is none', (t) => {
  const cases: readonly (readonly [objects: string, namespaces: readonly string[], expected: readonly string[]])[] = [
    ['', [], [`istio-system/default ${STRICT_SPEC}`]],
    ['', ['foo', 'bar', 'foo'], [`foo/default ${STRICT_SPEC}`, `bar/default ${STRICT_SPEC}`]],
    [pa('istio-system/mesh', PERMISSIVE), [], [`istio-system/mesh ${STRICT_SPEC}`]],
    [pa('istio-system/mesh', STRICT), [], []],
    [
      pa('foo/young', PERMISSIVE, '2024-02-01T00:00:00Z') + pa('foo/old', PERMISSIVE, '2024-01-01T00:00:00Z'),
      ['foo'],
      [`foo/old ${STRICT_SPEC}`],
    ],
    // A workload's policy is not the namespace's.
    [pa('foo/t', '{ selector: { matchLabels: { app: t } } }'), ['foo'], [`foo/default ${STRICT_SPEC}`]],
    [pa('istio-system/mesh', PERMISSIVE), ['istio-system'], [`istio-system/mesh ${STRICT_SPEC}`]],
  ];
  for (const [objects, namespaces, expected] of cases) t.same(policies(objects, ...namespaces), expected);
  t.end();
});

t.test('exceptions are the ports of the scope that take plaintext, with what lets them', (t) => {
  const mesh = smallMesh({
    target: workload({
      labels: SIDECAR,
      annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '7070' },
    }),
    objects:
      pa('istio-system/default', STRICT) +
      pa('foo/t', '{ selector: { matchLabels: { app: t } }, portLevelMtls: { 9090: { mode: DISABLE } } }'),
  });
  const drawn = exceptions(mesh, ['foo']).map(({ pod, port, mode, object, by }) =>
    [`${pod}:${String(port)}`, mode, object?.kind ?? '-', object?.path ?? '-', by ?? '-'].join(' '),
  );
  t.same(drawn, [
    'foo/t:7070 bypassed Pod - excludeInboundPorts',
    'foo/t:9090 DISABLE PeerAuthentication spec.portLevelMtls.9090 -',
  ]);
  const naked = exceptions(mesh, ['bar']).filter(({ pod }) => pod === 'bar/n');
  t.same(
    naked.map(({ port, mode, object }) => [port, mode, object]),
    [8080, 9090, 7070].sort((a, b) => a - b).map((port) => [port, 'none', null]),
  );
  t.end();
});
