/** `expect`, `explain` and `tls-check` on manifests: from files to what is printed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cli } from '../support/cli.ts';

const MESH = `
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { istio-injection: enabled } } }
  - { apiVersion: v1, kind: Namespace, metadata: { name: legacy } }
  - apiVersion: apps/v1
    kind: Deployment
    metadata: { name: web, namespace: shop }
    spec:
      template:
        metadata: { labels: { app: web } }
        spec: { serviceAccountName: web, containers: [{ name: app }] }
  - apiVersion: apps/v1
    kind: Deployment
    metadata: { name: pay, namespace: shop }
    spec:
      template:
        metadata: { labels: { app: pay } }
        spec: { serviceAccountName: pay, containers: [{ name: app, ports: [{ containerPort: 8080 }] }] }
  - apiVersion: apps/v1
    kind: Deployment
    metadata: { name: batch, namespace: legacy }
    spec:
      template:
        metadata: { labels: { app: batch } }
        spec: { containers: [{ name: app }] }
  - apiVersion: v1
    kind: Service
    metadata: { name: pay, namespace: shop }
    spec: { selector: { app: pay }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
  - apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: { name: default, namespace: shop }
    spec: { mtls: { mode: STRICT } }
`;
const folder = t.testdir({
  'mesh.yaml': MESH,
  'broken.yaml': 'kind: Service\nmetadata: { name: [\n',
  'flows.ndjson':
    '{"id":"a","source":"legacy/batch","target":"shop/pay","port":80,"probe":"http"}\n' +
    '{"id":"b","source":"shop/web","target":"shop/pay","port":80,"probe":"http"}\n',
  'bad-flows.ndjson':
    '{"id":"a","source":"legacy/batch","target":"shop/pay","port":80,"probe":"http"}\n' +
    '{"id":"b","source":"shop/web","target":"shop/pay","port":"80","probe":"http"}\n',
});
const mesh = join(folder, 'mesh.yaml');

interface Item {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly expect: string;
  readonly outcome: string;
}

const items = (ndjson: string): Item[] =>
  ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Item);

t.test('without flows, every source workload is paired with every service port', async (t) => {
  const { status, stdout, stderr } = await cli(['expect', '-f', mesh, '-o', 'ndjson']);
  t.equal(status, 0);
  t.equal(stderr, '');
  t.same(
    items(stdout).map(({ id, source, target, outcome }) => [id, source, target, outcome]),
    [
      ['1', 'legacy/batch', 'shop/pay', 'DENY_STRICT'],
      ['2', 'shop/pay', 'shop/pay', 'ALLOW_MTLS'],
      ['3', 'shop/web', 'shop/pay', 'ALLOW_MTLS'],
    ],
  );
});

t.test('flows from a file and from stdin are answered in their order, under their own ids', async (t) => {
  const flows = join(folder, 'flows.ndjson');
  const fromFile = await cli(['expect', '-f', mesh, '--flows', flows, '-o', 'ndjson']);
  t.same(
    items(fromFile.stdout).map(({ id, expect }) => [id, expect]),
    [
      ['a', 'deny'],
      ['b', 'allow'],
    ],
  );
  const stdin = readFileSync(flows, 'utf8');
  const fromStdin = await cli(['expect', '-f', mesh, '--flows', '-', '-o', 'ndjson'], { stdin });
  t.equal(fromStdin.stdout, fromFile.stdout);
});

t.test('the JSON document goes whole into the file, and nothing to stdout', async (t) => {
  const file = join(t.testdir({}), 'out.json');
  const { status, stdout } = await cli(['expect', '-f', mesh, '-o', 'json', '--output-file', file]);
  t.equal(status, 0);
  t.equal(stdout, '');
  t.match(JSON.parse(readFileSync(file, 'utf8')), { kind: 'ExpectationList', items: { length: 3 } });
});

const UNREADABLE: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
  ['a manifest that is no YAML', ['-f', join(folder, 'broken.yaml')], /broken\.yaml:\d+:\d+: /],
  ['a manifest that is not there', ['-f', join(folder, 'nowhere.yaml')], /nowhere\.yaml/],
  ['one bad manifest among good ones', ['-f', mesh, '-f', join(folder, 'broken.yaml')], /broken\.yaml:\d+:\d+: /],
  [
    'a bad flow after a good one',
    ['-f', mesh, '--flows', join(folder, 'bad-flows.ndjson')],
    /bad-flows\.ndjson:2: port: /,
  ],
  ['a flow file that is not there', ['-f', mesh, '--flows', join(folder, 'nowhere.ndjson')], /nowhere\.ndjson/],
];

for (const [what, args, says] of UNREADABLE) {
  t.test(`${what} is unreadable input: 65, the place, and nothing evaluated`, async (t) => {
    for (const format of ['table', 'ndjson']) {
      const { status, stdout, stderr } = await cli(['expect', ...args, '-o', format]);
      t.equal(status, 65);
      t.equal(stdout, '');
      t.match(stderr, says);
    }
  });
}

t.test('a broken manifest leaves an older output file as it was', async (t) => {
  const file = join(t.testdir({ 'out.json': 'before' }), 'out.json');
  await cli(['expect', '-f', join(folder, 'broken.yaml'), '--output-file', file]);
  t.equal(readFileSync(file, 'utf8'), 'before');
});

t.test('explain answers first, and names the object and its field', async (t) => {
  const { status, stdout } = await cli(['explain', 'legacy/batch', 'shop/pay', '-f', mesh]);
  t.equal(status, 0);
  t.match(stdout, /^legacy\/batch → shop\/pay:80 \(http\)\n\nNo: it is refused, because STRICT mutual TLS/);
  t.match(stdout, /What decides is PeerAuthentication shop\/default\s\(spec\.mtls\.mode\)\./);
});

const EXPLAIN_USAGE: readonly (readonly [args: readonly string[], says: string])[] = [
  [['legacy/bach', 'shop/pay'], 'Did you mean legacy/batch?'],
  [['legacy/batch', 'shop/pya'], 'Did you mean shop/pay?'],
  [['legacy/batch', 'shop/pay:81'], 'Its ports are 80.'],
  [['batch', 'shop/pay'], 'Write it as NAMESPACE/batch, or name the namespace with -n.'],
  [['legacy/batch', 'pod:shop/pay'], 'Write pod:shop/pay:PORT.'],
];

for (const [args, says] of EXPLAIN_USAGE) {
  t.test(`explain ${args.join(' ')}: ${says}`, async (t) => {
    const { status, stdout, stderr } = await cli(['explain', ...args, '-f', mesh]);
    t.equal(status, 64);
    t.equal(stdout, '');
    t.match(stderr, says);
  });
}

t.test('names without a namespace take the one of -n', async (t) => {
  const { stdout } = await cli(['explain', 'web', 'pay', '-n', 'shop', '-f', mesh]);
  t.match(stdout, 'shop/web → shop/pay:80');
  t.match(stdout, /The server sees\sthe caller as spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web\./);
});

t.test('tls-check finds the caller without sidecar in conflict and the meshed ones not', async (t) => {
  const { status, stdout } = await cli(['tls-check', '-f', mesh]);
  t.equal(status, 0);
  t.match(
    stdout,
    /From legacy\/batch\n.*\npay\.shop\.svc\.cluster\.local:80 +CONFLICT +mTLS +HTTP +shop\/default +-\n/,
  );
  t.match(
    stdout,
    /From shop\/pay, shop\/web\n.*\npay\.shop\.svc\.cluster\.local:80 +OK +mTLS +mTLS +shop\/default +-\n/,
  );
});

t.test('tls-check of one client and one service is one row', async (t) => {
  const { stdout } = await cli(['tls-check', 'legacy/batch', 'shop/pay', '-f', mesh]);
  t.equal(stdout.match(/svc\.cluster\.local/g)?.length, 1);
});
