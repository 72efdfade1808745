/** `meshproof doctor`: whether sweeps can run in a cluster, and what to do where they cannot. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT } from '../../proto/errors.ts';
import { addClusterOptions, addScopeOptions, addressOf, chosenNamespaces, ownNamespaceOf } from './cluster-options.ts';
import type { ClusterFlags, ScopeFlags } from './cluster-options.ts';
import type { CheckResult, Checkup } from './doctor-context.ts';
import { addExamples } from './examples.ts';
import { ROOT_NAMESPACE } from '../install/names.ts';
import type { Session } from './session.ts';

interface DoctorFlags extends ClusterFlags, ScopeFlags {
  readonly output: 'table' | 'json';
  readonly inCluster?: boolean;
  readonly rootNamespace: string;
}

/** Somebody looks on; a cluster that does not answer for so long is not well. */
const PATIENCE_MS = 2000;

export function addDoctor(program: Command, session: Session): void {
  const command = program
    .command('doctor')
    .description('Whether sweeps can run in a cluster: rights, installation, Istio, namespaces. Changes nothing.')
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(['table', 'json']).default('table'))
    .option(
      '--root-namespace <namespace>',
      "where the mesh's control plane is, as it was installed for",
      ROOT_NAMESPACE,
    )
    .option('--in-cluster', 'look from a pod of the installation: its own rights are those of the sweeps')
    .action(async (flags: DoctorFlags) => {
      session.finish(await examine(flags, session));
    });
  addScopeOptions(addClusterOptions(command));
  addExamples(command, [
    ['doctor', 'the cluster of the current context'],
    ['doctor -n shop -n bank', 'and whether these two namespaces can be measured'],
  ]);
}

async function examine(flags: DoctorFlags, session: Session): Promise<ExitStatus> {
  const [{ connectCluster }, { KubernetesApi }, { systemClock }, rights, mesh, { publishCheckup }] = await Promise.all([
    import('../api-server/connect.ts'),
    import('../api-server/kubernetes-api.ts'),
    import('../../proto/system-clock.ts'),
    import('./doctor-checks.ts'),
    import('./doctor-mesh.ts'),
    import('../publish/checkup.ts'),
  ]);
  const cluster = await connectCluster(addressOf(flags), session.env);
  const checkup: Checkup = {
    api: new KubernetesApi(cluster, systemClock, { patienceMs: PATIENCE_MS }),
    server: cluster.server,
    ownNamespace: ownNamespaceOf(flags, session),
    rootNamespace: flags.rootNamespace,
    namespaces: chosenNamespaces(flags) ?? [],
    isController: flags.inCluster === true,
  };
  const { checkServer, checkInstallation, checkUserRights, checkControllerRights } = rights;
  const { checkControlPlane, checkInjector, checkMeshRoot, checkPodSecurity } = mesh;
  const results: CheckResult[] = [...(await checkServer(checkup, session.signal))];
  const installation = await checkInstallation(checkup, session.signal);
  results.push(...installation);
  for (const check of [
    checkUserRights,
    // What is not installed has no rights yet; the manifests bring them.
    ...(installation.some(({ state }) => state === 'fails') ? [] : [checkControllerRights]),
    checkControlPlane,
    checkInjector,
    checkMeshRoot,
    checkPodSecurity,
  ]) {
    results.push(...(await check(checkup, session.signal)));
  }
  await session.terminal.write(publishCheckup(results, flags.output, session.terminal.page));
  return exitOf(results);
}

/** Rights first: without them, most of the rest could not be seen. */
function exitOf(results: readonly CheckResult[]): ExitStatus {
  const statuses = results.flatMap(({ state, exitStatus }) =>
    state === 'fails' ? (exitStatus ?? EXIT.unreachable) : [],
  );
  if (statuses.includes(EXIT.notPermitted)) return EXIT.notPermitted;
  return statuses[0] ?? EXIT.pass;
}
