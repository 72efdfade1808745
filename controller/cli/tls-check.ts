/** `meshproof tls-check`: the six columns that people remember, for every client and service or for some. */
import type { Command } from 'commander';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { Mesh } from '../declared/mesh.ts';
import { addClusterOptions, chosenNamespaces } from './cluster-options.ts';
import type { ScopeFlags } from './cluster-options.ts';
import { addExamples } from './examples.ts';
import type { ManifestFlags } from './manifests.ts';
import { optionalManifestOption, readMesh } from './manifests.ts';
import type { MeasuredFlags } from './measured-sweep.ts';
import { namespaceOption } from './namespace-option.ts';
import type { Session } from './session.ts';

interface TlsCheckFlags extends Partial<ManifestFlags>, MeasuredFlags, ScopeFlags {}

export function addTlsCheck(program: Command, session: Session): void {
  const command = program
    .command('tls-check')
    .description("Whether each client's TLS settings fit each server's, and which objects set them.")
    .argument('[client]', 'namespace/workload, or in a sweep namespace/service-account (default: all)')
    .argument('[service]', 'namespace/service (default: all)')
    .addOption(optionalManifestOption())
    .option('--from-sweep <file>', 'with what this sweep measured (matrix -o json), instead of a sweep now')
    .addOption(namespaceOption('only services of this namespace; in a cluster, only this namespace (repeatable)'))
    .option('-A, --all-namespaces', 'all namespaces of a cluster')
    .action(async (client: string | undefined, service: string | undefined, flags: TlsCheckFlags) => {
      if (flags.filename !== undefined && flags.fromSweep !== undefined) {
        throw new MeshproofError('MPE_USAGE', 'manifests (-f), or a sweep (--from-sweep)?', {
          hint: 'Give one of the two.',
        });
      }
      const check = flags.filename === undefined ? checkMeasured : checkDeclared;
      await check(client, service, flags, session);
      session.finish(EXIT.pass);
    });
  addClusterOptions(command);
  addExamples(command, [
    ['tls-check -n shop', 'in a cluster: what is declared, what was measured just now, and why'],
    ['tls-check shop/web shop/pay --from-sweep sweep.json', 'one client and one service of a sweep that was kept'],
    ['tls-check -f manifests/', 'what manifests declare; no cluster'],
    ['tls-check shop/web shop/pay -f manifests/', 'one client, one service'],
  ]);
}

async function checkMeasured(
  client: string | undefined,
  service: string | undefined,
  flags: TlsCheckFlags,
  session: Session,
): Promise<void> {
  const [{ callsIn, sweepFor }, { publishTlsCheck }] = await Promise.all([
    import('./measured-sweep.ts'),
    import('../publish/tls-check.ts'),
  ]);
  const sweep = await sweepFor(flags, chosenNamespaces(flags), session);
  const calls = callsIn(sweep, {
    ...(client !== undefined && { source: client }),
    ...(service !== undefined && { service }),
  });
  const rows = calls
    .filter(({ target }) => flags.fromSweep === undefined || (flags.namespace?.includes(target.namespace) ?? true))
    .map(({ key, source, vantage, target, expectation, outcome, cause }) => {
      const conflicts = sweep.conflicts
        .filter(({ cells }) => cells.includes(key))
        .map((conflict) => conflict.cause.code);
      return {
        client: `${source} (${vantage.dataPlane})`,
        hostPort: `${target.name}.${target.namespace}:${String(target.port)}`,
        expectation,
        measured: { outcome, causes: [...new Set([...(cause === null ? [] : [cause.code]), ...conflicts])] },
      };
    });
  await session.terminal.write(publishTlsCheck(rows, session.terminal.page));
}

async function checkDeclared(
  client: string | undefined,
  serviceName: string | undefined,
  flags: TlsCheckFlags,
  session: Session,
): Promise<void> {
  const mesh = await readMesh({ filename: flags.filename ?? [] }, session);
  const [{ expectFlow }, { publishTlsCheck }, { declaredFlows }, { serviceNamed, sourceName }] = await Promise.all([
    import('../declared/expect.ts'),
    import('../publish/tls-check.ts'),
    import('./declared-flows.ts'),
    import('../gate/flow-arguments.ts'),
  ]);
  const source = client === undefined ? undefined : workloadOf(mesh, sourceName(mesh, client, flags.namespace?.[0]));
  const service = serviceName === undefined ? undefined : serviceNamed(mesh, serviceName, flags.namespace?.[0]);
  const rows = declaredFlows(mesh, flags.namespace)
    .filter((flow) => (source ?? flow.source) === flow.source && (service?.key ?? flow.target) === flow.target)
    .map((flow) => ({
      client: flow.source,
      hostPort: `${mesh.servicesByKey.get(flow.target)?.fqdn ?? flow.target}:${String(flow.port)}`,
      expectation: expectFlow(mesh, flow),
    }))
    .toArray();
  await session.terminal.write(publishTlsCheck(rows, session.terminal.page));
}

/** A pod may be named as well; the table is its workload's. */
function workloadOf(mesh: Mesh, name: string): string {
  return mesh.podsByKey.get(name)?.workload ?? name;
}
