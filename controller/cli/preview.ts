/** `meshproof preview`: what a change would do, before it is made; `--strict`: is this mesh ready for STRICT? */
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { K8sObject, Snapshot } from '../declared/objects.ts';
import type { Door } from '../gate/door.ts';
import { answerMeasured } from '../gate/measured-answer.ts';
import type { MeasuredPreview } from '../gate/measured-preview.ts';
import type { ObjectName } from '../gate/overlay.ts';
import type { Preview, PreviewAnswer } from '../gate/preview.ts';
import type { ReadinessInput } from '../gate/readiness.ts';
import type { Sweep } from '../judge/finding.ts';
import type { PreviewFormat } from '../publish/preview.ts';
import type { Locate } from '../publish/sarif-places.ts';
import type { PreviewSubject } from '../publish/preview-words.ts';
import { addClusterOptions } from './cluster-options.ts';
import type { ClusterFlags } from './cluster-options.ts';
import type { OutputFlags } from './deliver.ts';
import { addExamples } from './examples.ts';
import { trustOption } from './judging-options.ts';
import type { ManifestFlags } from './manifests.ts';
import { optionalManifestOption, readSnapshot } from './manifests.ts';
import { namespaceOption } from './namespace-option.ts';
import { nearest } from '../gate/nearest.ts';
import type { Session } from './session.ts';

interface PreviewFlags extends Partial<ManifestFlags>, ClusterFlags, OutputFlags {
  readonly sandbox?: string;
  readonly fromSweep?: string;
  readonly apply?: readonly string[];
  readonly delete?: readonly ObjectName[];
  readonly strict?: boolean;
  readonly namespace?: readonly string[];
  /** `KIND/NAMESPACE/NAME`. */
  readonly trust: readonly string[];
  readonly output: PreviewFormat;
}

export const EXIT_OF_ANSWER: Readonly<Record<PreviewAnswer, ExitStatus>> = {
  safe: EXIT.pass,
  flips: EXIT.violations,
  unsure: EXIT.inconclusive,
};

/** Questions asked between two looks at the operator's wish to stop. */
const BATCH = 256;

const FORMATS: readonly PreviewFormat[] = ['table', 'json', 'markdown', 'sarif', 'manifests'];

const STATUSES = `
Exit status: 0 nothing breaks, opens or loses mutual TLS; 79 something does; 75 nothing does, but of some calls nobody
can say; 65 unreadable input; 64 usage. With --from-sweep, what was measured not to work cannot break.

What is declared is read from -f, from the manifests of --sandbox, or else from the cluster.`;

export function addPreview(program: Command, session: Session): void {
  const command = program
    .command('preview')
    .description('What a change would break, open and secure, before it is made. With -f, no cluster is needed.')
    .addOption(optionalManifestOption())
    .option('--sandbox <scenario>', 'the manifests of the embedded mesh of this scenario')
    .option(
      '--from-sweep <file>',
      'with what this sweep measured (matrix -o json): what stops for certain, and what perhaps',
    )
    .option('--apply <path...>', 'manifests to apply: they replace objects of the same name, or are added')
    .addOption(
      new Option('--delete <object>', 'KIND/NAMESPACE/NAME (or KIND/NAME) to delete (repeatable)').argParser(
        (text: string, before: readonly ObjectName[] | undefined) => [...(before ?? []), parseName(text)],
      ),
    )
    .option('--strict', 'the readiness report: what if PeerAuthentication said STRICT?')
    .addOption(trustOption())
    .addOption(namespaceOption('with --strict: in this namespace only (repeatable; default: the whole mesh)'))
    .addOption(
      new Option('-o, --output <format>', 'form of the output; manifests: the exceptions that --strict needs')
        .choices(FORMATS)
        .default('table'),
    )
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .addHelpText('after', STATUSES)
    .action(async (flags: PreviewFlags) => {
      session.finish(await runPreview(flags, session));
    });
  addClusterOptions(command);
  addExamples(command, [
    ['preview --strict -f manifests/', 'if STRICT is turned on tomorrow, what breaks?'],
    [
      'preview --strict -n shop --from-sweep sweep.json',
      'in a cluster, for one namespace: who was measured to call in plaintext?',
    ],
    [
      'preview --strict -n shop -o manifests | kubectl apply --server-side -f -',
      'the exceptions, before STRICT is turned on',
    ],
    [
      'preview --apply new.yaml --from-sweep sweep.json -o json --output-file preview.json',
      'for verify --preview, afterwards',
    ],
    ['preview --apply new-policy.yaml -f manifests/', 'what does this pull request change?'],
    ['preview --delete DestinationRule/shop/pay -f manifests/', 'is anything still held up by this object?'],
  ]);
}

async function runPreview(flags: PreviewFlags, session: Session): Promise<ExitStatus> {
  checkUse(flags);
  const [{ buildMesh }, { snapshotOf }, { overlay }, { exceptions }, { PREVIEW_PUBLISHERS }, { deliver }] =
    await Promise.all([
      import('../declared/mesh.ts'),
      import('../snapshot/files.ts'),
      import('../gate/overlay.ts'),
      import('../gate/strict.ts'),
      import('../publish/preview.ts'),
      import('./deliver.ts'),
    ]);
  const { declaredState } = await import('./preview-state.ts');
  const [base, sweep] = await Promise.all([declaredState(flags, session), sweepIn(flags, session)]);
  const before = buildMesh(base);
  const applied = await objectsToApply(flags, base, session);
  const { objects, changes, missing } = overlay(base.objects, applied, flags.delete ?? []);
  for (const name of missing) throw unknownObject(name, base.objects);
  const meshOf = (all: readonly K8sObject[]): Mesh => buildMesh({ ...base, ...snapshotOf(all) });
  const after = meshOf(objects);
  const preview = await ask(before, after, changes, session.signal);
  const measured = sweep && (await joined(sweep, before, after, flags));
  const namespaces = flags.namespace ?? [];
  const subject = await subjectOf(flags, {
    before,
    after,
    strict: objects,
    preview,
    meshOf,
    ...(sweep !== undefined && measured !== undefined && { measured: { sweep, preview: measured } }),
    exceptions: exceptions(after, namespaces),
  });
  const locate = flags.output === 'sarif' ? await locateIn(base.objects, applied) : undefined;
  const report = { preview, subject, ...(measured !== undefined && { measured }) };
  await deliver([PREVIEW_PUBLISHERS[flags.output](report, session.terminal.page, locate)], flags, session);
  return EXIT_OF_ANSWER[measured === undefined ? preview.answer : answerMeasured(preview, measured)];
}

