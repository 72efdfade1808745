/** `meshproof serve`: the controller that stays, with its page, API and metrics. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { HostVantage } from '../plan/options.ts';
import { addClusterOptions, addScopeOptions, chosenNamespaces, hostVantageOption } from './cluster-options.ts';
import type { ClusterFlags, ScopeFlags } from './cluster-options.ts';
import { parseDuration } from './duration.ts';
import { addExamples } from './examples.ts';
import { addJudgingOptions } from './judging-options.ts';
import type { JudgingFlags } from './judging-options.ts';
import type { Session } from './session.ts';

export interface ServeFlags extends ClusterFlags, ScopeFlags, JudgingFlags {
  readonly sandbox?: string;
  readonly dataPlane: 'node' | 'envoy';
  readonly inCluster?: boolean;
  readonly hostVantage: HostVantage;
  readonly listen?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenFile?: string;
  readonly anonymous?: 'none' | 'read';
  /** Milliseconds. */
  readonly interval?: number;
  readonly settle?: number;
  readonly agentsOutlive?: number;
  readonly store?: string;
  readonly webhook: readonly string[];
  readonly webhookSecret?: string;
  readonly events: boolean;
  readonly reports: boolean;
  readonly routeMetrics: boolean;
}

export function addServe(program: Command, session: Session): void {
  const command = program
    .command('serve')
    .description(
      'Measures for ever: a page, an API, metrics and events that always show what the mesh lets through now. In a cluster ' +
        'it is what an installation runs (--in-cluster); with --sandbox it opens the page on the embedded mesh.',
    )
    .option('--sandbox <scenario>', 'serve the embedded mesh of this scenario (a name or a folder)')
    .addOption(new Option('--data-plane <kind>', 'proxies of the sandbox').choices(['node', 'envoy']).default('node'))
    .option('--in-cluster', 'be the controller of the cluster that this pod runs in')
    .addOption(hostVantageOption())
    .addOption(
      new Option(
        '--interval <duration>',
        'between two attempts on a route, at least 1s (default: 2s in the sandbox, 10s in a cluster)',
      ).argParser(parseDuration),
    )
    .addOption(
      new Option(
        '--settle <duration>',
        'how long policy may take to reach every proxy (default: 0s in the sandbox, 10s in a cluster)',
      ).argParser(parseDuration),
    )
    .addOption(
      new Option(
        '--agents-outlive <duration>',
        'how long agents of a cluster go on without a controller, for the next one to take over (default: 10m)',
      ).argParser(parseDuration),
    )
    .option(
      '--listen <address>',
      'HOST:PORT of page, API and metrics (default: 127.0.0.1:9440; in a cluster 0.0.0.0:9440)',
    )
    .option('--tls-cert <file>', 'PEM certificate to serve them with')
    .option('--tls-key <file>', 'PEM key of it')
    .option('--token-file <file>', 'who may look and ask for sweeps, outside a cluster; see docs/api.md')
    .addOption(
      new Option(
        '--anonymous <right>',
        'what may be done without a token (default: read in the sandbox, none otherwise)',
      ).choices(['none', 'read']),
    )
    .option(
      '--store <url>',
      'sqlite:FILE, postgres://…, or :memory: (default: :memory: in the sandbox, sqlite:/var/lib/meshproof/meshproof.db in a cluster)',
    )
    .addOption(
      new Option('--webhook <url>', 'post every event there (repeatable)')
        .argParser((url: string, before: readonly string[]) => [...before, url])
        .default([] satisfies readonly string[], 'none'),
    )
    .option('--webhook-secret <file>', 'sign what is posted with the secret in this file')
    .option('--events', 'write Kubernetes Events for what is found at Services', false)
    .option('--reports', "write OpenReports' Report objects for what is found", false)
    .option('--route-metrics', 'a metric for every route, not only for those that drift', false)
    .action(async (flags: ServeFlags) => {
      await serve(flags, session);
      session.finish(EXIT.pass);
    });
  addScopeOptions(addClusterOptions(addJudgingOptions(command)));
  addExamples(command, [
    ['serve --sandbox shop', 'the page, on a mesh with the classic troubles'],
    ['sandbox set search:8080 mode=PERMISSIVE', 'meanwhile, in another terminal: watch it turn'],
    ['serve --sandbox shop --store sqlite:shop.db --interval 5s', 'with a history that outlives it'],
    ['serve --in-cluster -A --store postgres://meshproof@db/meshproof', 'as the chart runs it'],
  ]);
}

async function serve(flags: ServeFlags, session: Session): Promise<void> {
  if (flags.interval !== undefined && flags.interval < 1000) {
    throw new MeshproofError('MPE_USAGE', '--interval is shorter than 1s', {
      hint: 'No route is attempted more often.',
    });
  }
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined)) {
    throw new MeshproofError('MPE_USAGE', '--tls-cert and --tls-key belong together');
  }
  if (flags.sandbox === undefined && flags.inCluster !== true) {
    throw new MeshproofError('MPE_USAGE', 'serve what?', {
      hint: 'Give --sandbox shop to try it here. In a cluster it runs as a Deployment: see "meshproof install --help".',
    });
  }
  if (flags.sandbox !== undefined) {
    if (flags.inCluster === true || flags.kubeconfig !== undefined || chosenNamespaces(flags) !== undefined) {
      throw new MeshproofError('MPE_USAGE', 'the sandbox, or a cluster?', {
        hint: '--sandbox goes without --kubeconfig, --in-cluster, -n and -A.',
      });
    }
    const { serveSandbox } = await import('./serve-sandbox.ts');
    await serveSandbox(flags.sandbox, flags, session);
    return;
  }
  const { serveCluster } = await import('./serve-cluster.ts');
  await serveCluster(flags, session);
}
