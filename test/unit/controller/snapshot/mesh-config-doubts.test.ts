import t from 'tap';
import { parseDocuments } from '../../../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../../../controller/snapshot/files.ts';
import { objectsOf } from '../../../../controller/snapshot/objects.ts';

function warnings(name: string, mesh: string): readonly string[] {
  const [namespace = '', own = ''] = name.split('/');
  const text = `apiVersion: v1
kind: ConfigMap
metadata: { name: ${own}, namespace: ${namespace} }
data:
  other: x
  mesh: ${mesh}
`;
  const source = { file: 'a.yaml', text };
  return snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document))).warnings;
}

const TEXT = /^a\.yaml:6:3: ConfigMap istio-system\/istio has a `mesh` that is no mapping of YAML.*defaults/;
const ROOT = /^a\.yaml:1:1: ConfigMap shop\/istio is taken .* shop is its root namespace/;

const ROWS: readonly (readonly [why: string, name: string, mesh: string, warnings: readonly RegExp[]])[] = [
  ['a mapping where it belongs', 'istio-system/istio', '"trustDomain: td2"', []],
  ['nothing but a comment', 'istio-system/istio', '"# all as it is"', []],
  ['an empty text', 'istio-system/istio', '""', []],
  ['a text that is no YAML', 'istio-system/istio', '"trustDomain: [td2"', [TEXT]],
  ['a sentence', 'istio-system/istio', '"the mesh of the shop"', [TEXT]],
  ['a list', 'istio-system/istio', '"- trustDomain: td2"', [TEXT]],
  ['no text, but a mapping', 'istio-system/istio', '{ trustDomain: td2 }', [TEXT]],
  ['the configuration in another namespace', 'shop/istio', '"trustDomain: td2"', [ROOT]],
  ['the same with a revision', 'shop/istio-canary', '""', [/shop\/istio-canary is taken/]],
  ['in another namespace, with a root namespace named', 'shop/istio', '"rootNamespace: istio-system"', []],
  ["somebody else's ConfigMap", 'shop/network', '"a: ["', []],
];

for (const [why, name, mesh, expected] of ROWS) {
  t.test(`${why}: ${expected.length === 0 ? 'no warning' : 'a warning with its place'}`, (t) => {
    const found = warnings(name, mesh);
    t.equal(found.length, expected.length, found.join('\n'));
    expected.forEach((pattern, index) => t.match(found[index], pattern));
    t.end();
  });
}
