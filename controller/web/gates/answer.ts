/** What a gate says, before it is put into the words of whoever asks. */
import type { VerdictValue } from '../../judge/finding.ts';
import type { BaselineCell, BaselineConflict } from '../../gate/baseline.ts';
import type { Difference } from '../../gate/comparison.ts';
import { CAUSES } from '../../judge/causes.ts';
import type { RolloutJudgement } from './rollout-judgement.ts';

export interface GateAnswer {
  readonly verdict: VerdictValue;
  /** It is being measured: who asks again soon gets more. */
  readonly isPending: boolean;
  /** Of the sweep that it rests on; empty: of none. */
  readonly runId: string;
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  /** Changes for the worse, and conflicts that were not there. */
  readonly regressions: number;
  /** A code of the catalogue; empty where none is known. */
  readonly cause: string;
  /** One line. */
  readonly message: string;
}

const NOTHING = { runId: '', total: 0, passed: 0, failed: 0, inconclusive: 0, regressions: 0, cause: '' } as const;

/** Nobody can tell. `cause`: a code of ours where it is our fault. */
export function cannotTell(why: string, facts: { readonly cause?: string; readonly runId?: string } = {}): GateAnswer {
  return { ...NOTHING, ...facts, verdict: 'inconclusive', isPending: false, message: oneLine(`inconclusive: ${why}`) };
}

export function pending(why: string): GateAnswer {
  return { ...NOTHING, verdict: 'inconclusive', isPending: true, message: oneLine(`pending: ${why}`) };
}

export function answerOf(judgement: RolloutJudgement, runId: string): GateAnswer {
  const { verdict, total, failed, unknown, regressions, newConflicts } = judgement;
  const counts = { runId, total, failed, inconclusive: unknown, passed: total - failed - unknown };
  const said = { ...counts, regressions: regressions.length + newConflicts.length, isPending: false };
  switch (verdict) {
    case 'pass': {
      const old = standingWords(judgement);
      const message = `ok: ${String(counts.passed)}/${String(total)} cells${old}`;
      return { ...said, verdict, cause: '', message: oneLine(message) };
    }
    case 'inconclusive':
      return { ...said, verdict, cause: '', message: oneLine(`inconclusive: ${judgement.why}`) };
    case 'fail': {
      const [worst, ...others] = faultsOf(judgement);
      const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
      return { ...said, verdict, cause: worst?.code ?? '', message: oneLine(`fail${more}: ${worst?.words ?? ''}`) };
    }
  }
}

interface Fault {
  readonly code: string;
  readonly words: string;
}

/** A change that the wire shows says more than a conflict; what is new says more than what stood. */
function faultsOf({ regressions, newConflicts, standing, standingConflicts }: RolloutJudgement): readonly Fault[] {
  const faults = [...regressions.map(changeFault), ...newConflicts.map((conflict) => conflictFault(conflict, 'new'))];
  if (faults.length > 0) return faults;
  return [
    ...standing.map((cell) => ({ code: cell.cause ?? '', words: `${cell.drift} as before: ${cellWords(cell)}` })),
    ...standingConflicts.map((conflict) => conflictFault(conflict, 'old')),
  ];
}

function changeFault({ kind, before, after }: Difference): Fault {
  if (after === null) return { code: '', words: `gone: ${routeWords(before)} was ${stateOf(before)}` };
  const was = kind === 'new' ? 'new' : kind === 'found' ? 'not known before' : `was ${stateOf(before)}`;
  return { code: after.cause ?? '', words: `${stateOf(after)}, ${was}: ${cellWords(after)}` };
}

function conflictFault({ severity, code, objects, message }: BaselineConflict, age: 'new' | 'old'): Fault {
  return { code, words: `${age} ${severity} conflict ${causeName(code)}, ${objectWords(objects)}: ${message}` };
}

function cellWords(cell: BaselineCell): string {
  const { cause, objects, message } = cell;
  const by = cause === null ? '' : ` by ${causeName(cause)}`;
  const of = objects.length === 0 ? '' : `, ${objectWords(objects)}`;
  return `${routeWords(cell)}${by}${of}${message === '' ? '' : `: ${message}`}`;
}

function routeWords({ vantage, target, probe }: BaselineCell): string {
  return `${vantage} → ${target} ${probe}`;
}

function stateOf({ drift, measured }: BaselineCell): string {
  return drift === 'agrees' || drift === 'unknown' ? measured : drift;
}

function causeName(code: string): string {
  return code in CAUSES ? `${CAUSES[code as keyof typeof CAUSES].name} ${code}` : code;
}

function objectWords(objects: BaselineConflict['objects']): string {
  const names = objects.map(({ kind, namespace, name }) => `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`);
  return names.join(' and ');
}

function standingWords({ standing, standingConflicts }: RolloutJudgement): string {
  const count = standing.length + standingConflicts.length;
  if (count === 0) return '';
  return `; ${String(count)} ${count === 1 ? 'violation was' : 'violations were'} there before`;
}

const MAX_CHARACTERS = 1000;

/** Whatever an object's author wrote into it: events of Kubernetes and lines of logs hold one line, and not a long one. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length <= MAX_CHARACTERS ? line : `${line.slice(0, MAX_CHARACTERS - 1)}…`;
}
