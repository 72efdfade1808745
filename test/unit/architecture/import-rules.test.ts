/** Holds ARCHITECTURE.md's rules on who may import whom, by reading every import of every source file. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';

interface Import {
  /** Path from the root of the repository. */
  readonly from: string;
  /** Path from the root for a file of ours, else the name of the package or builtin. */
  readonly to: string;
  readonly isLazy: boolean;
}

interface Rule {
  readonly says: string;
  readonly isBroken: (one: Import) => boolean;
  /** Imports that the rule must catch, so that it cannot hold by accident. */
  readonly catches: readonly (readonly [from: string, to: string])[];
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCES = ['agent', 'controller', 'proto', 'deploy'];
/** Downstream may import upstream: a room may import itself and those before it. */
const PURE_ROOMS = [
  'controller/declared/',
  'controller/plan/',
  'controller/measured/',
  'controller/judge/',
  'controller/gate/',
  'controller/monitor/',
];
const GENERATED_READERS = [
  'proto/wire',
  'proto/gen/',
  'agent/session',
  'agent/identity/',
  'controller/fleet/',
  'deploy/sandbox/ca/',
];

const isOurs = (path: string): boolean => SOURCES.some((folder) => path.startsWith(`${folder}/`));
const pureRoom = (path: string): number => PURE_ROOMS.findIndex((room) => path.startsWith(room));
/** The shapes of what a room hands on are named where they are judged; they hold no code. */
const SHAPES = ['controller/judge/finding.ts', 'controller/judge/measured-cell.ts'];

const RULES: readonly Rule[] = [
  {
    says: 'the agent imports nothing of the controller',
    isBroken: ({ from, to }) => from.startsWith('agent/') && to.startsWith('controller/'),
    catches: [['agent/main.ts', 'controller/sweep.ts']],
  },
  {
    says: 'the controller imports nothing of the agent, except to start it from the command line',
    isBroken: ({ from, to }) =>
      from.startsWith('controller/') && !from.startsWith('controller/cli/') && to.startsWith('agent/'),
    catches: [['controller/fleet/session.ts', 'agent/session.ts']],
  },
  {
    says: 'proto imports nothing of ours',
    isBroken: ({ from, to }) => from.startsWith('proto/') && isOurs(to) && !to.startsWith('proto/'),
    catches: [['proto/wire.ts', 'agent/session.ts']],
  },
  {
    says: 'pure rooms import no builtin module and no package',
    isBroken: ({ from, to }) => pureRoom(from) !== -1 && !isOurs(to),
    catches: [
      ['controller/judge/judge.ts', 'node:crypto'],
      ['controller/declared/mesh.ts', 'yaml'],
      ['controller/gate/preview.ts', 'node:timers/promises'],
    ],
  },
  {
    says: 'pure rooms import the vocabulary, the error catalogue and the rooms upstream of them, and nothing else of ours',
    isBroken: ({ from, to }) => {
      const room = pureRoom(from);
      if (room === -1 || !isOurs(to) || SHAPES.includes(to)) return false;
      if (['proto/vocabulary.ts', 'proto/outcome.ts', 'proto/errors.ts'].includes(to)) return false;
      return pureRoom(to) === -1 || pureRoom(to) > room;
    },
    catches: [
      ['controller/declared/expect.ts', 'controller/judge/drift.ts'],
      ['controller/plan/plan.ts', 'controller/fleet/fleet.ts'],
      ['controller/judge/judge.ts', 'proto/clock.ts'],
      ['controller/judge/judge.ts', 'controller/gate/preview.ts'],
      ['controller/gate/preview.ts', 'controller/snapshot/files.ts'],
    ],
  },
  {
    says: 'generated code is read by the wire, the sessions, the identity and the CA only',
    isBroken: ({ from, to }) =>
      to.startsWith('proto/gen/') && !GENERATED_READERS.some((reader) => from.startsWith(reader)),
    catches: [['controller/plan/plan.ts', 'proto/gen/meshproof/v1/session.ts']],
  },
  {
    says: 'the Kubernetes client is imported by the room of the API server only, and lazily',
    isBroken: ({ from, to, isLazy }) =>
      to.startsWith('@kubernetes/client-node') && !(isLazy && from.startsWith('controller/api-server/')),
    catches: [
      ['controller/cli/matrix.ts', '@kubernetes/client-node'],
      ['controller/snapshot/cluster/view.ts', '@kubernetes/client-node'],
      ['controller/api-server/connect.ts', '@kubernetes/client-node'],
    ],
  },
  {
    says: 'the agent does without a web server and without Kubernetes',
    isBroken: ({ from, to }) => from.startsWith('agent/') && /^(fastify|@fastify\/|@kubernetes\/)/.test(to),
    catches: [['agent/main.ts', 'fastify']],
  },
  {
    says: 'nothing imports the command line but itself',
    isBroken: ({ from, to }) => to.startsWith('controller/cli/') && !from.startsWith('controller/cli/'),
    catches: [['controller/publish/table.ts', 'controller/cli/terminal.ts']],
  },
  {
    says: 'the sandbox imports nothing of the controller: it must not enforce what it is there to check',
    isBroken: ({ from, to }) => from.startsWith('deploy/sandbox/') && to.startsWith('controller/'),
    catches: [['deploy/sandbox/node/sidecar.ts', 'controller/declared/expect.ts']],
  },
  {
    says: 'of the web, outputs know what the page is made of, and nothing that serves it',
    isBroken: ({ from, to }) =>
      from.startsWith('controller/publish/') &&
      to.startsWith('controller/web/') &&
      !to.startsWith('controller/web/page/') &&
      to !== 'controller/web/shown.ts',
    catches: [['controller/publish/html.ts', 'controller/web/server.ts']],
  },
  {
    says: 'sources import nothing of the tests',
    isBroken: ({ to }) => to.startsWith('test/'),
    catches: [['agent/main.ts', 'test/support/servers.ts']],
  },
];

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => ({
    from: file,
    to: fileName.startsWith('.') ? join(dirname(file), fileName) : fileName,
    isLazy: /import\(\s*['"]?$/.test(text.slice(0, pos)),
  }));
}

const imports = SOURCES.flatMap(filesIn).flatMap(importsOf);

t.test('imports of all kinds are found', (t) => {
  const all = new Set(imports.map(({ from, to, isLazy }) => `${from} ${to}${isLazy ? ' lazily' : ''}`));
  t.ok(all.has('controller/publish/json.ts controller/judge/finding.ts'), 'import type');
  t.ok(all.has('controller/publish/publish.ts controller/publish/table.ts'), 'import');
  t.ok(all.has('controller/cli/agent.ts agent/agent.ts lazily'), 'import()');
  t.end();
});

for (const { says, isBroken, catches } of RULES) {
  t.test(says, (t) => {
    const broken = imports.filter(isBroken).map(({ from, to }) => `${from} imports ${to}`);
    t.same(broken, []);
    for (const [from, to] of catches) t.ok(isBroken({ from, to, isLazy: false }), `catches ${from} importing ${to}`);
    t.end();
  });
}

t.test('what is only imported for its types costs nothing: --help loads no library but commander', (t) => {
  t.same(librariesOf('controller/cli/run.ts'), ['commander']);
  t.end();
});

t.test('outputs load no library, and no web server with the page', (t) => {
  t.same(librariesOf('controller/publish/publish.ts'), []);
  t.same(librariesOf('controller/publish/verification.ts'), []);
  t.end();
});

/** That are loaded with this file. */
function librariesOf(file: string): readonly string[] {
  const eager = new Set<string>();
  const visit = (here: string): void => {
    if (eager.has(here)) return;
    eager.add(here);
    const text = readFileSync(join(ROOT, here), 'utf8');
    for (const { to, isLazy } of importsOf(here)) {
      if (isLazy || isTypeOnly(text, here, to)) continue;
      if (isOurs(to)) visit(to);
      else eager.add(to);
    }
  };
  visit(file);
  return [...eager].filter((name) => !isOurs(name) && !name.startsWith('node:'));
}

function isTypeOnly(text: string, file: string, to: string): boolean {
  const specifier = isOurs(to) ? relative(dirname(file), to) : to;
  const names = [specifier, `./${specifier}`].map((name) => name.replaceAll('.', '\\.')).join('|');
  const statements = [...text.matchAll(new RegExp(`^(import|export)\\s[^;]*?from '(${names})';`, 'gm'))];
  return statements.length > 0 && statements.every(([statement]) => /^(import|export) type /.test(statement));
}
