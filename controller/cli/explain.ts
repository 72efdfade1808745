/** `meshproof explain SOURCE TARGET`: one call, stage by stage, in plain sentences. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { EXIT } from '../../proto/errors.ts';
import type { FlowProbe } from '../declared/expectation.ts';
import { addExamples } from './examples.ts';
import type { ManifestFlags } from './manifests.ts';
import { manifestOption, readMesh } from './manifests.ts';
import type { Session } from './session.ts';

interface ExplainFlags extends ManifestFlags {
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
    .addOption(manifestOption())
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
      await runExplain(source, target, flags, session);
      session.finish(EXIT.pass);
    });
  addExamples(command, [
    ['explain legacy/batch shop/pay:8080 -f manifests/', 'is it STRICT that blocks this caller?'],
    ['explain shop/web shop/pay --path /admin -f manifests/', 'which rule answers 403?'],
    ['explain shop/web pod:shop/pay:8080 -f manifests/', 'the same call at the pod address'],
  ]);
}

async function runExplain(source: string, target: string, flags: ExplainFlags, session: Session): Promise<void> {
  const mesh = await readMesh(flags, session);
  const [{ expectFlow }, { publishExplanation }, { conflictsOf }, { flowsTo }] = await Promise.all([
    import('../declared/expect.ts'),
    import('../publish/explain.ts'),
    import('../gate/declared-conflicts.ts'),
    import('./flow-arguments.ts'),
  ]);
  const texts = flowsTo(mesh, source, target, flags).map((flow) => {
    const expectation = expectFlow(mesh, flow);
    return publishExplanation(flow, expectation, session.terminal.page, conflictsOf(mesh, flow, expectation));
  });
  await session.terminal.write(texts.join('\n'));
}
