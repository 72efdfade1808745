/** `meshproof explain SOURCE TARGET`: one call, stage by stage, in plain sentences. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { FlowProbe } from '../declared/expectation.ts';
import { addClusterOptions } from './cluster-options.ts';
import { addExamples } from './examples.ts';
import { qualify } from '../gate/flow-arguments.ts';
import type { ManifestFlags } from './manifests.ts';
import { optionalManifestOption, readMesh } from './manifests.ts';
import type { MeasuredFlags } from './measured-sweep.ts';
import type { Session } from './session.ts';

interface ExplainFlags extends Partial<ManifestFlags>, MeasuredFlags {
  readonly measure?: boolean;
  readonly namespace?: string;
  readonly probe?: FlowProbe;
  readonly method?: string;
  readonly path?: string;
}

export function addExplain(program: Command, session: Session): void {
  const command = program
    .command('explain')
    .description('Why one call is let through or not: every stage, and the object that decides it.')
    .argument('<source>', 'namespace/workload, kubelet, node:NAME or ip:ADDRESS')
    .argument('<target>', 'namespace/service[:port], pod:namespace/name:port, host:NAME:port or ip:ADDRESS:port')
    .addOption(optionalManifestOption())
    .option('--measure', 'in a cluster: the call as it was measured just now')
    .option('--from-sweep <file>', 'the call as it was measured in this sweep (matrix -o json)')
    .option('-n, --namespace <namespace>', 'namespace of names that are given without one')
    .addOption(
      new Option('--probe <kind>', 'what the call speaks (default: what the service port declares)').choices([
        'http',
        'tcp',
        'grpc',
        'tls',
        'mtls',
      ]),
    )
    .option('--method <method>', 'HTTP method, for authorization by method')
    .option('--path <path>', 'HTTP path, for authorization by path')
    .action(async (source: string, target: string, flags: ExplainFlags) => {
      const isMeasured = flags.measure === true || flags.fromSweep !== undefined;
      if (isMeasured === (flags.filename !== undefined)) {
        throw new MeshproofError('MPE_USAGE', 'declared by manifests, or measured?', {
          hint: 'Give -f PATH, or --measure in a cluster, or --from-sweep FILE.',
        });
      }
      await (isMeasured ? explainMeasured : explainDeclared)(source, target, flags, session);
      session.finish(EXIT.pass);
    });
  addClusterOptions(command);
  addExamples(command, [
    ['explain legacy/batch shop/pay:8080 -f manifests/', 'is it STRICT that blocks this caller?'],
    ['explain shop/web shop/pay --path /admin -f manifests/', 'which rule answers 403?'],
    ['explain legacy/batch shop/pay --measure', 'in a cluster: declared, and measured just now'],
    ['explain shop/web pod:shop/pay:8080 -f manifests/', 'the same call at the pod address'],
  ]);
}

/** Of calls that a sweep makes: of a Service, by its protocol. */
async function explainMeasured(source: string, target: string, flags: ExplainFlags, session: Session): Promise<void> {
  const [{ callsIn, sweepFor }, { publishExplanation }, { publishMeasuredCall }, { flowOf }] = await Promise.all([
    import('./measured-sweep.ts'),
    import('../publish/explain.ts'),
    import('../publish/measured-call.ts'),
    import('../plan/flow.ts'),
  ]);
  for (const end of [source, target]) checkMeasurable(end);
  const [, service = target, port] = /^(.*?)(?::(\d+))?$/.exec(qualify(target, flags.namespace)) ?? [];
  const wishes = {
    source: qualify(source, flags.namespace),
    service,
    ...(port !== undefined && { port: Number(port) }),
  };
  const namespaces = [...new Set([wishes.source, service].map((name) => name.split('/')[0] ?? ''))];
  const sweep = await sweepFor(flags, namespaces, session);
  const { page } = session.terminal;
  const texts = callsIn(sweep, wishes).map((cell) => {
    const conflicts = sweep.conflicts.filter(({ cells }) => cells.includes(cell.key));
    const flow = flowOf(cell, cell.source);
    return `${publishExplanation(flow, cell.expectation, page, conflicts)}\n${publishMeasuredCall(cell, page)}`;
  });
  await session.terminal.write(
    texts.length === 0 ? `The sweep has no call ${source} → ${target}.\n` : texts.join('\n'),
  );
}

/** Sweeps make other calls than these, or make them from elsewhere. */
function checkMeasurable(end: string): void {
  if (end !== 'kubelet' && !/^(node|ip|pod|host):/.test(end)) return;
  throw new MeshproofError('MPE_USAGE', `${end}: calls of workloads to Services are what a sweep can explain`, {
    hint: 'Leave out --measure and --from-sweep, and give -f: what is declared is known of every call. For ports of pods and health checks see matrix.',
  });
}

async function explainDeclared(source: string, target: string, flags: ExplainFlags, session: Session): Promise<void> {
  const mesh = await readMesh({ filename: flags.filename ?? [] }, session);
  const [{ expectFlow }, { publishExplanation }, { conflictsOf }, { flowsTo }] = await Promise.all([
    import('../declared/expect.ts'),
    import('../publish/explain.ts'),
    import('../gate/declared-conflicts.ts'),
    import('../gate/flow-arguments.ts'),
  ]);
  const texts = flowsTo(mesh, source, target, flags).map((flow) => {
    const expectation = expectFlow(mesh, flow);
    return publishExplanation(flow, expectation, session.terminal.page, conflictsOf(mesh, flow, expectation));
  });
  await session.terminal.write(texts.join('\n'));
}
