/** One fault after the other, each alone in the healthy mesh: it is found under its code, and nothing else is. */
import t from 'tap';
import type { Fault, Soil } from '../mesh/fault.ts';
import type { KubernetesObject } from '../mesh/objects.ts';
import { apply, get, pause, remove, rolledOut } from './kubectl.ts';
import { withoutCluster } from './on-cluster.ts';
import { raised } from './raised.ts';
import { findingsOf, story, sweepOnce, targetOf } from './sweeps.ts';

/** The API server counts ages in whole seconds. */
const ONE_SECOND_LATER_MS = 1100;
/** From an applied object until every proxy has heard of it. */
const PUSHED_MS = 2000;

/** The CA of the mesh, which the tests may read, and meshproof never does (istio: security/pkg/pki/ca/ca.go:CASecret). */
async function meshAuthority(): Promise<Soil['authority']> {
  const [secret] = await get('secret', '-n', 'istio-system', 'istio-ca-secret');
  const { data = {} } = (secret ?? {}) as { data?: Readonly<Record<string, string>> };
  const read = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  return { certificatePem: read('ca-cert.pem'), keyPem: read('ca-key.pem') };
}

async function plant(steps: readonly (readonly KubernetesObject[])[], namespaces: readonly string[]): Promise<void> {
  for (const [index, objects] of steps.entries()) {
    if (index > 0) await pause(ONE_SECOND_LATER_MS);
    await apply(objects);
  }
  await rolledOut(namespaces);
  await pause(PUSHED_MS);
}

/** A test for each of them, in the lane's own mesh. */
export function testFaults(faults: readonly Fault[]): void {
  t.setTimeout(600_000);
  const options = { skip: withoutCluster(), timeout: 120_000 };
  let soil: Soil = { image: '', authority: { certificatePem: '', keyPem: '' } };

  t.before(async () => {
    if (options.skip !== false) return;
    const [image, authority] = await Promise.all([raised(), meshAuthority()]);
    soil = { image, authority };
  });

  for (const { name, plant: objects, namespaces, found, targets } of faults) {
    t.test(name, options, async (t) => {
      const steps = objects(soil);
      try {
        await plant(steps, namespaces);
        const everything = ['--fail-on', 'drift,critical,error,warning'];
        const { status, sweep, stderr } = await sweepOnce({ namespaces, options: everything });
        if (sweep === undefined) return t.fail(`no result, status ${String(status)}: ${stderr}`);
        t.same(findingsOf(sweep), found, story(sweep));
        t.equal(status, 79);
        t.equal(sweep.verdict.coverage, 1);
        t.ok(
          sweep.conflicts.every(({ isConfirmed }) => isConfirmed),
          'the wire confirms it',
        );
        const explained = new Set(sweep.conflicts.flatMap(({ cells }) => cells));
        const at = sweep.cells.filter(({ key, drift }) => explained.has(key) || drift !== 'agrees').map(targetOf);
        for (const where of at) {
          t.ok(
            targets.some((target) => where.includes(target)),
            `${where} is where the fault was planted`,
          );
        }
      } finally {
        await remove(steps.flat());
      }
    });
  }
}
