/** A change foretold for what was measured: which routes that work today stop for certain, probably, or nobody can say. */
import { expectationClasses } from '../declared/classes.ts';
import type { Mesh } from '../declared/mesh.ts';
import { isVouchedFor } from '../judge/drift.ts';
import type { Cell, Sweep } from '../judge/finding.ts';
import { routeName } from '../judge/sentences.ts';
import { baselineOf, identityOf } from './baseline.ts';
import type { Baseline, BaselineScope } from './baseline.ts';
import { doorsOf } from './doors-of.ts';
import type { Flip, FlipCause, FlipKind } from './flip.ts';
import { flipOf } from './flip.ts';
import { flowIn } from './measured-flow.ts';
import { measuredOf } from './measured-state.ts';
import { mover, withMoves } from './moved-routes.ts';
import { workloadNames } from './object-names.ts';
import type { WorkloadNames } from './object-names.ts';
import type { Certainty, Prediction } from './prediction.ts';
import { CERTAINTIES } from './prediction.ts';

export interface Foreseen {
  readonly kind: FlipKind;
  readonly certainty: Certainty;
  /** Why it is no more certain than that, or what makes it certain. */
  readonly why: string;
  /** As it was measured. */
  readonly cell: Cell;
  readonly cause: FlipCause;
  /** Some endpoints answer afterwards, and some do not. */
  readonly isPartly: boolean;
}

export interface MeasuredPreview {
  readonly baseline: Baseline;
  /** What stops first, and of that what is certain first. Fingerprints of ours are not in it. */
  readonly foreseen: readonly Foreseen[];
  /** Routes that the change would close, and that do not work today anyway. */
  readonly alreadyClosed: readonly Cell[];
  /** Measured routes of which the manifests know nothing. */
  readonly strangers: number;
  /** All tables, to be held against what is measured afterwards. */
  readonly predictions: readonly Prediction[];
  /** Whose the measured pods are: what a StatefulSet calls its own cannot be told by the name. */
  readonly workloads: WorkloadNames;
}

export interface MeasuredPreviewOptions {
  /** Of the sweep, where it is known. */
  readonly scope?: BaselineScope;
  /** `KIND/NAMESPACE/NAME` of objects that are not modelled and leave no doubt. @default none */
  readonly trusted?: readonly string[];
}

export function measuredPreview(
  sweep: Sweep,
  before: Mesh,
  after: Mesh,
  { scope, trusted = [] }: MeasuredPreviewOptions = {},
): MeasuredPreview {
  const was = expectationClasses(before);
  const is = expectationClasses(after);
  const foreseen: Foreseen[] = [];
  const alreadyClosed: Cell[] = [];
  const movesOf = mover({ before, after, expect: (flow) => is.expect(flow) });
  const moves: Prediction[] = [];
  let strangers = 0;
  for (const cell of sweep.cells) {
    const [asked, later] = [flowIn(before, cell), flowIn(after, cell)];
    if (asked === null || later === null) {
      strangers += 1;
      continue;
    }
    moves.push(...movesOf(cell, later));
    const old = { ...cell, expectation: was.expect(asked) };
    const flip = flipOf(old, { ...cell, expectation: is.expect(later) });
    if (flip === null) {
      const hidden = plaintextIntoStrict(cell, old, before, after);
      if (hidden !== null) foreseen.push(hidden);
    } else if (flip.kind === 'breaks' && measuredOf(cell) === 'closed') alreadyClosed.push(cell);
    else foreseen.push(foreseenOf(flip, cell, trusted));
  }
  return {
    baseline: baselineOf(sweep, 'preview', scope),
    foreseen: foreseen.filter(({ cell }) => isSomebodys(cell)).sort(byUrgency),
    alreadyClosed: alreadyClosed.filter(isSomebodys),
    strangers,
    predictions: withMoves(predictionsOf(foreseen, sweep.cells), moves),
    workloads: workloadNames(sweep.cells),
  };
}

/** Somebody depends on it: no fingerprint of a port, and no health check but the one that the kubelet sends. */
export function isSomebodys({ table, probe }: Cell): boolean {
  return table === 'reachability' || (probe.kind === 'health' && probe.variant === 'kubelet');
}

function foreseenOf(flip: Flip, cell: Cell, trusted: readonly string[]): Foreseen {
  const { kind, after, cause } = flip;
  const isPartly = after.expectation.expect === 'mixed';
  return { kind, cell, cause, isPartly, ...certaintyOf(flip, cell, trusted) };
}

type Weighed = Pick<Foreseen, 'certainty' | 'why'>;

