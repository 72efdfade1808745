/** Baselines and `verify` over a sandbox that is kept up and changed: the whole way, with the real command line. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { descendantsOf } from '../support/cli-process.ts';
import type { CliProcess } from '../support/cli-process.ts';
import { PAIR } from '../support/sandbox-sweep.ts';
import { KeptSandboxes, type Run } from './sandbox-kept.ts';

let folder = '';
let kept = new KeptSandboxes('');
t.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mp-'));
  kept = new KeptSandboxes(folder, { XDG_STATE_HOME: join(folder, 'state') });
});
t.afterEach(() => rm(folder, { recursive: true }));

interface Document {
  readonly verdict: { readonly value: string; readonly why: string };
  readonly unexpected: readonly Changed[];
  readonly meant: readonly Changed[];
  readonly missing: readonly { readonly why: string }[];
  readonly sweeps: readonly unknown[];
}

interface Changed {
  readonly before: { readonly identity: string; readonly measured: string };
  readonly after: { readonly measured: string; readonly drift: string; readonly cause: string | null };
}

function drawn(changes: readonly Changed[]): readonly string[] {
  return changes.map(
    ({ before, after }) => `${before.identity}: ${before.measured} → ${after.measured} ${after.drift}`,
  );
}

function documentIn(run: Run): Document {
  const document = JSON.parse(run.stdout) as Document;
  const file = new URL('../../deploy/schema/verification.schema.json', import.meta.url);
  const validate = new Ajv2020({ formats: { 'date-time': true } }).compile(
    JSON.parse(readFileSync(file, 'utf8')) as object,
  );
  validate(document);
  t.same(validate.errors ?? [], []);
  return document;
}

/** Drawn from the fixture: 9090 is STRICT behind service port 90, and becomes PERMISSIVE. */
const FLIPPED = [
  'reachability outside/naked (naked) → pair/server:90 http: closed → plaintext exposed',
  'transport meshproof/prober (naked) → pods:pair/server:9090 http: closed → plaintext exposed',
];

const MEANT = `
- { from: outside/naked, to: "pair/server:90", becomes: plaintext }
- { from: meshproof/prober, to: "pair/server:9090", probe: http, becomes: exposed }
`;

t.test('before, change, after: what flipped fails, unless it was meant; taken back, it passes', async (t) => {
  await using sandbox = await kept.up(PAIR);
  const saved = await kept.run('baseline', 'save', 'before', '--sandbox', PAIR);
  t.match(saved, { status: 0, stdout: /^Saved before: 16 cells, \d+ KiB\.\n$/ });
  const verify = ['verify', '--baseline', 'before', '--sandbox', PAIR, '-o', 'json'];

  t.equal((await kept.run('sandbox', 'set', 'server:9090', 'mode=PERMISSIVE')).status, 0);
  const after = await kept.run(...verify);
  t.equal(after.status, 79);
  const document = documentIn(after);
  t.strictSame(drawn(document.unexpected), FLIPPED);
  t.equal(document.sweeps.length, 2, 'what fails is measured again');
  t.ok(document.unexpected.every(({ after: { cause } }) => cause !== null));

  await writeFile(join(folder, 'meant.yaml'), MEANT);
  const meant = await kept.run(...verify, '--expect-change', join(folder, 'meant.yaml'));
  t.equal(meant.status, 0, meant.stderr);
  t.strictSame(drawn(documentIn(meant).meant), FLIPPED);

  t.equal((await kept.run('sandbox', 'reset')).status, 0);
  const again = await kept.run(...verify);
  t.equal(again.status, 0);
  t.match(documentIn(again), { verdict: { value: 'pass', why: '16 cells are as before' }, sweeps: { length: 1 } });
  sandbox.kill('SIGINT');
  await sandbox.ended;
});

