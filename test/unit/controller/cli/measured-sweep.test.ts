import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { publishJson } from '../../../../controller/publish/json.ts';
import { cli } from '../../../support/cli.ts';
import type { CliAnswer } from '../../../support/cli.ts';
import * as made from '../../../support/sweeps.ts';

const strict = made.cause('MP1001', 'shop/pay takes no plaintext.');
const SWEEP = made.sweep(
  [
    made.cell({ to: 'shop/pay:8080' }),
    made.cell({
      source: 'legacy/batch',
      dataPlane: 'naked',
      to: 'shop/pay:8080',
      expectation: made.refusedByStrict,
      outcome: made.reset,
      cause: strict,
    }),
    made.cell({
      source: 'legacy/batch',
      dataPlane: 'naked',
      to: 'shop/cart:80',
      outcome: made.untested,
      drift: 'unknown',
    }),
    made.cell({ table: 'transport', source: 'legacy/batch', dataPlane: 'naked', to: 'pod:shop/pay-1:8080' }),
  ],
  [],
);

async function kept(t: Test, args: readonly string[]): Promise<CliAnswer> {
  const folder = t.testdir({ 'sweep.json': publishJson(SWEEP) });
  return cli([...args, '--from-sweep', join(folder, 'sweep.json')], { env: { COLUMNS: '160' } });
}

t.test('tls-check of a sweep has two columns more: what the wire said, and why', async (t) => {
  const { status, stdout } = await kept(t, ['tls-check']);
  t.equal(status, 0);
  t.match(stdout, /^From shop\/web \(sidecar\)\nHOST:PORT +STATUS .* MEASURED +CAUSE\n/);
  t.match(stdout, /\npay\.shop:8080 .* mTLS +-\n/);
  t.match(stdout, /\nFrom legacy\/batch \(naked\)\n/);
  t.match(stdout, /\npay\.shop:8080 +CONFLICT .* reset +MP1001 strict-refuses-naked-source\n/);
  t.match(stdout, /\ncart\.shop:80 .* not measured +-\n/);
  t.notMatch(stdout, 'pay-1', 'pod ports are of another table');
});

t.test('one client and one service of it', async (t) => {
  const { stdout } = await kept(t, ['tls-check', 'legacy/batch', 'shop/pay']);
  t.equal(stdout.match(/^From /gm)?.length, 1);
  t.equal(stdout.match(/shop:/g)?.length, 1);
});

t.test(
  'explain of a sweep: what is declared, then each attempt, the cause, and the line that repeats it',
  async (t) => {
    const { status, stdout } = await kept(t, ['explain', 'legacy/batch', 'shop/pay:8080']);
    t.equal(status, 0);
    t.match(stdout, /^legacy\/batch → shop\/pay:8080 \(http GET \/\)\n\nNo: it is refused, because STRICT/);
    t.match(
      stdout,
      /\nMeasured: as declared\n {2}22:13:20\.000 {2}127\.1\.0\.1:8080 \(shop\/pay\) connection reset \(application\)\n/,
    );
    t.match(
      stdout,
      /\n {16}tcp 0\.4 ms, total 1\.2 ms\n {2}strict-refuses-naked-source MP1001\n {4}shop\/pay takes no plaintext\.\n/,
    );
    t.match(
      stdout,
      /\n {2}From a pod without sidecar under legacy\/batch:\n {4}\$ curl -sv -X GET http:\/\/127\.1\.0\.1:8080\/\n$/,
    );
  },
);

t.test('what was not measured is said to be so', async (t) => {
  const { stdout } = await kept(t, ['explain', 'batch', 'shop/cart', '-n', 'legacy']);
  t.match(stdout, /\nMeasured: unknown\n.*not tested: the agent was lost \(the process ended\)\n/s);
});

const WRONG: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['tls-check', 'shop/wep'], /the sweep has no source shop\/wep.*\n.*Did you mean shop\/web\?/],
  [['tls-check', 'shop/web', 'shop/pey'], /the sweep has no service shop\/pey.*\n.*Did you mean shop\/pay\?/],
  [['explain', 'web', 'shop/pay'], /"web" has no namespace/],
  [['explain', 'shop/web', 'shop/pay', '-f', 'x'], /declared by manifests, or measured\?/],
  [
    ['explain', 'kubelet', 'pod:shop/pay-1:8080'],
    /kubelet: calls of workloads to Services are what a sweep can explain/,
  ],
  [['explain', 'shop/web', 'pod:shop/pay-1:8080'], /pod:shop\/pay-1:8080: calls of workloads to Services are/],
  [['explain', 'node:one', 'shop/pay', '-n', 'shop'], /node:one: calls of workloads to Services are/],
  [['explain', 'shop/web', 'host:example.com:443'], /host:example\.com:443: calls of workloads/],
  [['tls-check', '-f', 'x'], /manifests \(-f\), or a sweep/],
];

for (const [args, says] of WRONG) {
  t.test(`"${args.join(' ')}" of a sweep is a usage error`, async (t) => {
    const { status, stdout, stderr } = await kept(t, args);
    t.equal(status, 64);
    t.equal(stdout, '');
    t.match(stderr, says);
  });
}

t.test('a file that is no sweep: 65', async (t) => {
  const folder = t.testdir({ 'sweep.json': '{}' });
  const { status, stderr } = await cli(['tls-check', '--from-sweep', join(folder, 'sweep.json')]);
  t.equal(status, 65);
  t.match(stderr, 'is no sweep that this version can read');
  const absent = await cli(['tls-check', '--from-sweep', join(folder, 'none.json')]);
  t.equal(absent.status, 65);
  t.match(absent.stderr, 'none.json cannot be read');
});
