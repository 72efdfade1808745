import fc from 'fast-check';
import t from 'tap';
import { expectFlow } from '../../controller/declared/expect.ts';
import { effort, patienceMs } from '../support/arbitrary/effort.ts';
import { asking } from '../support/arbitrary/flows.ts';
import { manifests } from '../support/arbitrary/mesh.ts';
import { engineMesh } from '../support/arbitrary/snapshot.ts';
import { disagreements } from '../support/oracle/agreement.ts';
import { opinions } from '../support/oracle/oracle.ts';

const FLOWS_EACH = 12;
/** Calls of a pod to itself are not asked, so a few more meshes are drawn than the pairs would need. */
const meshesFor = (pairs: number): number => Math.ceil((pairs / FLOWS_EACH) * 1.5);

t.test('the engine says of every flow what the slow evaluator says', { timeout: patienceMs }, (t) => {
  let pairs = 0;
  fc.assert(
    fc.property(asking(manifests, FLOWS_EACH), ({ objects, flows }) => {
      const mesh = engineMesh(objects);
      for (const flow of flows) {
        const said = opinions(objects, flow);
        // A Host header may lead back to the caller.
        if (said.some(({ pod }) => pod === flow.source)) continue;
        const found = disagreements(expectFlow(mesh, flow), said);
        if (found.length > 0) throw new Error([JSON.stringify(flow), ...found].join('\n'));
        pairs += 1;
      }
    }),
    effort(meshesFor(2_000), meshesFor(100_000)),
  );
  t.ok(pairs >= 2_000, `${String(pairs)} pairs of mesh and flow`);
  t.end();
});

t.test('what is drawn meets every stage that the two can differ on', { timeout: patienceMs }, (t) => {
  const counts = new Map<string, number>();
  for (const { objects, flows } of fc.sample(asking(manifests, FLOWS_EACH), { numRuns: 400, seed: 7 })) {
    for (const { outcome } of flows.flatMap((flow) => opinions(objects, flow))) {
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
  }
  const OUTCOMES = [
    'ALLOW_PLAINTEXT',
    'ALLOW_MTLS',
    'ALLOW_OPAQUE_TLS',
    'ALLOW_UNCAPTURED',
    'DENY_STRICT',
    'DENY_NO_CHAIN_TLS',
    'DENY_TLS_NO_CERT',
    'DENY_TLS_BAD_CA',
    'DENY_TLS_BAD_TD',
    'DENY_TLS_EXPIRED',
    'PROTO_MISMATCH',
    'DENY_AUTHZ_HTTP',
    'DENY_AUTHZ_TCP',
    'CLIENT_TLS_MISMATCH',
    'CLIENT_BLACKHOLE',
    'NO_ENDPOINTS',
    'DENY_NETPOL',
  ];
  const rare = OUTCOMES.filter((outcome) => (counts.get(outcome) ?? 0) < 5);
  t.strictSame(rare, [], 'outcomes that hardly ever come up');
  t.end();
});