/** The process of an agent, found by the id in its environment. */
async function agentOf(command: CliProcess, id: string): Promise<number> {
  for (;;) {
    for (const pid of await descendantsOf(command.pid)) {
      const environment = await readFile(`/proc/${String(pid)}/environ`, 'utf8').catch(() => '');
      if (environment.includes(`MESHPROOF_AGENT_ID=${id}`)) return pid;
    }
    await Promise.race([command.ended.then(() => Promise.reject(new Error('it ended'))), new Promise(setImmediate)]);
  }
}

t.test('with an agent killed there is no verdict: 75, whatever else is as before', async (t) => {
  await using sandbox = await kept.up(PAIR);
  t.equal((await kept.run('baseline', 'save', 'before', '--sandbox', PAIR)).status, 0);
  await using verify = kept.start('verify', '--baseline', 'before', '--sandbox', PAIR);
  process.kill(await agentOf(verify, 'meshproof.prober-naked-1'), 'SIGKILL');
  t.same(await verify.ended, { status: 75, signal: null });
  t.match(verify.stdout, /Not known: 10 routes\n[^]*\nINCONCLUSIVE: 10 cells are unknown, of 16\n$/);
  sandbox.kill('SIGINT');
  await sandbox.ended;
});

t.test('baselines are listed, shown and deleted, and are not overwritten by mistake', async (t) => {
  const from = ['--sandbox', PAIR];
  const none = await kept.run('baseline', 'list', ...from);
  t.match(none, { status: 0, stdout: /^There are no baselines in baselines of sandbox pair\./ });
  t.equal((await kept.run('baseline', 'save', 'before', ...from, '-q')).status, 0);
  const twice = await kept.run('baseline', 'save', 'before', ...from);
  t.match(twice, { status: 64, stderr: /already hold a baseline before \(MPE_USAGE\)\n.*--force/ });
  t.notMatch(twice.stderr, 'measuring', 'that is said before anything is measured');
  t.equal((await kept.run('baseline', 'save', 'before', ...from, '--force')).status, 0);
  const list = await kept.run('baseline', 'list', ...from, '-o', 'json');
  t.match(JSON.parse(list.stdout), { kind: 'BaselineList', items: [{ name: 'before', cells: 16, violations: 0 }] });
  t.match(
    (await kept.run('baseline', 'show', 'before', ...from)).stdout,
    /^Baseline before: 16 cells \(6 reachability, 10 transport, 0 health\)/,
  );
  const unknown = await kept.run('verify', '--baseline', 'befor', ...from);
  t.match(unknown, { status: 64, stderr: /hold no baseline befor .*\n {2}Did you mean before\?/ });
  t.equal((await kept.run('baseline', 'delete', 'before', ...from)).status, 0);
  t.equal((await kept.run('baseline', 'delete', 'before', ...from)).status, 64);
  const [own = ''] = await readdir(join(folder, 'state', 'meshproof', 'baselines'));
  t.match(own, /^pair-[0-9a-f]{8}$/, 'a folder of somebody is not taken for a scenario of that name');
});

t.test('a sweep that was kept becomes a baseline in a file, and two files are compared', async (t) => {
  const sweep = join(folder, 'sweep.json');
  const file = join(folder, 'before.json');
  t.equal((await kept.run('matrix', '--sandbox', PAIR, '-o', 'json', '--output-file', sweep)).status, 0);
  t.equal((await kept.run('baseline', 'save', 'x', '--from-sweep', sweep, '--file', file)).status, 0);
  t.match(JSON.parse(await readFile(file, 'utf8')), {
    ...{ kind: 'Baseline', version: 1, name: 'x' },
    scope: { kind: 'sandbox', scenario: 'pair' },
  });
  const same = await kept.run('diff', file, sweep);
  t.match(same, { status: 0, stdout: /\nTHE SAME: 16 cells are as before\n$/ });
  const text = (await readFile(file, 'utf8')).replace('"measured":"closed"', '"measured":"mtls"');
  await writeFile(join(folder, 'other.json'), text);
  const other = await kept.run('diff', file, join(folder, 'other.json'), '-o', 'junit');
  t.equal(other.status, 79);
  t.match(other.stdout, 'name="meshproof diff" tests="17" failures="1" errors="0"');
});