/** Certain is what was measured, was declared just so, and is declared otherwise without an if or but. */
function certaintyOf({ kind, before, after }: Flip, cell: Cell, trusted: readonly string[]): Weighed {
  const measured = measuredOf(cell);
  const doubt = after.expectation.warnings.find((warning) => !isVouchedFor(warning, trusted));
  if (kind === 'unsure') return { certainty: 'unknown', why: doubt ?? 'what is declared does not say' };
  if (measured === 'unknown')
    return { certainty: 'unknown', why: 'nobody knows whether it works today: it could not be measured' };
  if (isOther(cell, before)) {
    return { certainty: 'probable', why: 'other objects were in force when it was measured than these manifests hold' };
  }
  if (cell.drift !== 'agrees' && cell.drift !== 'misplaced') {
    return { certainty: 'probable', why: `what is declared is not what is in force there today (${cell.drift})` };
  }
  if (cell.isFlapping || measured === 'mixed') return { certainty: 'probable', why: 'today it works now and then' };
  if (doubt !== undefined) return { certainty: 'probable', why: doubt };
  if (kind !== 'breaks')
    return {
      certainty: 'probable',
      why: 'it was measured as it is declared, and other things than these may be in its way',
    };
  return { certainty: 'certain', why: `measured today: ${SHOWN[measured] ?? 'answered'}, as declared` };
}

const SHOWN: Readonly<Partial<Record<string, string>>> = {
  plaintext: 'answered in plaintext',
  tls: 'answered over TLS',
  mtls: 'answered over mutual TLS',
  hbone: 'answered through HBONE',
};

function isOther({ expectation: then }: Cell, { expectation: now }: Cell): boolean {
  return then.expect !== now.expect || then.transport !== now.transport;
}

/** Declared to be mutual TLS, seen to be plaintext, and plaintext is what is shut out: that no object says so does not help. */
function plaintextIntoStrict(cell: Cell, before: Cell, old: Mesh, current: Mesh): Foreseen | null {
  if (measuredOf(cell) !== 'plaintext' || before.expectation.transport === 'plaintext') return null;
  const wasStrict = doorsOf(old, cell).filter(({ mode }) => mode === 'STRICT').length;
  const strict = doorsOf(current, cell).filter(({ mode }) => mode === 'STRICT');
  if (strict.length <= wasStrict) return null;
  const message = `${routeName(cell)} was answered in plaintext, whatever is declared of it, and STRICT takes none.`;
  const fix = 'Find out why the caller does not speak mutual TLS before STRICT is turned on.';
  const cause = { code: null, message, fix, objects: strict.flatMap(({ object }) => object ?? []).slice(0, 1) };
  const why = `what is declared is not what is in force there today (${cell.drift})`;
  return { kind: 'breaks', certainty: 'probable', why, cell, cause, isPartly: false };
}

/** Of the pods of a workload the least certain speaks for all of them; where they part, they are mixed. */
function predictionsOf(foreseen: readonly Foreseen[], cells: readonly Cell[]): readonly Prediction[] {
  const byCell = new Map(foreseen.map((one) => [one.cell, one]));
  const groups = Map.groupBy(cells, identityOf);
  return [...groups].flatMap(([identity, group]) => {
    const own = group.flatMap((cell) => byCell.get(cell) ?? []);
    if (own.length === 0) return [];
    const least = own.reduce((most, { certainty }) => Math.max(most, CERTAINTIES.indexOf(certainty)), 0);
    const words = [...new Set(group.map((cell) => wordOf(byCell.get(cell), cell)))];
    const [only = 'open', ...others] = words;
    const becomes = others.length === 0 ? only : words.includes('closed') || words.includes('mixed') ? 'mixed' : 'open';
    return [{ identity, becomes, certainty: CERTAINTIES[least] ?? 'unknown' }];
  });
}

function wordOf(foreseen: Foreseen | undefined, cell: Cell): Prediction['becomes'] {
  if (foreseen === undefined) {
    const measured = measuredOf(cell);
    return measured === 'closed' || measured === 'mixed' ? measured : 'open';
  }
  if (foreseen.isPartly) return 'mixed';
  switch (foreseen.kind) {
    case 'breaks':
      return 'closed';
    case 'downgrades':
      return 'plaintext';
    case 'secures':
      return 'mtls';
    case 'opens':
    case 'mends':
    case 'unsure':
      return 'open';
  }
}

const KINDS: readonly FlipKind[] = ['breaks', 'opens', 'downgrades', 'unsure', 'mends', 'secures'];

function byUrgency(a: Foreseen, b: Foreseen): number {
  return (
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || CERTAINTIES.indexOf(a.certainty) - CERTAINTIES.indexOf(b.certainty)
  );
}
