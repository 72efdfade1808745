import { join } from 'node:path';
import t from 'tap';
import { connectCluster } from '../../../../controller/api-server/connect.ts';
import type { Environment } from '../../../../controller/api-server/connect.ts';

function kubeconfig(name: string, current = name): string {
  return `
apiVersion: v1
kind: Config
clusters:
  - { name: ${name}, cluster: { server: 'https://${name}.example:6443/' } }
users:
  - { name: ${name}, user: { token: t } }
contexts:
  - { name: ${name}, context: { cluster: ${name}, user: ${name}, namespace: in-${name} } }
  - { name: shared, context: { cluster: ${name}, user: ${name} } }
  - { name: lost, context: { cluster: nowhere, user: ${name} } }
${current === '' ? '' : `current-context: ${current}`}
`;
}

const FILES = {
  blue: kubeconfig('blue'),
  green: kubeconfig('green'),
  undecided: kubeconfig('undecided', ''),
  broken: 'clusters: [',
  empty: '',
  plain: kubeconfig('plain').replace('https:', 'http:'),
  home: { '.kube': { config: kubeconfig('home') } },
};

const CONNECTED: readonly {
  readonly name: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env?: Environment;
  /** context, server, namespace */
  readonly wanted: readonly [string, string, string];
}[] = [
  { name: 'a file that is named', kubeconfig: 'blue', wanted: ['blue', 'https://blue.example:6443', 'in-blue'] },
  {
    name: 'a file that is named, before KUBECONFIG',
    kubeconfig: 'blue',
    env: { KUBECONFIG: 'DIR/green' },
    wanted: ['blue', 'https://blue.example:6443', 'in-blue'],
  },
  {
    name: 'another context, without a namespace',
    kubeconfig: 'blue',
    context: 'shared',
    wanted: ['shared', 'https://blue.example:6443', 'default'],
  },
  { name: 'KUBECONFIG', env: { KUBECONFIG: 'DIR/green' }, wanted: ['green', 'https://green.example:6443', 'in-green'] },
  {
    name: 'KUBECONFIG with several files: the first current context counts, and all contexts are known',
    context: 'green',
    env: { KUBECONFIG: 'DIR/missing:DIR/undecided:DIR/blue:DIR/green' },
    wanted: ['green', 'https://green.example:6443', 'in-green'],
  },
  {
    name: 'KUBECONFIG with several files: what the first one names counts',
    context: 'shared',
    env: { KUBECONFIG: 'DIR/blue:DIR/green' },
    wanted: ['shared', 'https://blue.example:6443', 'default'],
  },
  {
    name: 'KUBECONFIG with several files: a later current context where the first has none',
    env: { KUBECONFIG: 'DIR/undecided:DIR/green' },
    wanted: ['green', 'https://green.example:6443', 'in-green'],
  },
  { name: 'the file at home', env: { HOME: 'DIR/home' }, wanted: ['home', 'https://home.example:6443', 'in-home'] },
];

for (const { name, kubeconfig: file, context, env = {}, wanted } of CONNECTED) {
  t.test(name, async (t) => {
    const folder = t.testdir(FILES);
    const { contextName, server, namespace } = await connectCluster(
      {
        ...(file === undefined ? {} : { kubeconfig: join(folder, file) }),
        ...(context === undefined ? {} : { context }),
      },
      inFolder(env, folder),
    );
    t.strictSame([contextName, server, namespace], wanted);
  });
}

const REFUSED: readonly {
  readonly name: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env?: Environment;
  readonly code: string;
  readonly says: RegExp;
}[] = [
  { name: 'nothing at all', code: 'MPE_NO_KUBECONFIG', says: /there is no kubeconfig, and this is no pod/ },
  { name: 'nothing at home', env: { HOME: 'DIR' }, code: 'MPE_NO_KUBECONFIG', says: /there is no kubeconfig/ },
  { name: 'a file that is not there', kubeconfig: 'missing', code: 'MPE_NO_KUBECONFIG', says: /missing is not there/ },
  {
    name: 'KUBECONFIG that leads nowhere, whatever is at home',
    env: { KUBECONFIG: 'DIR/missing', HOME: 'DIR/home' },
    code: 'MPE_NO_KUBECONFIG',
    says: /nothing is there/,
  },
  {
    name: 'no such context',
    kubeconfig: 'blue',
    context: 'red',
    code: 'MPE_NO_KUBECONFIG',
    says: /has no context red/,
  },
  { name: 'no current context', kubeconfig: 'undecided', code: 'MPE_NO_KUBECONFIG', says: /has no current context/ },
  {
    name: 'a context without its cluster',
    kubeconfig: 'blue',
    context: 'lost',
    code: 'MPE_NO_KUBECONFIG',
    says: /names no cluster/,
  },
  { name: 'plain HTTP that nobody allowed', kubeconfig: 'plain', code: 'MPE_NO_KUBECONFIG', says: /http:\/\/plain/ },
  { name: 'a broken file', kubeconfig: 'broken', code: 'MPE_UNREADABLE_INPUT', says: /broken: expected a kubeconfig/ },
  { name: 'an empty file', kubeconfig: 'empty', code: 'MPE_UNREADABLE_INPUT', says: /empty: expected a kubeconfig/ },
  { name: 'a folder', kubeconfig: 'home', code: 'MPE_UNREADABLE_INPUT', says: /home: expected a kubeconfig/ },
];

for (const { name, kubeconfig: file, context, env = {}, code, says } of REFUSED) {
  t.test(`refused: ${name}`, async (t) => {
    const folder = t.testdir(FILES);
    const address = {
      ...(file === undefined ? {} : { kubeconfig: join(folder, file) }),
      ...(context === undefined ? {} : { context }),
    };
    await t.rejects(connectCluster(address, inFolder(env, folder)), { code, message: says });
  });
}

t.test('a wrong context is answered with the right ones', async (t) => {
  const folder = t.testdir(FILES);
  await t.rejects(connectCluster({ kubeconfig: join(folder, 'blue'), context: 'red' }, {}), {
    code: 'MPE_NO_KUBECONFIG',
    hint: 'Name one of its contexts: blue, shared, lost.',
  });
});

function inFolder(env: Environment, folder: string): Environment {
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, value?.replaceAll('DIR', folder)]));
}
