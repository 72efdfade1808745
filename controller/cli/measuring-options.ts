/** Options of the commands that measure: which mesh, from where, and for how long. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { HostVantage } from '../plan/options.ts';
import { addClusterOptions, addScopeOptions, hostVantageOption } from './cluster-options.ts';
import type { ClusterFlags, ScopeFlags } from './cluster-options.ts';
import { parseDuration } from './duration.ts';
import type { JudgingFlags } from './judging-options.ts';

export interface MeasuringFlags extends ClusterFlags, ScopeFlags, JudgingFlags {
  readonly sandbox?: string;
  readonly inCluster?: boolean;
  readonly hostVantage: HostVantage;
  readonly dataPlane: 'node' | 'envoy';
  /** Milliseconds. */
  readonly timeout?: number;
}

export function addMeasuringOptions(command: Command): Command {
  command
    .option('--sandbox <scenario>', 'measure the embedded mesh of this scenario (a name or a folder)')
    .addOption(new Option('--data-plane <kind>', 'proxies of the sandbox').choices(['node', 'envoy']).default('node'))
    .addOption(
      new Option(
        '--timeout <duration>',
        'deadline of the whole sweep (default: 2m in the sandbox, 10m in a cluster)',
      ).argParser(parseDuration),
    )
    .addOption(hostVantageOption())
    .option('--in-cluster', 'be the controller of the sweep: for the Job of a sweep, or a CronJob');
  return addScopeOptions(addClusterOptions(command));
}
