/** `preview` on manifests, and the conflicts that `expect` and `explain` name: from files to what is printed. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { cli } from '../support/cli.ts';

const shop = fileURLToPath(new URL('../../deploy/sandbox/scenarios/shop/manifests', import.meta.url));
const healthy = fileURLToPath(new URL('../../deploy/sandbox/scenarios/healthy/manifests', import.meta.url));

function schema(name: string): ReturnType<Ajv2020['compile']> {
  const file = new URL(`../../deploy/schema/${name}.schema.json`, import.meta.url);
  return new Ajv2020({ allErrors: true }).compile(JSON.parse(readFileSync(file, 'utf8')) as object);
}

interface Document {
  readonly answer: string;
  readonly changes: readonly { readonly change: string; readonly object: { readonly name: string } }[];
  readonly groups: readonly {
    readonly kind: string;
    readonly cause: { readonly code: string | null };
    readonly cells: readonly { readonly key: string }[];
  }[];
  readonly ports: readonly { readonly pod: string; readonly port: number; readonly after: { readonly mode: string } }[];
  readonly exceptions?: readonly { readonly pod: string; readonly port: number; readonly mode: string }[];
  readonly conflicts: { readonly resolved: readonly { readonly cause: { readonly code: string } }[] };
}

async function preview(...args: readonly string[]): Promise<{ status: number; document: Document }> {
  const { status, stdout, stderr } = await cli(['preview', '-o', 'json', ...args]);
  if (stdout === '') throw new Error(stderr);
  return { status, document: JSON.parse(stdout) as Document };
}

const kinds = ({ groups }: Document): readonly string[] =>
  groups.map(({ kind, cause, cells }) => `${kind} ${cause.code ?? '-'} ${String(cells.length)}`);

t.test('STRICT for the shop: its naked callers are shut out, and what stays open is told', async (t) => {
  const { status, document } = await preview('--strict', '-f', shop);
  t.equal(status, 79);
  t.equal(document.answer, 'flips');
  // legacy/batch and the pod of wallet/coupons without sidecar call the five services of wallet, which are PERMISSIVE.
  t.same(kinds(document), ['breaks MP1001 8', 'breaks MP1009 2']);
  t.same(
    document.ports.map(({ pod, port, after }) => `${pod}:${String(port)} ${after.mode}`),
    ['accounts', 'card', 'coupons-1', 'gift', 'points'].map((name) => `wallet/${name}:8080 STRICT`),
  );
  t.same(
    document.exceptions?.map(({ pod, port, mode }) => `${pod}:${String(port)} ${mode}`),
    ['depot/stock:8080 PERMISSIVE', 'legacy/batch:8080 none', 'shop/cart:9090 bypassed', 'wallet/coupons-2:8080 none'],
  );
  const validate = schema('preview');
  validate(document);
  t.same(validate.errors ?? [], []);
});

t.test('STRICT for a namespace that has it changes nothing, and is no violation', async (t) => {
  const { status, document } = await preview('--strict', '-n', 'shop', '-f', shop);
  t.equal(status, 0);
  t.same([document.answer, document.changes, document.groups], ['safe', [], []]);
  const { stdout } = await cli(['preview', '--strict', '-n', 'shop', '-f', shop]);
  t.match(stdout, /^Ready for STRICT in namespace shop: all \d+ answers stay as they are\.\n/);
});

t.test(
  'the policy that is in force is the one that is changed: a younger one beside it would do nothing',
  async (t) => {
    const { document } = await preview('--strict', '-n', 'depot', '-f', shop);
    t.same(
      document.changes.map(({ change, object }) => `${change} ${object.name}`),
      ['replaced migration'],
    );
    t.same(kinds(document), ['breaks MP1001 2']);
  },
);

const CHANGE = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: PERMISSIVE } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: no-web, namespace: shop }
spec:
  action: DENY
  selector: { matchLabels: { app: pay } }
  rules: [{ from: [{ source: { namespaces: [web] } }] }]
`;

t.test('a change is told as what breaks, opens and begins to work', async (t) => {
  const folder = t.testdir({ 'change.yaml': CHANGE });
  const { status, document } = await preview('--apply', `${folder}/change.yaml`, '-f', shop);
  t.equal(status, 79);
  t.same(
    document.changes.map(({ change, object }) => `${change} ${object.name}`),
    ['added no-web', 'replaced default'],
  );
  t.same(kinds(document), ['breaks MP1201 1', 'opens MP1001 4', 'mends MP1401 1', 'mends MP1002 1']);
  t.same(
    document.conflicts.resolved.map(({ cause }) => cause.code),
    ['MP1002', 'MP1401'],
  );
});

t.test('a deletion that nobody misses is no violation', async (t) => {
  const { status, document } = await preview('--delete', 'DestinationRule/checkout/cart-plaintext', '-f', shop);
  t.equal(status, 0);
  t.same(kinds(document), ['mends MP1002 1']);
});

t.test('a Service that goes is missed by those who called it', async (t) => {
  const { status, document } = await preview('--delete', 'Service/shop/search', '-f', shop);
  t.equal(status, 79);
  t.match(kinds(document), [/^breaks - \d+$/]);
});

t.test('Markdown has the same headline', async (t) => {
  const { stdout } = await cli(['preview', '--strict', '-f', shop, '-o', 'markdown']);
  t.match(stdout, '## Meshproof preview: Not ready for STRICT in the whole mesh: 10 calls break');
  t.match(stdout, '### Stays open all the same');
});

t.test('what cannot be meant is refused', async (t) => {
  const cases: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [[], /what is to be changed/],
    [['--strict', '--apply', healthy], /one thing at a time/],
    [['--apply', healthy, '-n', 'shop'], /-n goes with --strict only/],
    [['--delete', 'shop'], /names no object/],
    [['--delete', 'PeerAuthentication/shop/defaul'], /Did you mean PeerAuthentication\/shop\/default/],
  ];
  for (const [args, said] of cases) {
    const { status, stderr } = await cli(['preview', '-f', shop, ...args]);
    t.equal(status, 64, args.join(' '));
    t.match(stderr, said);
  }
});

t.test('expect ends with the conflicts of the declared objects, one a cause', async (t) => {
  const { stdout } = await cli(['expect', '-f', shop, '-o', 'json']);
  const list = JSON.parse(stdout) as { conflicts: { severity: string; cause: { code: string } }[] };
  const validate = schema('expectation-list');
  validate(list);
  t.same(validate.errors ?? [], []);
  t.same(
    list.conflicts.map(({ severity, cause }) => `${severity} ${cause.code}`),
    [
      ...['MP1005', 'MP1010', 'MP1202'].map((code) => `critical ${code}`),
      ...['MP1002', 'MP1003', 'MP1009', 'MP1015', 'MP1401'].map((code) => `error ${code}`),
      'warning MP1404',
    ],
  );
  t.match((await cli(['expect', '-f', shop])).stdout, 'Conflicts: 3 critical, 5 error, 1 warning');
  t.match((await cli(['expect', '-f', healthy])).stdout, 'Conflicts: none');
  t.notMatch((await cli(['expect', '-f', shop, '-o', 'ndjson'])).stdout, 'MP1005', 'lines are items only');
});

t.test('narrowed to a namespace, expect tells the conflicts that concern it', async (t) => {
  const { stdout } = await cli(['expect', '-f', shop, '-n', 'wallet', '-o', 'json']);
  const { conflicts } = JSON.parse(stdout) as { conflicts: { cause: { code: string } }[] };
  t.same(
    conflicts.map(({ cause }) => cause.code),
    ['MP1202', 'MP1009'],
  );
});

t.test('explain names the conflict that its route is part of, and no other', async (t) => {
  const { stdout } = await cli(['explain', 'checkout/checkout', 'shop/cart:80', '-f', shop]);
  t.match(stdout, 'Part of a conflict (error): destination-rule-plaintext-to-strict MP1002');
  t.match(stdout.replace(/\s+/g, ' '), 'Fix: Set DestinationRule checkout/cart-plaintext to ISTIO_MUTUAL');
  t.equal(stdout.match(/Part of a conflict/g)?.length, 1);
  const plain = await cli(['explain', 'shop/cart', 'shop/pay:8080', '-f', shop]);
  t.notMatch(plain.stdout, 'conflict');
});

t.test('every flow is evaluated, however many there are', async (t) => {
  const names = Array.from({ length: 30 }, (_, at) => `w${String(at)}`);
  const objects = names.flatMap((name) => [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'n', labels: { app: name } }, spec: {} },
    { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'n' }, spec: { ports: [{ port: 80 }] } },
  ]);
  const { stdout } = await cli(['expect', '-f', '-', '-o', 'ndjson'], { stdin: JSON.stringify(objects) });
  t.equal(stdout.trimEnd().split('\n').length, 900);
});
