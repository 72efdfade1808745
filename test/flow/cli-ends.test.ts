import t from 'tap';
import { CliProcess } from '../support/cli-process.ts';

const EXIT_IS_TOLD = new URL('../support/exit-is-told.ts', import.meta.url).href;

/** `until`: what it says on stdout when it is to be interrupted; else it ends by itself. */
const commands: readonly { readonly args: readonly string[]; readonly until?: RegExp; readonly status: number }[] = [
  { args: ['--help'], status: 0 },
  { args: ['nonsense'], status: 64 },
  { args: ['expect', '-f', 'deploy/sandbox/scenarios/healthy/manifests'], status: 0 },
  { args: ['matrix', '--sandbox', 'healthy'], status: 0 },
  { args: ['sandbox', 'up', 'healthy'], until: /./, status: 0 },
  {
    args: ['serve', '--sandbox', 'healthy', '--listen', '127.0.0.1:0'],
    until: /metrics +http:/,
    status: 0,
  },
];

for (const { args, until, status } of commands) {
  t.test(`meshproof ${args.slice(0, 3).join(' ')} holds nothing when it is done`, async (t) => {
    await using cli = new CliProcess(args, { nodeOptions: ['--import', EXIT_IS_TOLD] });
    if (until !== undefined) {
      await cli.says('stdout', until);
      cli.kill('SIGINT');
    }
    t.same(await cli.ended, { status, signal: null }, cli.stderr);
    t.notMatch(cli.stderr, 'process.exit was called');
  });
}
