/** What a change of declared objects would do: every answer that flips, grouped by cause, worst first. Pure. */
import { expectationClasses } from '../declared/classes.ts';
import type { ExpectationClasses } from '../declared/classes.ts';
import type { Flow, ObjectRef } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import { collectConflicts } from '../judge/conflicts.ts';
import type { Cell, Conflict } from '../judge/finding.ts';
import { declaredCell } from './declared-cell.ts';
import type { Door } from './door.ts';
import { doorOf, portsOf, takesPlaintext } from './door.ts';
import type { Flip, FlipCause, FlipKind } from './flip.ts';
import { FLIP_KINDS, flipOf } from './flip.ts';
import type { ObjectChange } from './overlay.ts';
import { isAsked, questionsOf } from './questions.ts';

export interface FlipGroup {
  readonly kind: FlipKind;
  readonly cause: FlipCause;
  readonly flips: readonly Flip[];
}

export interface DoorChange {
  readonly before: Door;
  readonly after: Door;
}

export interface Preview {
  readonly changes: readonly ObjectChange[];
  /** Worst first; of one kind, health checks first and then the larger ones. */
  readonly groups: readonly FlipGroup[];
  /** Ports whose mode changes. */
  readonly doors: readonly DoorChange[];
  /** Questions that could be asked before, and cannot after (a workload or Service is gone), or the other way round. */
  readonly gone: number;
  readonly appeared: number;
  /** Questions that were asked of both states. */
  readonly asked: number;
  readonly conflicts: { readonly appearing: readonly Conflict[]; readonly resolved: readonly Conflict[] };
  readonly answer: PreviewAnswer;
}

/** `safe`: nothing breaks, opens or is downgraded; `unsure`: so, but of some calls nobody can say. */
export type PreviewAnswer = 'safe' | 'flips' | 'unsure';

export interface Previewer {
  /** What is to be asked, once each. */
  readonly questions: () => Iterable<Flow>;
  readonly ask: (flow: Flow) => void;
  readonly finish: (changes: readonly ObjectChange[]) => Preview;
}

export function previewer(before: Mesh, after: Mesh): Previewer {
  const flips: Flip[] = [];
  const counts = { asked: 0, gone: 0, appeared: 0 };
  const classesBefore = expectationClasses(before);
  const classesAfter = expectationClasses(after);
  const conflictsBefore = collectConflicts(before);
  const conflictsAfter = collectConflicts(after);
  const ask = (flow: Flow): void => {
    const [was, is] = [cellIn(before, classesBefore, flow), cellIn(after, classesAfter, flow)];
    if (was !== null) conflictsBefore.add([was]);
    if (is !== null) conflictsAfter.add([is]);
    if (was === null || is === null) {
      if (was !== null) counts.gone += 1;
      const lost = was === null ? null : lossOf(after, flow, was);
      if (lost !== null) flips.push(lost);
      if (is !== null) counts.appeared += 1;
      return;
    }
    counts.asked += 1;
    const flip = flipOf(was, is);
    if (flip !== null) flips.push({ ...flip, flow });
  };
  return {
    questions: () => questionsOfBoth(before, after),
    ask,
    finish: (changes) => {
      const groups = grouped(flips);
      const doors = doorChanges(before, after);
      const [old, current] = [conflictsBefore.conflicts(), conflictsAfter.conflicts()];
      return {
        changes,
        groups,
        doors,
        ...counts,
        conflicts: { appearing: missingIn(old, current), resolved: missingIn(current, old) },
        answer: answerOf(groups, doors),
      };
    },
  };
}

function* questionsOfBoth(before: Mesh, after: Mesh): Generator<Flow, void, undefined> {
  yield* questionsOf(after);
  for (const flow of questionsOf(before)) if (cannotAsk(after, flow)) yield flow;
}

function cellIn(mesh: Mesh, { expect }: ExpectationClasses, flow: Flow): Cell | null {
  return cannotAsk(mesh, flow) ? null : declaredCell(mesh, flow, expect(flow));
}

