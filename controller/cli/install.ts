/** `meshproof install`: prints what a cluster needs for sweeps, for `kubectl apply`. */
import type { Command } from 'commander';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import { VERSION } from '../../proto/version.ts';
import { OWN_NAMESPACE, ROOT_NAMESPACE } from '../install/names.ts';
import type { OutputFlags } from './deliver.ts';
import { addExamples } from './examples.ts';
import { namespaceOption } from './namespace-option.ts';
import type { Session } from './session.ts';

interface InstallFlags extends OutputFlags {
  readonly image: string;
  readonly ownNamespace: string;
  readonly rootNamespace: string;
  readonly namespaced?: boolean;
  readonly namespace?: readonly string[];
  readonly schedule?: string;
  readonly baselines: boolean;
  readonly serve: boolean;
  readonly events: boolean;
  readonly reports: boolean;
}

const IMAGE = `ghcr.io/meshproof/meshproof:${VERSION}`;

export function addInstall(program: Command, session: Session): void {
  const command = program
    .command('install')
    .description(
      'Prints the manifests that sweeps in a cluster need, and with --serve the controller that stays; nothing is sent to ' +
        'any cluster.',
    )
    .option('--image <reference>', 'image of controller and probes', IMAGE)
    .option('--own-namespace <namespace>', 'where meshproof is to be installed', OWN_NAMESPACE)
    .option('--root-namespace <namespace>', "where the mesh's control plane is", ROOT_NAMESPACE)
    .option('--namespaced', 'Roles in the namespaces of -n instead of cluster-wide rights')
    .addOption(namespaceOption('measure this namespace (repeatable; default: all)'))
    .option('--schedule <cron>', 'sweep by itself, for example "*/15 * * * *" (default: on demand alone)')
    .option('--baselines', 'Jobs in the cluster may keep baselines: for sync hooks of Argo CD, and the like', false)
    .option('--serve', 'the controller that stays, too: page, API, metrics; the Helm chart has more to choose', false)
    .option('--events', 'it writes Kubernetes Events for what is found', false)
    .option('--reports', "it writes OpenReports' Report objects for what is found", false)
    .option('--output-file <file>', 'write the manifests to this file, whole or not at all')
    .action(async (flags: InstallFlags) => {
      const { manifests, manifestsYaml } = await import('../install/manifests.ts');
      const { deliver } = await import('./deliver.ts');
      await deliver([manifestsYaml(manifests(optionsOf(flags)))], flags, session);
      session.finish(EXIT.pass);
    });
  addExamples(command, [
    ['install | kubectl apply -f -', 'cluster-wide, for sweeps on demand'],
    ['install --namespaced -n shop -n bank | kubectl apply -f -', 'no ClusterRole: rights in these two alone'],
    ['install --serve | kubectl apply -f -', 'measured for ever; docs/serve.md says how to look at it'],
    ['install --schedule "*/15 * * * *" --image registry.example/meshproof:1', 'four sweeps an hour'],
  ]);
}

function optionsOf(flags: InstallFlags) {
  const { namespace, namespaced, schedule, image, ownNamespace, rootNamespace, baselines, serve, events, reports } =
    flags;
  for (const name of [ownNamespace, rootNamespace, ...(namespace ?? [])]) checkName(name);
  if (namespaced === true && namespace === undefined) {
    throw new MeshproofError('MPE_USAGE', 'rights in which namespaces?', { hint: 'Name them with -n.' });
  }
  if (namespace?.includes(ownNamespace) === true) {
    throw new MeshproofError(
      'MPE_USAGE',
      `${ownNamespace} is where meshproof itself will be: nothing there is measured`,
    );
  }
  if (schedule !== undefined) checkSchedule(schedule);
  if (!serve && (events || reports)) {
    throw new MeshproofError('MPE_USAGE', `${events ? '--events' : '--reports'} is of the controller that stays`, {
      hint: 'Give --serve as well.',
    });
  }
  const scheduled: readonly string[] | 'all' = namespace === undefined ? 'all' : [...new Set(namespace)];
  return {
    image,
    ownNamespace,
    rootNamespace,
    measured: scheduled,
    namespaces: namespaced === true ? scheduled : ('all' as const),
    ...(schedule !== undefined && { schedule }),
    ...(baselines && { baselines }),
    ...(serve && { serve: { events, reports } }),
  };
}

/** kubernetes: apimachinery/pkg/util/validation/validation.go:IsDNS1123Label */
function checkName(name: string): void {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return;
  throw new MeshproofError('MPE_USAGE', `"${name}" is no name of a namespace`);
}

/** Five fields or a macro; what they say is for Kubernetes to judge. */
function checkSchedule(schedule: string): void {
  if (/^@(hourly|daily|midnight|weekly|monthly|yearly|annually)$/.test(schedule)) return;
  if (/^[\d*/,\-?A-Za-z]+( [\d*/,\-?A-Za-z]+){4}$/.test(schedule.trim())) return;
  throw new MeshproofError('MPE_USAGE', `"${schedule}" is no schedule`, {
    hint: 'Write five fields, minute first: "*/15 * * * *".',
  });
}
