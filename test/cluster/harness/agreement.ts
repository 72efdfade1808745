/** Sets of policies, one after the other on the same real mesh: engine and wire agree on every cell. */
import t from 'tap';
import type { Cell } from '../../../controller/judge/finding.ts';
import { MESH_NAMESPACES, MIXED, PLAIN, STRICT } from '../mesh/healthy.ts';
import { OF_LANE } from '../mesh/lane.ts';
import { policySets } from '../mesh/policy-sets.ts';
import { apply, kubectl, pause, remove } from './kubectl.ts';
import { raised } from './raised.ts';
import { story, sweepOnce } from './sweeps.ts';

export interface AgreementOptions {
  /** Of sets. */
  readonly count: number;
  /** One policy of each set is for the whole mesh. */
  readonly rootNamespace?: string;
  /** A reason, or false. */
  readonly skip: string | false;
}

/** From an applied object until every proxy has heard of it. */
const PUSHED_MS = 1500;
const SWEPT = [STRICT, MIXED, PLAIN];
const POLICIES = ['peerauthentications', 'authorizationpolicies', 'destinationrules', 'networkpolicies'];

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

/** A test for each of `MESHPROOF_TEST_SETS` (or `count`) sets, drawn from `MESHPROOF_SEED`. */
export function testAgreement({ count, rootNamespace, skip }: AgreementOptions): void {
  t.setTimeout(900_000);
  const options = { skip, timeout: 60_000 };
  const seed = Number(process.env['MESHPROOF_SEED'] ?? 1128);
  const sets = Number(process.env['MESHPROOF_TEST_SETS'] ?? count);
  const seen = { agreed: 0, known: 0 };

  t.before(async () => {
    if (skip !== false) return;
    await raised();
    await Promise.all(
      MESH_NAMESPACES.map((namespace) => kubectl(['delete', POLICIES.join(','), '-n', namespace, '-l', OF_LANE])),
    );
  });

  t.comment(`seed ${String(seed)} (MESHPROOF_SEED)`);
  const drawn = policySets({ seed, count: sets, ...(rootNamespace !== undefined && { rootNamespace }) });
  for (const [index, objects] of drawn.entries()) {
    const name = `set ${String(index)} of seed ${String(seed)}, of ${String(objects.length)} policies`;
    t.test(name, options, async (t) => {
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
    t.ok(seen.agreed > 60 * sets);
    t.end();
  });
}
