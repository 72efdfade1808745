/** Each classic trouble, planted alone into real objects: it is found under its code, and nothing else is. */
import t from 'tap';
import { healthyAgain } from './harness/healthy-again.ts';
import { installedImage } from './harness/installation.ts';
import { apply, get, pause, remove, rolledOut } from './harness/kubectl.ts';
import { withoutCluster } from './harness/on-cluster.ts';
import { findingsOf, story, sweepOnce, targetOf } from './harness/sweeps.ts';
import { FAULTS } from './mesh/faults.ts';
import type { Soil } from './mesh/faults.ts';
import type { KubernetesObject } from './mesh/objects.ts';

t.setTimeout(600_000);

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

const options = { skip: withoutCluster(), timeout: 120_000 };

t.before(async () => {
  if (options.skip !== false) return;
  await healthyAgain(await installedImage());
});

for (const { name, plant: objects, namespaces, found, targets } of FAULTS) {
  t.test(name, options, async (t) => {
    const steps = objects({ image: await installedImage(), authority: await meshAuthority() });
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
