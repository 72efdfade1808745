/** A real mesh in which nothing is wrong: everything is measured, everything agrees, nothing is left. */
import t from 'tap';
import { traces } from './harness/installation.ts';
import { eventually } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { raised } from './harness/raised.ts';
import { callerOf, cellsBetween, findingsOf, story, sweepOnce } from './harness/sweeps.ts';
import { DENIALS, MESH_NAMESPACES, MIXED, PLAIN, STRICT, WALLED, walled } from './mesh/healthy.ts';
import { OWN_NAMESPACE } from './mesh/lane.ts';

t.setTimeout(120_000);

/** As the witnesses see them: over what a call came, and from whom. */
const CALLS = [
  { from: `${STRICT}/front sidecar`, to: `${STRICT}/vault:80`, transport: 'mtls', caller: `ns/${STRICT}/sa/front` },
  { from: `${MIXED}/clerk sidecar`, to: `${STRICT}/front:80`, transport: 'mtls', caller: `ns/${MIXED}/sa/clerk` },
  { from: `${MIXED}/clerk sidecar`, to: `${STRICT}/front:7070`, transport: 'mtls', caller: `ns/${MIXED}/sa/clerk` },
  {
    from: `${MIXED}/clerk sidecar`,
    to: `${STRICT}/front-pods:8080`,
    transport: 'mtls',
    caller: `ns/${MIXED}/sa/clerk`,
  },
  { from: `${STRICT}/vault sidecar`, to: `${MIXED}/clerk:80`, transport: 'mtls', caller: `ns/${STRICT}/sa/vault` },
  { from: `${MIXED}/clerk sidecar`, to: `${STRICT}/ledger:81`, transport: 'plaintext', caller: undefined },
  { from: `${MIXED}/clerk sidecar`, to: `${PLAIN}/reports:80`, transport: 'plaintext', caller: undefined },
  { from: `${PLAIN}/batch naked`, to: `${MIXED}/clerk:80`, transport: 'plaintext', caller: undefined },
  { from: `${PLAIN}/batch naked`, to: `${WALLED}/walled:80`, transport: 'plaintext', caller: undefined },
] as const;

const EVERYTHING = ['--min-coverage', '1', '--fail-on', 'drift,critical,error,warning'];

t.test('a mesh without fault is measured in full, without any finding', { skip: withoutCluster() }, async (t) => {
  await raised(walled);
  const { status, sweep, stderr } = await sweepOnce({ namespaces: [...MESH_NAMESPACES, WALLED], options: EVERYTHING });
  if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);

  t.same(findingsOf(sweep), [], story(sweep));
  t.equal(status, 0, story(sweep));
  t.match(sweep.verdict, { value: 'pass', coverage: 1 });
  const tables = new Map<string, number>();
  for (const { table } of sweep.cells) tables.set(table, (tables.get(table) ?? 0) + 1);
  // Ten service ports for five callers; five probes for each of ten pod ports; the health checks of seven containers.
  t.equal(tables.get('reachability'), 50);
  t.equal(tables.get('transport'), 50);
  t.ok((tables.get('health') ?? 0) >= 7, `health: ${String(tables.get('health'))}`);

  for (const { from, to, transport, caller } of CALLS) {
    const [cell] = cellsBetween(sweep, from, to);
    const witness =
      caller === undefined ? {} : { witness: { caller: `spiffe://cluster.local/${caller}`, isProof: true } };
    t.match(cell?.outcome, { kind: 'reached', transport, ...witness }, `${from} → ${to}`);
  }
  for (const { from, to, code } of DENIALS) {
    const [cell] = cellsBetween(sweep, from, to);
    t.match(cell, { drift: 'agrees', cause: { code } }, `${from} → ${to}`);
    t.not(cell?.outcome.kind, 'reached', `${from} → ${to}`);
  }
  t.same([...new Set(sweep.cells.map(callerOf))].sort(), [
    `${MIXED}/clerk sidecar`,
    `${OWN_NAMESPACE}/meshproof-prober naked`,
    `${PLAIN}/batch naked`,
    `${STRICT}/front sidecar`,
    `${STRICT}/vault sidecar`,
    `${WALLED}/walled sidecar`,
  ]);
  await eventually('nothing of the sweep is left', async () => (await traces(sweep.id)).length === 0);
});
