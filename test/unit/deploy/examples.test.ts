/** The examples: fields and options that there are, scripts that end as they say, and pages that show the same. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { VERSION } from '../../../proto/version.ts';
import { cli } from '../../support/cli.ts';
import { unknownFields } from '../../support/known-fields.ts';

const ROOT = join(import.meta.dirname, '../../..');
const EXAMPLES = join(ROOT, 'deploy/examples');
const PAGES = join(ROOT, 'docs/integrations');

const files = readdirSync(EXAMPLES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers: readonly Container[] } } };
}

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

function documentsIn(path: string): readonly unknown[] {
  return parseAllDocuments(read(path)).map((document) => {
    t.same(document.errors, [], path);
    t.same(document.warnings, [], path);
    return document.toJS() as unknown;
  });
}

const objects = files
  .filter((path) => path.endsWith('.yaml'))
  .flatMap((path) => documentsIn(path).map((object) => ({ path, object: object as ApiObject })))
  .filter(({ object }) => 'kind' in object);

t.test('objects have no field that their kind has not', (t) => {
  t.same([...new Set(objects.map(({ object }) => object.kind))].sort(), [
    ...['AnalysisTemplate', 'Canary', 'CronJob', 'Job', 'Rollout'],
  ]);
  for (const { path, object } of objects) {
    t.same(unknownFields(object), [], `${path} ${object.kind} ${object.metadata.name}`);
    t.match(object.metadata.namespace, /^./);
  }
  const wrong = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    spec: { template: { spec: { containers: [{ argz: [] }] } }, backofLimit: 1 },
  };
  t.same(unknownFields(wrong), ['Job.spec.template.spec.containers.argz', 'Job.spec.backofLimit'], 'it would be seen');
  const hooks = { analysis: { webhooks: [{ type: 'confirm', header: '' }] } };
  t.same(unknownFields({ apiVersion: 'flagger.app/v1beta1', kind: 'Canary', spec: hooks }), [
    'Canary.analysis.webhooks.type: confirm',
    'Canary.analysis.webhooks.header',
  ]);
  t.end();
});

/** Of a script: what stands behind the name of the program, up to the end of the command. */
function callsIn(text: string): readonly (readonly string[])[] {
  const lines = text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => !/^\s*#/.test(line));
  return lines.flatMap((line) => {
    const [, rest] =
      /(?:^|[\s'"])(?:\$MESHPROOF|meshproof) ((?:baseline|verify|matrix|diff|preview) .*)$/.exec(line) ?? [];
    return rest === undefined ? [] : [(rest.split(/ (?:\|\||&&|>>|;)/, 1)[0] ?? '').trim().split(/\s+/)];
  });
}

const calls = [
  ...objects.flatMap(({ path, object }) =>
    (object.spec?.template?.spec?.containers ?? [])
      .filter(({ image }) => image.includes('meshproof'))
      .map(({ args = [] }) => ({ path, args: args })),
  ),
  ...files
    .filter((path) => path.includes('/ci/'))
    .flatMap((path) => callsIn(read(path)).map((args) => ({ path, args }))),
];

t.test('command lines have the commands, options and choices that there are', async (t) => {
  t.equal(calls.length, 8);
  for (const { path, args } of calls) {
    t.ok(
      args.every((arg) => typeof arg === 'string'),
      `${path}: ${args.join(' ')} is of texts`,
    );
    const words = args.map(String);
    const at = words.findIndex((word) => word.startsWith('-'));
    const command = words.slice(0, words[0] === 'baseline' ? 2 : 1);
    const { status, stdout } = await cli([...command, '--help']);
    t.equal(status, 0, command.join(' '));
    const help = stdout.replaceAll(/\s+/g, ' ');
    for (const [place, word] of words.slice(at).entries()) {
      if (!/^-/.test(word)) continue;
      t.match(help, new RegExp(` ${word}[ ,]`), `${path}: ${word}`);
      if (word === '-o') t.match(help, new RegExp(`--output <format>.*?choices:[^)]*"${words[at + place + 1] ?? ''}"`));
    }
  }
});

t.test('images are of this version, and their commands are those of the installation', (t) => {
  const ours = objects
    .flatMap(({ object }) => object.spec?.template?.spec?.containers ?? [])
    .filter(({ image }) => image.includes('meshproof'));
  t.equal(ours.length, 2);
  for (const { image, command } of ours) {
    t.equal(image, `ghcr.io/meshproof/meshproof:${VERSION}`);
    t.same(command, ['node', '/app/bin/meshproof.js']);
  }
  t.end();
});

t.test('each example of a gate stands in a page, word for word', (t) => {
  const shown = new Map<string, string>();
  for (const page of readdirSync(PAGES)) {
    const text = read(`docs/integrations/${page}`);
    for (const [, path = '', body = ''] of text.matchAll(/<!-- (deploy\/\S+) -->\n```\w+\n([\s\S]*?)\n```\n/g)) {
      shown.set(path, `${body}\n`);
    }
    for (const [, link = ''] of text.matchAll(/\]\(([^)#:]+)\)/g))
      t.ok(existsSync(join(PAGES, link)), `${page}: ${link}`);
  }
  const gates = files.filter((path) => path !== 'deploy/examples/cronjob.yaml');
  t.same([...shown.keys()].sort(), [...gates].sort());
  for (const [path, text] of shown) t.equal(text, read(path), path);
  t.end();
});

/** A folder with a program of that name, which does what is written in it. */
function programs(t: Test, texts: Readonly<Record<string, string>>): string {
  const folder = t.testdir(texts);
  for (const name of Object.keys(texts)) chmodSync(join(folder, name), 0o755);
  return folder;
}

t.test('the script of a pipeline ends with the verdict, and asks again where there is none', (t) => {
  /** Statuses of `baseline save`, the deployment, and each `verify`; and how often that is called. */
  const cases: readonly (readonly [
    save: number,
    deploy: number,
    verify: readonly number[],
    status: number,
    calls: number,
  ])[] = [
    [0, 0, [0], 0, 1],
    [0, 0, [79], 79, 1],
    [0, 0, [75, 0], 0, 2],
    [0, 0, [75, 79], 79, 2],
    [0, 0, [75, 75, 75, 0], 75, 3],
    [0, 0, [69], 69, 1],
    [75, 0, [0], 75, 0],
    [0, 3, [0], 3, 0],
  ];
  const folder = programs(t, {
    meshproof:
      '#!/bin/sh\necho "$*" >> calls\n[ "$1" = baseline ] && exit "$SAVE"\nread -r status < "statuses"\nsed -i 1d statuses\nexit "$status"\n',
    deploy: '#!/bin/sh\necho "deploy $*" >> calls\nexit "$DEPLOY"\n',
  });
  for (const [save, deploy, verify, status, times] of cases) {
    writeFileSync(join(folder, 'statuses'), `${verify.join('\n')}\n`);
    writeFileSync(join(folder, 'calls'), '');
    const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, SAVE: String(save), DEPLOY: String(deploy) };
    const ran = spawnSync('sh', [join(EXAMPLES, 'ci/verify.sh'), 'shop', 'deploy', 'a b'], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    t.equal(ran.status, status, `${String([save, deploy, verify])} ${ran.stderr}`);
    const made = readFileSync(join(folder, 'calls'), 'utf8').split('\n');
    t.equal(made.filter((call) => call.startsWith('verify ')).length, times);
    t.match(made[0], /^baseline save before -n shop /);
  }
  t.end();
});

t.test('the test of a release asks until there is a verdict, and takes nothing else for one', (t) => {
  const script =
    objects.find(({ path }) => path.includes('helm-test'))?.object.spec?.template?.spec?.containers[0]?.command?.[2] ??
    '';
  const answers = (...verdicts: readonly string[]): string =>
    verdicts.map((verdict) => (verdict === '' ? '' : `{"verdict":"${verdict}","pending":false}`)).join('\n');
  const cases: readonly (readonly [answers: string, status: number, asked: number])[] = [
    [answers('Pass'), 0, 1],
    [answers('Fail'), 79, 1],
    [answers('Inconclusive', '', 'Pass'), 0, 3],
    ['<html>Pass</html>\n{"message":"verdict Pass"}\n{"verdict":"Fail"}', 79, 3],
  ];
  const folder = programs(t, {
    curl: '#!/bin/sh\necho "$*" >> asked\nread -r answer < answers\nsed -i 1d answers\n[ -n "$answer" ] || exit 7\necho "$answer"\n',
    sleep: '#!/bin/sh\n[ "$1" = 10 ]\n',
  });
  for (const [text, status, asked] of cases) {
    writeFileSync(join(folder, 'answers'), `${text}\n`);
    writeFileSync(join(folder, 'asked'), '');
    const env = {
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
      QUESTION: 'http://x/?a=b&c=d',
      TOKEN: 'abc',
      PAUSE: '10',
    };
    const ran = spawnSync('sh', ['-c', script], { cwd: folder, env, encoding: 'utf8', timeout: 20_000 });
    t.equal(ran.status, status, ran.stderr);
    const made = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
    t.equal(made.length, asked);
    t.equal(made[0], '-sS --max-time 10 -H authorization: Bearer abc http://x/?a=b&c=d');
  }
  t.end();
});