/** A caller that is still there, and was answered, has nobody to call any more. */
function lossOf(after: Mesh, { source, target, port, probe }: Flow, was: Cell): Flip | null {
  if (probe === 'health' || was.expectation.expect === 'deny' || !hasCaller(after, source)) return null;
  const { namespace, name } = was.target;
  const what = after.servicesByKey.has(target) ? `has no port ${String(port)} any more` : 'is gone';
  const message = `${was.source} calls Service ${target}, which ${what}.`;
  const objects = [{ kind: 'Service', namespace, name }];
  return { kind: 'breaks', before: was, after: was, cause: { ...NO_CAUSE, message, objects } };
}

function hasCaller(mesh: Mesh, source: string): boolean {
  if (source.includes(':') || source === 'kubelet') return true;
  return mesh.podsByKey.has(source) || mesh.workloadsByKey.has(source);
}

/** One end is not there: what the engine says of such a flow is about its name, not about a call. */
function cannotAsk(mesh: Mesh, { source, target, port, health }: Flow): boolean {
  if (!hasCaller(mesh, source)) return true;
  if (!target.startsWith('pod:'))
    return mesh.servicesByKey.get(target)?.ports.every((one) => one.port !== port) ?? true;
  const pod = mesh.podsByKey.get(target.slice('pod:'.length));
  const checks = pod?.healthChecks.map(({ container, check }) => `${container}/${check}`) ?? [];
  return pod === undefined || (health !== undefined && !checks.includes(health));
}

function grouped(flips: readonly Flip[]): readonly FlipGroup[] {
  return [...Map.groupBy(flips, groupKey).values()]
    .map((members): FlipGroup => {
      const [first] = members;
      return { kind: first?.kind ?? 'unsure', cause: first?.cause ?? NO_CAUSE, flips: members };
    })
    .sort(
      (a, b) =>
        FLIP_KINDS.indexOf(a.kind) - FLIP_KINDS.indexOf(b.kind) ||
        Number(isOfHealth(b)) - Number(isOfHealth(a)) ||
        b.flips.length - a.flips.length,
    );
}

const NO_CAUSE: FlipCause = { code: null, message: '', fix: '', objects: [] };

function groupKey({ kind, cause, after }: Flip): string {
  const table = after.table === 'health' ? 'health' : 'call';
  return [kind, table, cause.code ?? '', ...cause.objects.map(placeOf)].join(' ');
}

function isOfHealth({ flips }: FlipGroup): boolean {
  return flips.some(({ after }) => after.table === 'health');
}

function doorChanges(before: Mesh, after: Mesh): readonly DoorChange[] {
  return after.pods.filter(isAsked).flatMap((pod) => {
    const old = before.podsByKey.get(pod.key);
    if (old === undefined) return [];
    return portsOf(after, pod)
      .map((port) => ({ before: doorOf(before, old, port), after: doorOf(after, pod, port) }))
      .filter((change) => change.before.mode !== change.after.mode);
  });
}

/** Conflicts are the same if they have one code and concern the same objects. */
function missingIn(known: readonly Conflict[], conflicts: readonly Conflict[]): readonly Conflict[] {
  const keys = new Set(known.map(conflictKey));
  return conflicts.filter((conflict) => !keys.has(conflictKey(conflict)));
}

function conflictKey({ cause }: Conflict): string {
  return [cause.code, ...cause.objects.map(placeOf)].join(' ');
}

function placeOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}

const HARMFUL: ReadonlySet<FlipKind> = new Set(['breaks', 'opens', 'downgrades']);

function answerOf(groups: readonly FlipGroup[], doors: readonly DoorChange[]): PreviewAnswer {
  const isLoosened = doors.some(({ before, after }) => !takesPlaintext(before) && takesPlaintext(after));
  if (isLoosened || groups.some(({ kind }) => HARMFUL.has(kind))) return 'flips';
  return groups.some(({ kind }) => kind === 'unsure') ? 'unsure' : 'safe';
}
