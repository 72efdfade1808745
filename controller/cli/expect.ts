/** `meshproof expect`: what the manifests say about every flow, without a cluster. */
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import { EXIT } from '../../proto/errors.ts';
import type { ExpectationClasses } from '../declared/classes.ts';
import type { Flow } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { DeclaredConflicts } from '../gate/declared-conflicts.ts';
import type { Conflict } from '../judge/finding.ts';
import type { ExpectationFormat } from '../publish/expectation-list.ts';
import type { Page } from '../publish/page.ts';
import type { OutputFlags } from './deliver.ts';
import { addExamples } from './examples.ts';
import type { ManifestFlags } from './manifests.ts';
import { manifestOption, readMesh } from './manifests.ts';
import { namespaceOption } from './namespace-option.ts';
import type { Session } from './session.ts';

interface ExpectFlags extends ManifestFlags, OutputFlags {
  readonly flows?: string;
  readonly namespace?: readonly string[];
  readonly output: ExpectationFormat | 'ndjson';
}

/** Flows evaluated between two looks at the operator's wish to stop, where the manifests themselves suggest them. */
const BATCH = 256;

export function addExpect(program: Command, session: Session): void {
  const command = program
    .command('expect')
    .description('What your manifests say about every call, and which object says so. No cluster needed.')
    .addOption(manifestOption())
    .option('--flows <file>', 'the flows to evaluate, one JSON object a line; - for stdin (answered as they come)')
    .addOption(namespaceOption('without --flows: only services of this namespace (repeatable)'))
    .addOption(
      new Option('-o, --output <format>', 'form of the output').choices(['table', 'json', 'ndjson']).default('table'),
    )
    .option('--output-file <file>', 'write the output to this file, whole or not at all')
    .action(async (flags: ExpectFlags) => {
      await runExpect(flags, session);
      session.finish(EXIT.pass);
    });
  addExamples(command, [
    ['expect -f manifests/', 'every workload against every service port'],
    ['expect -f manifests/ --flows flows.ndjson -o ndjson', 'the flows of a file, one answer a line'],
    ['expect -f <(kubectl get all,peerauthentications,authorizationpolicies -A -o yaml)', 'what a cluster declares'],
  ]);
}

async function runExpect(flags: ExpectFlags, session: Session): Promise<void> {
  const mesh = await readMesh(flags, session);
  const [{ expectationClasses }, { deliver }, batches] = await Promise.all([
    import('../declared/classes.ts'),
    import('./deliver.ts'),
    flags.flows === undefined ? inBatches(mesh, flags.namespace) : fromFile(flags.flows, session),
  ]);
  const flows = interruptible(batches, session.signal);
  const classes = expectationClasses(mesh);
  const text =
    flags.output === 'ndjson'
      ? await inLines(flows, classes)
      : await inList(flows, classes, { mesh, flags, format: flags.output, page: session.terminal.page });
  await deliver(text, flags, session);
}

type Batches = AsyncIterable<readonly Flow[]>;

/** Evaluation itself never waits; without this no signal would ever be heard. */
async function* interruptible(batches: Batches | Iterable<readonly Flow[]>, signal: AbortSignal): Batches {
  for await (const batch of batches) {
    await setImmediate(undefined, { signal });
    yield batch;
  }
}

async function inLines(batches: Batches, { answer }: ExpectationClasses): Promise<AsyncIterable<string>> {
  const { expectationLines } = await import('../publish/expectation-lines.ts');
  const lineOf = expectationLines();
  return (async function* () {
    for await (const batch of batches) yield batch.map((flow) => lineOf(flow, answer(flow))).join('');
  })();
}

interface ListOptions {
  readonly mesh: Mesh;
  readonly flags: ExpectFlags;
  readonly format: ExpectationFormat;
  readonly page: Page;
}

async function inList(
  batches: Batches,
  { expect }: ExpectationClasses,
  { mesh, flags, format, page }: ListOptions,
): Promise<AsyncIterable<string>> {
  const [{ EXPECTATION_PUBLISHERS }, { expectationItem }, conflicts] = await Promise.all([
    import('../publish/expectation-list.ts'),
    import('../publish/expectation-item.ts'),
    conflictsFor(mesh, flags),
  ]);
  const items = (async function* () {
    for await (const batch of batches) {
      yield batch.map((flow) => {
        const expectation = expect(flow);
        conflicts?.add(flow, expectation);
        return expectationItem(flow, expectation);
      });
    }
  })();
  const finish = conflicts === null ? undefined : () => narrowed(conflicts.finish(), flags.namespace);
  return EXPECTATION_PUBLISHERS[format](items, page, finish);
}

/** Some flows of a file are not the whole picture. */
async function conflictsFor(mesh: Mesh, flags: ExpectFlags): Promise<DeclaredConflicts | null> {
  if (flags.flows !== undefined) return null;
  const { declaredConflicts } = await import('../gate/declared-conflicts.ts');
  return declaredConflicts(mesh);
}

/** Those with an object in the namespaces that were asked for, or with a target there. */
function narrowed(conflicts: readonly Conflict[], namespaces: readonly string[] | undefined): readonly Conflict[] {
  if (namespaces === undefined) return conflicts;
  const isThere = (key: string): boolean => namespaces.includes(/ → (?:pod:)?([^/]+)\//.exec(key)?.[1] ?? '');
  return conflicts.filter(
    ({ cause, cells }) => cause.objects.some(({ namespace }) => namespaces.includes(namespace)) || cells.some(isThere),
  );
}

async function inBatches(mesh: Mesh, namespaces: readonly string[] | undefined): Promise<Iterable<readonly Flow[]>> {
  const { declaredFlows } = await import('./declared-flows.ts');
  return (function* () {
    let batch: Flow[] = [];
    for (const flow of declaredFlows(mesh, namespaces)) {
      batch.push(flow);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    yield batch;
  })();
}

/** A file is read through once before anything is evaluated, so that a bad line stops everything; a pipe cannot be. */
async function fromFile(path: string, session: Session): Promise<Batches> {
  const { checkFlows, openFlows, readFlows } = await import('./flow-file.ts');
  const { terminal, signal } = session;
  const name = path === '-' ? 'stdin' : path;
  const isRegular = path !== '-' && (await isRegularFile(path));
  if (isRegular) await checkFlows(openFlows(path, terminal.stdin, signal), name);
  return readFlows(openFlows(path, terminal.stdin, signal), name);
}

/** False for pipes such as `<(…)`, and for what is not there: reading it will say so. */
async function isRegularFile(path: string): Promise<boolean> {
  const { stat } = await import('node:fs/promises');
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
