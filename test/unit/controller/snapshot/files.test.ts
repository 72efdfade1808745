import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { loadSnapshot, positionOf } from '../../../../controller/snapshot/files.ts';
import type { FileSnapshotDeps } from '../../../../controller/snapshot/files.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: x }\n';

function deps(standardInput = ''): FileSnapshotDeps {
  return {
    standardInput: (async function* () {
      await Promise.resolve();
      yield Buffer.from(standardInput);
    })(),
    nowMs: () => 1_000,
  };
}

async function names(paths: readonly string[], input = ''): Promise<readonly string[]> {
  const { objects } = await loadSnapshot(paths, deps(input));
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
}

t.test('a folder is read with everything below it, and other files are left alone', async (t) => {
  const folder = t.testdir({
    'a.yaml': POD,
    below: {
      'b.yml': POD.replace('name: a', 'name: b'),
      'c.json': '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"c"}}',
    },
    'readme.md': '# no manifest',
  });
  t.strictSame(await names([folder]), ['Pod default/c', 'Pod x/a', 'Pod x/b']);
});

t.test('- is standard input', async (t) => {
  t.strictSame(await names(['-'], POD), ['Pod x/a']);
});

t.test('documents, lists and typed lists are unfolded', async (t) => {
  const text = `---
# nothing here
---
${POD}
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Namespace, metadata: { name: n } }
---
apiVersion: v1
kind: PodList
items:
  - metadata: { name: typed, namespace: x }
...
`;
  const folder = t.testdir({ 'a.yaml': text });
  t.strictSame(await names([folder]), ['Namespace /n', 'Pod x/a', 'Pod x/typed']);
});

t.test('what cannot be read is refused with its place', async (t) => {
  const cases: readonly (readonly [
    name: string,
    file: string,
    content: string | Buffer,
    place: string,
    expected: RegExp,
  ])[] = [
    ['broken YAML', 'a.yaml', 'kind: Pod\nmetadata:\n  name: [a\n', '4:1', /expected valid YAML/],
    ['a key twice', 'a.yaml', 'kind: Pod\nkind: Node\n', '2:1', /unique/],
    ['broken JSON', 'a.json', '{"kind":\n  "Pod" "x"}', '2:9', /expected JSON/],
    ['a text', 'a.yaml', 'only text', '1:1', /expected a Kubernetes object/],
    ['no kind', 'a.yaml', `${POD}---\nspec: {}\n`, '5:1', /has a 'kind'/],
    ['no version', 'a.yaml', 'kind: Pod\n', '1:1', /expected 'apiVersion'/],
    ['no name', 'a.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {}\n', '3:1', /expected 'metadata.name'/],
    ['bytes that are no UTF-8', 'a.yaml', Buffer.from([0x61, 0x3a, 0x0a, 0xff]), '2:1', /expected UTF-8/],
    ['aliases that explode', 'a.yaml', bomb(), '1:1', /alias/],
  ];
  const folder = t.testdir({});
  for (const [name, file, content, place, expected] of cases) {
    const path = join(folder, file);
    await writeFile(path, content);
    await t.rejects(loadSnapshot([path], deps()), { code: 'MPE_UNREADABLE_INPUT', message: expected }, name);
    await t.rejects(
      loadSnapshot([path], deps()),
      { message: new RegExp(`a\\.(yaml|json):${place}: `) },
      `${name}: ${place}`,
    );
  }
  await t.rejects(loadSnapshot([join(folder, 'nothing.yaml')], deps()), {
    code: 'MPE_UNREADABLE_INPUT',
    message: /ENOENT/,
  });
});

function bomb(): string {
  const level = (name: string, of: string): string =>
    `${name}: &${name} [${Array.from({ length: 9 }, () => of).join(',')}]\n`;
  return level('a', 'x') + level('b', '*a') + level('c', '*b') + level('d', '*c');
}

t.test('byte order marks and line ends of Windows are no trouble', async (t) => {
  const folder = t.testdir({ 'a.yaml': `\uFEFF${POD.replaceAll('\n', '\r\n')}` });
  t.strictSame(await names([folder]), ['Pod x/a']);
});

t.test('places are known for objects and for fields in them', async (t) => {
  const folder = t.testdir({
    'a.yaml': `${POD}---\n${POD.replace('name: a', 'name: b')}spec:\n  containers:\n    - name: c\n`,
  });
  const { objects } = await loadSnapshot([folder], deps());
  const b = objects.find(({ metadata }) => metadata.name === 'b');
  t.match(b?.position, { line: 5, column: 1 });
  if (b === undefined) throw new Error('b is missing');
  t.match(positionOf(b, 'spec.containers[0].name'), { line: 10, column: 7 });
  t.match(positionOf(b, 'spec.nothing[3]'), { line: 8, column: 1 });
});

t.test('the digest is of what is declared, not of files, order or bookkeeping', async (t) => {
  const folder = t.testdir({});
  const digest = async (name: string, text: string): Promise<string> => {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'a.yaml'), text);
    return (await loadSnapshot([join(folder, name)], deps())).digest;
  };
  const b = POD.replace('name: a', 'name: b');
  const first = await digest('first', `${POD}---\n${b}`);
  t.equal(await digest('second', `${b}---\n# a comment\n${POD}`), first);
  t.equal(await digest('third', `${POD.replace('name: a', 'resourceVersion: "7", name: a')}---\n${b}`), first);
  t.not(await digest('fourth', `${POD.replace('name: a', 'name: a, labels: { x: y }')}---\n${b}`), first);
});

t.test('an object that is given twice counts as it is given last, with a warning', async (t) => {
  const folder = t.testdir({ 'a.yaml': `${POD}---\n${POD.replace('name: a', 'name: a, labels: { x: y }')}` });
  const { objects, warnings } = await loadSnapshot([folder], deps());
  t.strictSame(
    objects.map(({ metadata }) => metadata.labels),
    [{ x: 'y' }],
  );
  t.match(warnings, [/a\.yaml:5:1: Pod x\/a is given twice/]);
});

t.test("Istio's configuration inside of its ConfigMap is parsed", async (t) => {
  const text = `apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    trustDomain: td2
`;
  const folder = t.testdir({ 'a.yaml': text });
  const { objects, takenAtMs } = await loadSnapshot([folder], deps());
  t.match(objects[0], { decoded: { mesh: { trustDomain: 'td2' } } });
  t.equal(takenAtMs, 1_000);
});