async function subjectOf(
  { strict, namespace: namespaces = [] }: PreviewFlags,
  { exceptions, ...input }: ReadinessInput & { readonly exceptions: readonly Door[] },
): Promise<PreviewSubject> {
  if (strict !== true) return { kind: 'change' };
  const { readinessOf } = await import('../gate/readiness.ts');
  return { kind: 'strict', namespaces, exceptions, readiness: readinessOf(input) };
}

async function joined(
  sweep: Sweep,
  before: Mesh,
  after: Mesh,
  { sandbox, trust: trusted }: PreviewFlags,
): Promise<MeasuredPreview> {
  const [{ measuredPreview }, { scenarioMeant }] = await Promise.all([
    import('../gate/measured-preview.ts'),
    import('./sandbox-manifests.ts'),
  ]);
  if (sandbox === undefined) return measuredPreview(sweep, before, after, { trusted });
  const scope = { kind: 'sandbox', scenario: (await scenarioMeant(sandbox)).name } as const;
  return measuredPreview(sweep, before, after, { scope, trusted });
}

async function sweepIn({ fromSweep }: PreviewFlags, session: Session): Promise<Sweep | undefined> {
  if (fromSweep === undefined) return undefined;
  const { sweepFor } = await import('./measured-sweep.ts');
  return sweepFor({ fromSweep }, undefined, session);
}

/** What is applied counts before what it replaces. */
async function locateIn(base: readonly K8sObject[], applied: readonly K8sObject[]): Promise<Locate> {
  const { placesIn } = await import('../publish/sarif-places.ts');
  return placesIn([...base, ...applied]);
}

function checkUse({ strict, apply, delete: deleted, namespace, filename, sandbox, output }: PreviewFlags): void {
  if (filename !== undefined && sandbox !== undefined) {
    throw new MeshproofError('MPE_USAGE', 'manifests (-f), or those of a sandbox?', { hint: 'Give one of the two.' });
  }
  if (output === 'manifests' && strict !== true) {
    throw new MeshproofError(
      'MPE_USAGE',
      '-o manifests goes with --strict only: it prints the exceptions that STRICT needs',
    );
  }
  const isChange = apply !== undefined || deleted !== undefined;
  if (isChange === (strict === true)) {
    throw new MeshproofError('MPE_USAGE', isChange ? 'one thing at a time' : 'what is to be changed?', {
      hint: 'Give --apply and --delete for a change of yours, or --strict for the readiness report.',
    });
  }
  if (namespace !== undefined && strict !== true) {
    throw new MeshproofError('MPE_USAGE', '-n goes with --strict only', { hint: 'Leave it out.' });
  }
}

async function objectsToApply(flags: PreviewFlags, base: Snapshot, session: Session): Promise<readonly K8sObject[]> {
  if (flags.strict !== true) return flags.apply === undefined ? [] : (await readSnapshot(flags.apply, session)).objects;
  const [{ strictPolicies }, { buildMesh }] = await Promise.all([
    import('../gate/strict.ts'),
    import('../declared/mesh.ts'),
  ]);
  return strictPolicies(buildMesh(base), base.objects, flags.namespace ?? []);
}

async function ask(before: Mesh, after: Mesh, changes: Preview['changes'], signal: AbortSignal): Promise<Preview> {
  const { previewer } = await import('../gate/preview.ts');
  const { questions, ask: put, finish } = previewer(before, after);
  let asked = 0;
  for (const flow of questions()) {
    put(flow);
    asked += 1;
    // Evaluation itself never waits; without this no signal would ever be heard.
    if (asked % BATCH === 0) await setImmediate(undefined, { signal });
  }
  return finish(changes);
}

function parseName(text: string): ObjectName {
  const parts = text.split('/');
  const [kind = '', second = '', third] = parts;
  if (parts.length < 2 || parts.length > 3 || parts.includes('')) {
    throw new MeshproofError('MPE_USAGE', `"${text}" names no object`, {
      hint: 'Write it as PeerAuthentication/shop/default, or as Namespace/shop where there is no namespace.',
    });
  }
  return third === undefined ? { kind, namespace: '', name: second } : { kind, namespace: second, name: third };
}

function unknownObject(name: ObjectName, objects: readonly K8sObject[]): MeshproofError {
  const known = objects.map(({ kind, metadata }) => wordsOf({ kind, ...metadata }));
  const close = nearest(wordsOf(name), known);
  return new MeshproofError('MPE_USAGE', `the manifests hold no ${wordsOf(name)}`, {
    hint: close === undefined ? 'Name one that they hold.' : `Did you mean ${close}?`,
  });
}

function wordsOf({ kind, namespace, name }: ObjectName): string {
  return [kind, namespace, name].filter((part) => part !== '').join('/');
}
