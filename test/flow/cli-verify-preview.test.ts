/** A change foretold for what was measured, then made, then held against the prediction: with the real command line. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { PAIR } from '../support/sandbox-sweep.ts';
import { KeptSandboxes } from './sandbox-kept.ts';

let folder = '';
let kept = new KeptSandboxes('');
t.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mp-'));
  kept = new KeptSandboxes(folder, { XDG_STATE_HOME: join(folder, 'state') });
});
t.afterEach(() => rm(folder, { recursive: true }));

/** 8080 becomes STRICT as 9090 is. */
const CHANGE = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: server, namespace: pair }
spec:
  selector: { matchLabels: { app: server } }
  mtls: { mode: STRICT }
`;

interface PreviewDocument {
  readonly answer: string;
  readonly readiness?: { readonly needed: readonly unknown[]; readonly calls: readonly unknown[] };
  readonly measured: {
    readonly foreseen: readonly {
      readonly kind: string;
      readonly certainty: string;
      readonly why: string;
      readonly key: string;
    }[];
    readonly predictions: readonly {
      readonly identity: string;
      readonly becomes: string;
      readonly certainty: string;
    }[];
  };
}

t.test('what is certain comes true once the change is in force, and fails where it is not', async (t) => {
  await using sandbox = await kept.up(PAIR);
  const [sweep, change, preview] = ['sweep.json', 'change.yaml', 'preview.json'].map((name) => join(folder, name));
  if (sweep === undefined || change === undefined || preview === undefined) throw new Error('three files');
  await writeFile(change, CHANGE);
  t.equal((await kept.run('matrix', '--sandbox', PAIR, '-o', 'json', '--output-file', sweep)).status, 0);
  const joined = ['--apply', change, '--sandbox', PAIR, '--from-sweep', sweep];
  t.equal((await kept.run('preview', ...joined, '-o', 'json', '--output-file', preview)).status, 79);

  const document = JSON.parse(await readFile(preview, 'utf8')) as PreviewDocument;
  const schema = new URL('../../deploy/schema/preview.schema.json', import.meta.url);
  const validate = new Ajv2020().compile(JSON.parse(readFileSync(schema, 'utf8')) as object);
  validate(document);
  t.same(validate.errors ?? [], []);
  t.same(
    document.measured.foreseen.map(({ kind, certainty, why, key }) => `${kind} ${certainty}: ${key}: ${why}`),
    [
      'breaks certain: outside/naked (naked) → pair/server:80 http GET /: measured today: answered in plaintext, as declared',
    ],
  );
  t.same(
    document.measured.predictions.map(({ identity, becomes, certainty }) => `${certainty} ${becomes} ${identity}`),
    [
      'certain closed reachability outside/naked (naked) → pair/server:80 http',
      'certain closed transport meshproof/prober (naked) → pods:pair/server:8080 http',
    ],
  );

  const verify = ['verify', '--preview', preview, '--sandbox', PAIR, '-q'];
  const early = await kept.run(...verify);
  t.equal(early.status, 79, 'it has not been made');
  t.match(
    early.stdout,
    /^The prediction: 0 of 2 came true, 2 did not\n {2}for certain closed, but it is answered in plaintext\n/,
  );
  t.equal((await kept.run('sandbox', 'set', 'server:8080', 'mode=STRICT')).status, 0);
  // With both ports STRICT nothing answers the naked caller any more: of 9090 its refusal proves nothing (MP1506).
  const after = await kept.run(...verify, '--min-coverage', '0.9');
  t.equal(after.status, 0, after.stdout);
  t.match(after.stdout, /\nThe prediction: 2 of 2 came true\n {2}for certain closed, and so it is\n/);
  t.match(after.stdout, /\nPASS: 15 cells are as before, but for 2 changes that were meant\n$/);
  sandbox.kill('SIGINT');
  await sandbox.ended;
});

t.test('the readiness report names the caller, and prints the exception that saves it', async (t) => {
  const manifests = join(PAIR, 'manifests');
  const report = await kept.run('preview', '--strict', '-n', 'pair', '-f', manifests);
  // PERMISSIVE by a workload policy: a namespace policy changes nothing of it.
  t.match(report, { status: 0, stdout: /^Ready for STRICT in namespace pair: / });
  const open = join(folder, 'open.yaml');
  const files = await readFile(join(manifests, 'pair.yaml'), 'utf8').catch(() => '');
  t.not(files, '');
  await writeFile(open, files.slice(0, files.indexOf('apiVersion: security.istio.io/v1')));
  const strict = ['preview', '--strict', '-n', 'pair', '-f', open];
  const table = await kept.run(...strict);
  t.equal(table.status, 79);
  t.match(
    table.stdout,
    /\nWho calls in plaintext: 2 calls\n {2}PORT +CALLERS +KNOWN\n {2}pair\/server:8080 +outside\/naked +declared; not measured\n/,
  );
  t.match(
    table.stdout,
    /\nExceptions that STRICT needs: 2\n {2}pair\/server goes on taking plaintext on port 8080 \(portLevelMtls\), for 1 call\n/,
  );
  const { stdout } = await kept.run(...strict, '-o', 'manifests');
  t.equal(
    stdout,
    `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: server-plaintext
  namespace: pair
spec:
  selector:
    matchLabels:
      app: server
  portLevelMtls:
    "8080":
      mode: PERMISSIVE
    "9090":
      mode: PERMISSIVE
`,
  );
  const exceptions = join(folder, 'exceptions.yaml');
  await writeFile(exceptions, stdout);
  const safe = await kept.run(...strict, '-f', exceptions);
  t.match(safe, { status: 0, stdout: /^Ready for STRICT in namespace pair: / });
});
