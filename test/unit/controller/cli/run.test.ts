import t from 'tap';
import { cli } from '../../../support/cli.ts';

const USAGE: readonly (readonly [args: readonly string[], says: string | RegExp])[] = [
  [['matrx'], 'Did you mean matrix?'],
  [['matrix', '--sanbox', 'shop'], 'Did you mean --sandbox?'],
  [['matrix'], '--sandbox shop'],
  [['matrix', '--sandbox', 'shop', '-n', 'shop'], 'the sandbox, or a cluster?'],
  [['matrix', '--sandbox', 'shop', '--in-cluster'], 'the sandbox, or a cluster?'],
  [['matrix', '-A', '-n', 'shop'], 'all namespaces (-A), or some (-n)?'],
  [['matrix', '-n', 'meshproof'], 'nothing there is measured'],
  [['matrix', '--in-cluster'], 'which namespaces?'],
  [['matrix', '-n', 'shop', '--kubeconfig', '/nonexistent'], '/nonexistent is not there'],
  [['install', '--namespaced'], 'rights in which namespaces?'],
  [['install', '-n', 'Shop'], '"Shop" is no name of a namespace'],
  [['install', '-n', 'meshproof'], 'nothing there is measured'],
  [['install', '--schedule', 'hourly'], '"hourly" is no schedule'],
  [['install', '--events'], 'Give --serve as well'],
  [['doctor', '-o', 'yaml'], /Allowed choices are table, json/],
  [['matrix', '--sandbox', 'shop', '-o', 'yaml'], /Allowed choices are table, json/],
  [['matrix', '--sandbox', 'shop', '--timeout', '5'], '"5" is no duration'],
  [['matrix', '--sandbox', 'shop', '--min-coverage', '2'], 'from 0 to 1'],
  [['matrix', '--sandbox', 'shop', '--fail-on', 'drift,fatal'], 'there is no "fatal"'],
  [['expect'], "required option '-f, --filename <path>'"],
  [['explain', 'shop/web', '-f', 'x.yaml'], "missing required argument 'target'"],
  [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  [['sandbox', 'dwon'], "unknown command 'dwon'"],
  [[], 'Usage: meshproof'],
];

for (const [args, says] of USAGE) {
  t.test(`"${args.join(' ')}" is a usage error: 64, said on stderr, nothing on stdout`, async (t) => {
    const { status, stdout, stderr } = await cli(args);
    t.equal(status, 64);
    t.match(stderr, says);
    t.equal(stdout, '');
  });
}

const COMMANDS = ['matrix', 'expect', 'explain', 'tls-check', 'sandbox up', 'install', 'doctor', 'completion'];

for (const command of COMMANDS) {
  t.test(`${command} --help goes to stdout, exits with 0 and has examples`, async (t) => {
    const { status, stdout, stderr } = await cli([...command.split(' '), '--help']);
    t.equal(status, 0);
    t.match(stdout, new RegExp(`Examples:\\n  \\$ meshproof ${command}`));
    t.match(stdout, '--quiet');
    t.equal(stderr, '');
  });
}

t.test('as a kubectl plugin it calls itself by the name that users type', async (t) => {
  const { stdout } = await cli(['matrix', '--help'], { invokedAs: '/opt/kubectl-meshproof' });
  t.match(stdout, 'Usage: kubectl meshproof matrix');
  t.match(stdout, '$ kubectl meshproof matrix --sandbox shop');
});

t.test('an unknown scenario is a usage error that names the known ones', async (t) => {
  const { status, stderr } = await cli(['matrix', '--sandbox', 'shoop']);
  t.equal(status, 64);
  t.match(stderr, /MPE_UNKNOWN_SCENARIO/);
  t.match(stderr, /healthy.*shop/);
});
