/** Options of the commands that speak to a cluster: which one, and which part of it. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { MeshproofError } from '../../proto/errors.ts';
import { OWN_NAMESPACE } from '../install/names.ts';
import type { ClusterAddress } from '../api-server/connect.ts';
import type { HostVantage } from '../plan/options.ts';
import { namespaceOption } from './namespace-option.ts';
import type { Session } from './session.ts';

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly ownNamespace?: string;
}

export interface ScopeFlags {
  readonly namespace?: readonly string[];
  readonly allNamespaces?: boolean;
}

/** Names, or every namespace. */
export type Namespaces = readonly string[] | 'all';

export function addClusterOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'of the cluster (default: KUBECONFIG, ~/.kube/config, or the pod this runs in)')
    .option('--context <name>', 'context in the kubeconfig (default: its current one)')
    .option('--own-namespace <namespace>', `where meshproof is installed (default: "${OWN_NAMESPACE}")`);
}

export function addScopeOptions(command: Command): Command {
  return command
    .addOption(namespaceOption("measure this namespace (repeatable; default: the context's)"))
    .option('-A, --all-namespaces', 'measure all namespaces');
}

/** Without a value `true`. */
export function hostVantageOption(): Option {
  const from = 'probe from the network of a node as well, or ("node") of each; Pod Security has to allow it';
  return new Option('--host-vantage [node]', from).argParser(parseHostVantage).default(false, 'none');
}

function parseHostVantage(text: string): HostVantage {
  if (text === 'node') return text;
  throw new MeshproofError('MPE_USAGE', `--host-vantage ${text}: it is --host-vantage, or --host-vantage=node`);
}

export function addressOf({ kubeconfig, context }: ClusterFlags): ClusterAddress {
  return { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) };
}

/** In a pod of ours it is the pod's. */
export function ownNamespaceOf({ ownNamespace }: ClusterFlags, session: Session): string {
  return ownNamespace ?? session.env['MESHPROOF_POD_NAMESPACE'] ?? OWN_NAMESPACE;
}

/** What was asked for; undefined where nothing was. Throws MPE_USAGE for what contradicts itself. */
export function chosenNamespaces({ namespace, allNamespaces = false }: ScopeFlags): Namespaces | undefined {
  if (!allNamespaces) return namespace === undefined ? undefined : [...new Set(namespace)];
  if (namespace === undefined) return 'all';
  throw new MeshproofError('MPE_USAGE', 'all namespaces (-A), or some (-n)?', { hint: 'Give one of the two.' });
}

/** Throws MPE_USAGE where our own namespace is to be measured. */
export function checkScope(namespaces: Namespaces, ownNamespace: string): void {
  if (namespaces === 'all' || !namespaces.includes(ownNamespace)) return;
  throw new MeshproofError(
    'MPE_USAGE',
    `${ownNamespace} is the namespace of meshproof itself: nothing there is measured`,
  );
}
