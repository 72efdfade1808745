/** Manifests that nobody wrote in good faith, or that a tool mangled: a place and a plain word, or the objects. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { MeshproofError } from '../../../../proto/errors.ts';
import { loadSnapshot } from '../../../../controller/snapshot/files.ts';

const HEAD = 'apiVersion: v1\nkind: Thing\nmetadata: { name: a }\n';
const deep = (open: string, close: string, count: number): string => open.repeat(count) + close.repeat(count);

function cascade(levels: number): string {
  const lines = Array.from({ length: levels }, (_, at) =>
    at === 0
      ? 'l0: &l0 [x, x, x, x, x, x, x, x, x]\n'
      : `l${String(at)}: &l${String(at)} [${Array(9)
          .fill(`*l${String(at - 1)}`)
          .join(', ')}]\n`,
  );
  return HEAD + lines.join('');
}

t.test('what cannot be read is refused with its place and what was expected', async (t) => {
  const cases: readonly (readonly [what: string, name: string, text: string | Buffer, said: RegExp])[] = [
    ['brackets without end', 'a.yaml', `${HEAD}spec: ${deep('[', ']', 100_000)}\n`, /a\.yaml:4:\d+: .*200 levels/],
    ['braces in JSON', 'a.json', `{"kind":${deep('{"a":', '}', 5000)}`, /a\.json:1:\d+: .*200 levels/],
    ['brackets in JSON', 'a.json', deep('[', ']', 100_000), /a\.json:1:202: .*200 levels/],
    [
      'indentation',
      'a.yaml',
      HEAD + Array.from({ length: 1500 }, (_, at) => `${' '.repeat(at)}a:\n`).join(''),
      /a\.yaml:\d+:\d+: .*200 levels/,
    ],
    ['aliases that multiply', 'a.yaml', cascade(9), /a\.yaml:1:1: .*alias/i],
    ['an alias inside of itself', 'a.yaml', `${HEAD}spec: &s\n  self: *s\n`, /a\.yaml:1:1: .*200 levels/],
    ['a key twice, far down', 'a.yaml', `${HEAD}spec:\n  a: 1\n  b: 2\n  a: 3\n`, /a\.yaml:7:3: .*unique/],
    ['a key twice, in JSON', 'a.json', '{"kind":"A",\n "kind":"B"}', /a\.json:2:2: .*every key once/],
    ['UTF-16', 'a.yaml', Buffer.from(`\uFEFF${HEAD}`, 'utf16le'), /a\.yaml:1:1: expected UTF-8/],
    ['a tab', 'a.yaml', `${HEAD}spec:\n\ta: 1\n`, /a\.yaml:5:\d+: /],
    ['Windows line ends', 'a.yaml', `${HEAD}---\n${HEAD}spec: {\n`.replaceAll('\n', '\r\n'), /a\.yaml:(8|9):\d+: /],
    ['a mark at the beginning', 'a.yaml', `\uFEFF${HEAD}spec:\n  a: 1\n  a: 2\n`, /a\.yaml:6:3: .*unique/],
    [
      'no name',
      'a.yaml',
      `${HEAD}---\napiVersion: v1\nkind: Pod\n`,
      /a\.yaml:5:1: expected 'metadata.name' of this Pod/,
    ],
    [
      'no name in a list',
      'a.yaml',
      'apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  apiVersion: v1\n',
      /a\.yaml:4:3: /,
    ],
    [
      'a list of texts',
      'a.yaml',
      'apiVersion: v1\nkind: List\nitems:\n- some\n',
      /a\.yaml:4:3: expected a Kubernetes object/,
    ],
    ['a page of HTML', 'a.yaml', '<html>\n<body>', /a\.yaml:1:1: expected a Kubernetes object/],
  ];
  const folder = t.testdir({});
  for (const [what, name, text, said] of cases) {
    const path = join(folder, name);
    await writeFile(path, text);
    const error: unknown = await loadSnapshot([path]).catch((thrown: unknown) => thrown);
    t.ok(error instanceof MeshproofError, what);
    t.match(error, { code: 'MPE_UNREADABLE_INPUT', message: said }, what);
  }
});

async function names(t: Test, file: string, text: string): Promise<readonly string[]> {
  const folder = t.testdir({ [file]: text });
  return (await loadSnapshot([folder])).objects.map(({ metadata }) => metadata.name);
}

t.test('what can be read is read', async (t) => {
  const cases: readonly (readonly [what: string, file: string, text: string, found: readonly string[]])[] = [
    ['several JSON values', 'a.json', '{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}\n'.repeat(2), ['a']],
    ['flow YAML that begins like JSON', 'a.yaml', '{ apiVersion: v1, kind: A, metadata: { name: a } }', ['a']],
    ['a generated name', 'a.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: { generateName: batch- }\n', ['batch']],
    ['a name that looks like a number', 'a.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: { name: 7 }\n', ['7']],
    ['files of Kustomize', 'kustomization.yaml', 'resources: [a.yaml]\n', []],
    ['patches of Kustomize', 'a.yaml', 'apiVersion: kustomize.config.k8s.io/v1\nkind: Component\n', []],
    ['merge keys', 'a.yaml', 'x: &m { kind: A, apiVersion: v1 }\n<<: *m\nmetadata: { name: a }\n', ['a']],
    ['directives', 'a.yaml', `%YAML 1.2\n---\n${HEAD}---\n${HEAD.replace('name: a', 'name: b')}`, ['a', 'b']],
    [
      'anchors across the items of a list',
      'a.yaml',
      'apiVersion: v1\nkind: List\nitems:\n- &x { apiVersion: v1, kind: A, metadata: { name: a } }\n- *x\n',
      ['a'],
    ],
    [
      'items that are indented, with what looks like items in a text',
      'a.yaml',
      'kind: List\nitems:\n  - apiVersion: v1\n    kind: A\n    metadata: {name: a}\n    data: |\n      - x\n    # - y\n  - apiVersion: v1\n    kind: A\n    metadata:\n      name: b\napiVersion: v1\n',
      ['a', 'b'],
    ],
  ];
  for (const [what, file, text, found] of cases) t.same(await names(t, file, text), found, what);
});

t.test('effort grows with the size: tens of thousands of documents are a matter of seconds', async (t) => {
  const count = 10_000;
  const document = (at: number): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c${String(at)}\n  namespace: n\ndata:\n  key: "value"\n`;
  const all = Array.from({ length: count }, (_, at) => document(at));
  t.equal((await names(t, 'a.yaml', all.join('---\n'))).length, count);
  const items = all.map((text) => `- ${text.trimEnd().replaceAll('\n', '\n  ')}\n`).join('');
  t.equal((await names(t, 'a.yaml', `apiVersion: v1\nkind: List\nitems:\n${items}`)).length, count);
  const json = all.map((_, at) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c${String(at)}` } }));
  t.equal((await names(t, 'a.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: json }))).length, count);
});
