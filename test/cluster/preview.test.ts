/** STRICT foretold, made and held against what was foretold: with the exception that was printed, and without it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { meshproof, scopeOptions, trustOptions, words } from './harness/commands.ts';
import type { Said } from './harness/commands.ts';
import { apply, kubectl, pause } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { HTTP } from './mesh/fault.ts';
import { MESH_NAMESPACES, MIXED, PLAIN } from './mesh/healthy.ts';
import { peerAuthentication, workloadOf } from './mesh/objects.ts';
import type { KubernetesObject } from './mesh/objects.ts';

t.setTimeout(600_000);

const options = { skip: withoutCluster(), timeout: 180_000 };
/** From an applied object until every proxy has heard of it. */
const PUSHED_MS = 3000;
const BASELINE = 'before-strict';

const STRICT_POLICY = peerAuthentication(MIXED, 'default', { mtls: { mode: 'STRICT' } });
const CALL = `${PLAIN}/batch (naked) → ${MIXED}/clerk:80`;

/** Nobody calls it, so that STRICT has a port to close. */
function desk(image: string): KubernetesObject {
  return workloadOf({ name: 'desk', namespace: MIXED, account: 'clerk', isMeshed: true, ports: [HTTP] }, image);
}

interface PreviewDocument {
  readonly answer: string;
  readonly readiness: {
    readonly calls: readonly {
      readonly caller: string;
      readonly doors: readonly string[];
      readonly certainty?: string;
    }[];
    readonly needed: readonly { readonly kind: string; readonly workload: string; readonly port: number }[];
  };
  readonly measured: {
    readonly foreseen: readonly { readonly kind: string; readonly certainty: string; readonly key: string }[];
    readonly predictions: readonly {
      readonly identity: string;
      readonly certainty: string;
      readonly becomes: string;
    }[];
  };
}

let folder = '';
const file = (name: string): string => join(folder, name);
let scope: readonly string[] = [];

t.before(async () => {
  if (options.skip !== false) return;
  folder = t.testdir();
  await raised((image) => [desk(image)]);
  scope = [...scopeOptions(MESH_NAMESPACES), ...(await trustOptions())];
});

t.teardown(async () => {
  if (options.skip !== false) return;
  await kubectl(['delete', 'peerauthentications', '-n', MIXED, '--all']);
  await meshproof(['baseline', 'delete', BASELINE]);
});

async function verified(...args: readonly string[]): Promise<Said> {
  return meshproof(['verify', ...args, ...scope, '--settle', '2s']);
}

t.test('what is measured is kept, and its sweep can be had as well', options, async (t) => {
  const swept = await meshproof(['matrix', ...scope, '-o', 'json', '--output-file', file('sweep.json')]);
  t.equal(swept.status, 0, words(swept));
  const kept = await meshproof(['baseline', 'save', BASELINE, '--from-sweep', file('sweep.json'), '--force']);
  t.equal(kept.status, 0, words(kept));
  t.match(kept.stdout, new RegExp(`^Saved ${BASELINE}: \\d+ cells, `));
});

t.test('STRICT readiness names the plaintext caller, and prints the one exception', options, async (t) => {
  const strict = ['preview', '--strict', '-n', MIXED, '--from-sweep', file('sweep.json'), ...(await trustOptions())];
  const report = await meshproof(strict);
  t.equal(report.status, 79, words(report));
  t.match(report.stdout, new RegExp(`\\n {2}${MIXED}/clerk:8080 +${PLAIN}/batch +measured\\n`), words(report));
  t.match(report.stdout, '\nExceptions that STRICT needs: 1\n');
  const { readiness } = JSON.parse((await meshproof([...strict, '-o', 'json'])).stdout) as PreviewDocument;
  // Others of the cluster could call as well, but nobody has measured them.
  const measured = readiness.calls.filter(({ certainty }) => certainty !== undefined);
  t.match(measured, [{ caller: `${PLAIN}/batch`, doors: [`${MIXED}/clerk:8080`], certainty: 'certain' }]);
  t.equal(measured.length, 1);
  t.match(readiness.needed, [{ kind: 'port', workload: `${MIXED}/clerk`, port: 8080 }]);
  t.equal(readiness.needed.length, 1);
  const printed = await meshproof([...strict, '-o', 'manifests']);
  t.equal(printed.status, 79, words(printed));
  t.same(parse(printed.stdout), {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'clerk-plaintext', namespace: MIXED },
    spec: {
      selector: { matchLabels: { app: 'clerk', variant: 'clerk' } },
      portLevelMtls: { 8080: { mode: 'PERMISSIVE' } },
    },
  });
  await writeFile(file('exceptions.yaml'), printed.stdout);
});

t.test('what STRICT alone would break is foretold for certain', options, async (t) => {
  await writeFile(file('strict.yaml'), JSON.stringify(STRICT_POLICY));
  const change = ['preview', '--apply', file('strict.yaml'), '--from-sweep', file('sweep.json')];
  const written = ['-o', 'json', '--output-file', file('preview.json')];
  const foretold = await meshproof([...change, ...(await trustOptions()), ...written]);
  t.equal(foretold.status, 79, words(foretold));
  const { answer, measured } = JSON.parse(await readFile(file('preview.json'), 'utf8')) as PreviewDocument;
  t.equal(answer, 'flips');
  const stopped = measured.foreseen.map(({ kind, certainty, key }) => `${kind} ${certainty}: ${key}`);
  t.equal(stopped.length, 1);
  t.ok(stopped[0]?.startsWith(`breaks certain: ${CALL} http GET /`), stopped.join('\n'));
  t.match(measured.predictions, [{ identity: `reachability ${CALL} http`, certainty: 'certain', becomes: 'closed' }]);
});

t.test('STRICT with the printed exception breaks nothing', options, async (t) => {
  await kubectl(['apply', '--server-side', '-f', file('exceptions.yaml')]);
  await apply([STRICT_POLICY]);
  await pause(PUSHED_MS);
  const meant = [{ to: `${MIXED}/desk:8080`, table: 'transport', probe: 'http', becomes: 'closed' }];
  await writeFile(file('meant.yaml'), JSON.stringify(meant));
  const after = await verified('--baseline', BASELINE, '--expect-change', file('meant.yaml'));
  t.equal(after.status, 0, words(after));
  t.match(after.stdout, /\nPASS: \d+ cells are as before, but for 1 change that was meant\n$/);
});

t.test('without it verify names the route that broke, and the prediction has come true', options, async (t) => {
  await kubectl(['delete', '-f', file('exceptions.yaml')]);
  await pause(PUSHED_MS);
  const broken = await verified('--baseline', BASELINE, '--expect-change', file('meant.yaml'));
  t.equal(broken.status, 79, words(broken));
  t.match(broken.stdout, CALL, words(broken));
  t.match(broken.stdout, `PeerAuthentication ${MIXED}/default`);

  const foretold = await verified('--preview', file('preview.json'));
  t.equal(foretold.status, 0, words(foretold));
  t.match(foretold.stdout, /\nThe prediction: (\d+) of \1 came true\n {2}for certain closed, and so it is\n/);
});
