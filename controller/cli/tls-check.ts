/** `meshproof tls-check`: the six columns that people remember, for every client and service or for some. */
import type { Command } from 'commander';
import { EXIT } from '../../proto/errors.ts';
import type { Mesh } from '../declared/mesh.ts';
import { addExamples } from './examples.ts';
import type { ManifestFlags } from './manifests.ts';
import { manifestOption, readMesh } from './manifests.ts';
import { namespaceOption } from './namespace-option.ts';
import type { Session } from './session.ts';

interface TlsCheckFlags extends ManifestFlags {
  readonly namespace?: readonly string[];
}

export function addTlsCheck(program: Command, session: Session): void {
  const command = program
    .command('tls-check')
    .description("Whether each client's TLS settings fit each server's, and which objects set them.")
    .argument('[client]', 'namespace/workload (default: all)')
    .argument('[service]', 'namespace/service (default: all)')
    .addOption(manifestOption())
    .addOption(namespaceOption('only services of this namespace (repeatable)'))
    .action(async (client: string | undefined, service: string | undefined, flags: TlsCheckFlags) => {
      await runTlsCheck(client, service, flags, session);
      session.finish(EXIT.pass);
    });
  addExamples(command, [
    ['tls-check -f manifests/', 'every client and every service'],
    ['tls-check shop/web shop/pay -f manifests/', 'one client, one service'],
  ]);
}

async function runTlsCheck(
  client: string | undefined,
  serviceName: string | undefined,
  flags: TlsCheckFlags,
  session: Session,
): Promise<void> {
  const mesh = await readMesh(flags, session);
  const [{ expectFlow }, { publishTlsCheck }, { declaredFlows }, { serviceNamed, sourceName }] = await Promise.all([
    import('../declared/expect.ts'),
    import('../publish/tls-check.ts'),
    import('./declared-flows.ts'),
    import('./flow-arguments.ts'),
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
