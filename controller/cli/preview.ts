/** `meshproof preview`: what a change would do, before it is made; `--strict`: is this mesh ready for STRICT? */
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { K8sObject, Snapshot } from '../declared/objects.ts';
import type { ObjectName } from '../gate/overlay.ts';
import type { Preview, PreviewAnswer } from '../gate/preview.ts';
import type { PreviewFormat } from '../publish/preview.ts';
import type { PreviewSubject } from '../publish/preview-words.ts';
import type { OutputFlags } from './deliver.ts';
import { addExamples } from './examples.ts';
import type { ManifestFlags } from './manifests.ts';
import { manifestOption, readSnapshot } from './manifests.ts';
import { namespaceOption } from './namespace-option.ts';
import { nearest } from './nearest.ts';
import type { Session } from './session.ts';

interface PreviewFlags extends ManifestFlags, OutputFlags {
  readonly apply?: readonly string[];
  readonly delete?: readonly ObjectName[];
  readonly strict?: boolean;
  readonly namespace?: readonly string[];
  readonly output: PreviewFormat;
}

export const EXIT_OF_ANSWER: Readonly<Record<PreviewAnswer, ExitStatus>> = {
  safe: EXIT.pass,
  flips: EXIT.violations,
  unsure: EXIT.inconclusive,
};

/** Questions asked between two looks at the operator's wish to stop. */
const BATCH = 256;

const STATUSES = `
Exit status: 0 nothing breaks, opens or loses mutual TLS; 79 something does; 75 nothing does, but of some calls nobody
can say; 65 unreadable input; 64 usage.`;

export function addPreview(program: Command, session: Session): void {
  const command = program
    .command('preview')
    .description('What a change would break, open and secure, before it is made. No cluster needed.')
    .addOption(manifestOption())
    .option('--apply <path...>', 'manifests to apply: they replace objects of the same name, or are added')
    .addOption(
      new Option('--delete <object>', 'KIND/NAMESPACE/NAME (or KIND/NAME) to delete (repeatable)').argParser(
        (text: string, before: readonly ObjectName[] | undefined) => [...(before ?? []), parseName(text)],
      ),
    )
    .option('--strict', 'the readiness report: what if PeerAuthentication said STRICT?')
    .addOption(namespaceOption('with --strict: in this namespace only (repeatable; default: the whole mesh)'))
    .addOption(
      new Option('-o, --output <format>', 'form of the output').choices(['table', 'json', 'markdown']).default('table'),
    )
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .addHelpText('after', STATUSES)
    .action(async (flags: PreviewFlags) => {
      session.finish(await runPreview(flags, session));
    });
  addExamples(command, [
    ['preview --strict -f manifests/', 'if STRICT is turned on tomorrow, what breaks?'],
    ['preview --strict -n shop -f manifests/', 'the same for one namespace'],
    ['preview --apply new-policy.yaml -f manifests/', 'what does this pull request change?'],
    ['preview --delete DestinationRule/shop/pay -f manifests/', 'is anything still held up by this object?'],
  ]);
}

async function runPreview(flags: PreviewFlags, session: Session): Promise<ExitStatus> {
  checkUse(flags);
  const base = await readSnapshot(flags.filename, session);
  const [{ buildMesh }, { snapshotOf }, { overlay }, { exceptions }, { PREVIEW_PUBLISHERS }, { deliver }] =
    await Promise.all([
      import('../declared/mesh.ts'),
      import('../snapshot/files.ts'),
      import('../gate/overlay.ts'),
      import('../gate/strict.ts'),
      import('../publish/preview.ts'),
      import('./deliver.ts'),
    ]);
  const before = buildMesh(base);
  const applied = await objectsToApply(flags, base, session);
  const { objects, changes, missing } = overlay(base.objects, applied, flags.delete ?? []);
  for (const name of missing) throw unknownObject(name, base.objects);
  const after = buildMesh({ ...base, ...snapshotOf(objects) });
  const preview = await ask(before, after, changes, session.signal);
  const namespaces = flags.namespace ?? [];
  const subject: PreviewSubject =
    flags.strict === true
      ? { kind: 'strict', namespaces, exceptions: exceptions(after, namespaces) }
      : { kind: 'change' };
  await deliver([PREVIEW_PUBLISHERS[flags.output](preview, subject, session.terminal.page)], flags, session);
  return EXIT_OF_ANSWER[preview.answer];
}

function checkUse({ strict, apply, delete: deleted, namespace }: PreviewFlags): void {
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
