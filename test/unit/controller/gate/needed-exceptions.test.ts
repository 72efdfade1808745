import t from 'tap';
import { buildMesh } from '../../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../../controller/declared/mesh.ts';
import type { K8sObject } from '../../../../controller/declared/objects.ts';
import { overlay } from '../../../../controller/gate/overlay.ts';
import { previewer } from '../../../../controller/gate/preview.ts';
import { readinessOf } from '../../../../controller/gate/readiness.ts';
import type { Readiness } from '../../../../controller/gate/readiness.ts';
import { strictPolicies } from '../../../../controller/gate/strict.ts';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';
import { SIDECAR, dr, pa, workload } from '../declared/small-mesh.ts';

const meshOf = (objects: readonly K8sObject[]): Mesh => buildMesh(snapshotOf(objects));

function readiness(text: string, ...namespaces: readonly string[]): Readiness {
  const source = { file: 'mesh.yaml', text };
  const base = snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document))).objects;
  const before = meshOf(base);
  const strict = overlay(base, strictPolicies(before, base, namespaces), []).objects;
  const after = meshOf(strict);
  const { questions, ask, finish } = previewer(before, after);
  for (const flow of questions()) ask(flow);
  return readinessOf({ before, after, strict, preview: finish([]), meshOf });
}

function drawn({ exceptions, lost }: Readiness): readonly string[] {
  return [
    ...exceptions.map((one) =>
      one.kind === 'port' ? `port ${one.workload}:${String(one.port)}` : `sidecar ${one.workload}`,
    ),
    ...lost.map((key) => `lost ${key}`),
  ];
}

/** One port each. */
function web(name: string, namespace = 'foo', labels: Readonly<Record<string, string>> = SIDECAR): string {
  return `${workload({ namespace, name, labels })}
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  selector: { app: ${name} }
  ports: [{ name: http, port: 80, targetPort: 8080 }]
---`;
}

const NAKED = workload({ namespace: 'bar', name: 'n' });

t.test('one port for one caller and one target: it needs no restart', (t) => {
  t.same(drawn(readiness(NAKED + web('t'))), ['port foo/t:8080']);
  t.end();
});

t.test('one port for many callers, one sidecar for many targets', (t) => {
  const callers = ['n', 'm', 'o'].map((name) => workload({ namespace: 'bar', name })).join('');
  t.same(drawn(readiness(callers + web('t'))), ['port foo/t:8080']);
  const found = readiness(NAKED + web('t') + web('u') + web('v'));
  t.same(drawn(found), ['sidecar bar/n']);
  t.same(found.manifests, [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'n', namespace: 'bar' },
      spec: { template: { metadata: { labels: { 'sidecar.istio.io/inject': 'true' } } } },
    },
  ]);
  t.match(found.calls, [
    { caller: 'bar/n', doors: ['foo/t:8080'] },
    { caller: 'bar/n', doors: ['foo/u:8080'] },
    { caller: 'bar/n', doors: ['foo/v:8080'] },
  ]);
  t.end();
});

t.test('a caller that cannot be given a sidecar, and one whose sidecar would not help', (t) => {
  const own = workload({ namespace: 'bar', name: 'n', spec: '      hostNetwork: true' });
  t.same(drawn(readiness(own + web('t') + web('u'))), ['port foo/t:8080', 'port foo/u:8080']);
  const plain = dr('bar/plain', '{ host: "*.foo.svc.cluster.local", trafficPolicy: { tls: { mode: DISABLE } } }');
  const meshed = workload({ namespace: 'bar', name: 'n', labels: SIDECAR });
  t.same(drawn(readiness(meshed + plain + web('t') + web('u'))), ['port foo/t:8080', 'port foo/u:8080']);
  t.end();
});

t.test('the policy of a workload that is there is added to, for a younger one beside it would not count', (t) => {
  const there = pa('foo/own', '{ selector: { matchLabels: { app: t } }, portLevelMtls: { 9090: { mode: STRICT } } }');
  t.match(readiness(NAKED + web('t') + there, 'foo').manifests, [
    {
      kind: 'PeerAuthentication',
      metadata: { name: 'own', namespace: 'foo' },
      spec: {
        selector: { matchLabels: { app: 't' } },
        portLevelMtls: { 8080: { mode: 'PERMISSIVE' }, 9090: { mode: 'STRICT' } },
      },
    },
  ]);
  t.end();
});

t.test('a name that is taken is not taken again', (t) => {
  const there = pa('foo/t-plaintext', '{ selector: { matchLabels: { app: another } } }');
  t.match(readiness(NAKED + web('t') + there).manifests, [{ metadata: { name: 't-plaintext-2' } }]);
  t.end();
});

t.test('in the root namespace no port can be excepted: the caller gets a sidecar, or is lost', (t) => {
  t.same(drawn(readiness(NAKED + web('t', 'istio-system'))), ['sidecar bar/n']);
  const own = workload({ namespace: 'bar', name: 'n', spec: '      hostNetwork: true' });
  t.match(drawn(readiness(own + web('t', 'istio-system'))), [/^lost bar\/n → istio-system\/t:80 /]);
  t.end();
});

t.test('where nobody calls in plaintext nothing is needed', (t) => {
  const meshed = workload({ namespace: 'bar', name: 'c', labels: SIDECAR });
  t.same(readiness(meshed + web('t')), { exceptions: [], manifests: [], lost: [], calls: [] });
  t.end();
});
