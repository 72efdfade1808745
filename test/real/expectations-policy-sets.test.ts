/** The engine against real Envoy: random sets of security objects, configured as istiod does it, every call attempted. */
import t from 'tap';
import { realEnvoy } from '../support/envoy.ts';
import { calls } from '../support/policy-sets/calls.ts';
import { measureCells } from '../support/policy-sets/cells.ts';
import type { Cell } from '../support/policy-sets/cells.ts';
import { policySets } from '../support/policy-sets/policy-sets.ts';

const SEED = 20_260;
const SETS = 80;
const CALLS_A_SET = 30;
const SHOWN = 3;

const envoy = realEnvoy();
const options = { skip: 'missing' in envoy ? envoy.missing : false, timeout: 60_000 };

t.test('what the engine expects is what Envoy does, down to the rule that decides', options, async (t) => {
  const binary = 'binary' in envoy ? envoy.binary : '';
  const cells = await measureCells(binary, SETS, (cast) =>
    policySets(cast, SEED, SETS).map((set, index) => ({
      set,
      flows: calls(`pod:${set.namespace}/t`, SEED + index, CALLS_A_SET),
    })),
  );
  t.equal(cells.length, SETS * CALLS_A_SET);
  const differing = cells.filter(({ declared, measured }) => JSON.stringify(declared) !== JSON.stringify(measured));
  t.equal(differing.length, 0, 'cells where they differ');
  for (const cell of differing.slice(0, SHOWN)) show(cell);

  const seen = new Set(cells.map(({ measured }) => measured.outcome));
  t.strictSame(
    [...seen].sort(),
    [
      'ALLOW_MTLS',
      'ALLOW_OPAQUE_TLS',
      'ALLOW_PLAINTEXT',
      'DENY_AUTHZ_HTTP',
      'DENY_AUTHZ_TCP',
      'DENY_JWT',
      'DENY_NO_CHAIN_TLS',
      'DENY_STRICT',
      'DENY_TLS_BAD_CA',
      'DENY_TLS_BAD_TD',
      'DENY_TLS_EXPIRED',
      'DENY_TLS_NO_CERT',
      'HANG',
      'PROTO_MISMATCH',
    ],
    'the sample reaches every outcome of a sidecar',
  );
  const decided = cells.filter(({ measured: { rule } }) => rule !== null && rule !== 'none');
  t.ok(decided.length > 200, `a rule decides in ${String(decided.length)} cells`);
});

function show({ set, flow, declared, measured }: Cell): void {
  const objects = JSON.stringify({ mesh: set.mesh, objects: set.objects }, (key, value: unknown) =>
    key === 'jwks' ? undefined : value,
  );
  t.comment(
    `${JSON.stringify(flow)}\n declared ${JSON.stringify(declared)}\n measured ${JSON.stringify(measured)}\n ${objects}`,
  );
}
