/** Generated sets of policies, one after the other on the same real mesh: engine and wire agree on every cell. */
import t from 'tap';
import type { Cell } from '../../controller/judge/finding.ts';
import { healthyAgain } from './harness/healthy-again.ts';
import { installedImage } from './harness/installation.ts';
import { apply, kubectl, pause, remove } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { story, sweepOnce } from './harness/sweeps.ts';
import { MESH_NAMESPACES, MIXED, PLAIN, STRICT } from './mesh/healthy.ts';
import { policySets } from './mesh/policy-sets.ts';

t.setTimeout(900_000);

const SEED = Number(process.env['MESHPROOF_SEED'] ?? 1128);
const SETS = Number(process.env['MESHPROOF_TEST_SETS'] ?? 20);
/** Policies for the whole mesh are felt by everybody in the cluster, and therefore drawn only where nobody else is. */
const ROOT = process.env['MESHPROOF_TEST_WHOLE_MESH'] === '1' ? 'istio-system' : undefined;
/** From an applied object until every proxy has heard of it. */
const PUSHED_MS = 1500;
const SWEPT = [STRICT, MIXED, PLAIN];
const POLICIES = ['peerauthentications', 'authorizationpolicies', 'destinationrules', 'networkpolicies'];

const options = { skip: withoutCluster(), timeout: 60_000 };

/**
 * Where too little was let through to prove that a target lives, the judge says nothing. That nothing came through is as
 * the engine says all the same.
 */
function isAgreement({ drift, expectation, outcome }: Cell): boolean {
  if (drift === 'agrees') return true;
  return (
    drift === 'unknown' && expectation.expect === 'deny' && (outcome.kind === 'refused' || outcome.kind === 'silent')
  );
}

t.before(async () => {
  if (options.skip !== false) return;
  await healthyAgain(await installedImage());
  for (const namespace of MESH_NAMESPACES) {
    await kubectl(['delete', POLICIES.join(','), '-n', namespace, '-l', 'meshproof.io/test=mesh']);
  }
});

t.teardown(async () => {
  if (options.skip === false) await healthyAgain(await installedImage());
});

const sets = policySets({ seed: SEED, count: SETS, ...(ROOT !== undefined && { rootNamespace: ROOT }) });
t.comment(
  `seed ${String(SEED)} (MESHPROOF_SEED), ${ROOT === undefined ? 'without' : 'with'} policies of the whole mesh`,
);
const seen = { agreed: 0, known: 0 };

for (const [index, objects] of sets.entries()) {
  t.test(`set ${String(index)} of seed ${String(SEED)}, of ${String(objects.length)} policies`, options, async (t) => {
    try {
      await apply(objects);
      await pause(PUSHED_MS);
      const { status, sweep, stderr } = await sweepOnce({ namespaces: SWEPT });
      if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);
      const disagreeing = sweep.cells.filter((cell) => !isAgreement(cell));
      t.equal(disagreeing.length, 0, 'cells where engine and wire disagree');
      if (disagreeing.length > 0) t.comment(`${JSON.stringify(objects)}\n${story(sweep)}`);
      seen.agreed += sweep.cells.length - disagreeing.length;
      seen.known += sweep.cells.filter(({ drift }) => drift === 'agrees').length;
    } finally {
      await remove(objects);
    }
  });
}

t.test('most of it was proved on the wire', options, (t) => {
  t.comment(`${String(seen.agreed)} cells agree, ${String(seen.known)} of them with positive control`);
  t.ok(seen.known > 0.8 * seen.agreed);
  t.ok(seen.agreed > 60 * SETS);
  t.end();
});
