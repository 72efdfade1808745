import { spawnSync } from 'node:child_process';
import t from 'tap';
import { cli } from '../../../support/cli.ts';

/** What bash would offer for a line that ends at the cursor. */
async function offers(line: string): Promise<string[]> {
  const { stdout: script } = await cli(['completion', 'bash']);
  const words = line.split(' ');
  const asked = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${String(words.length - 1)}
_meshproof; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${asked}`], { encoding: 'utf8' });
  t.equal(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}

t.test('bash is offered commands, subcommands, options and their values', async (t) => {
  t.ok((await offers('meshproof ma')).includes('matrix'));
  t.same(await offers('meshproof sandbox u'), ['up']);
  t.ok((await offers('meshproof matrix --')).includes('--sandbox'));
  t.notOk((await offers('meshproof matrix --')).includes('--flows'));
  t.same(await offers('meshproof matrix -o j'), ['json', 'junit']);
  t.ok((await offers('meshproof expect --q')).includes('--quiet'));
});

t.test('zsh gets the same through its own compatibility with bash', async (t) => {
  const { stdout } = await cli(['completion', 'zsh']);
  t.match(stdout, /^#compdef meshproof\n.*bashcompinit/);
});

t.test('fish gets a line for each command and option, with what it is for', async (t) => {
  const { stdout } = await cli(['completion', 'fish']);
  t.match(stdout, "complete -c meshproof -f -n 'not __fish_seen_subcommand_from matrix");
  t.match(
    stdout,
    "complete -c meshproof -n '__fish_seen_subcommand_from matrix' -s o -l output -xa 'table json ndjson",
  );
});
