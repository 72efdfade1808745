/** The conflicts of declared objects alone: nothing was measured, so that none of them is confirmed. */
import { expectationClasses } from '../declared/classes.ts';
import type { Expectation, Flow } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import { collectConflicts } from '../judge/conflicts.ts';
import type { Conflict } from '../judge/finding.ts';
import { declaredCell } from './declared-cell.ts';
import { portsOf } from './door.ts';
import { OUTSIDE, besideCalls, isAsked } from './questions.ts';

export interface DeclaredConflicts {
  /** A flow and its answer, evaluated for another purpose. */
  readonly add: (flow: Flow, expectation: Expectation) => void;
  /** Of the flows that were added, and of what nobody asks about by hand: gateways, health checks, ports of pods. */
  readonly finish: () => readonly Conflict[];
}

export function declaredConflicts(mesh: Mesh): DeclaredConflicts {
  const collector = collectConflicts(mesh);
  const add = (flow: Flow, expectation: Expectation): void => {
    const cell = declaredCell(mesh, flow, expectation);
    if (cell !== null) collector.add([cell]);
  };
  return {
    add,
    finish: () => {
      const { expect } = expectationClasses(mesh);
      for (const flow of besideCalls(mesh)) add(flow, expect(flow));
      for (const flow of plaintextToPorts(mesh)) add(flow, expect(flow));
      return collector.conflicts();
    },
  };
}

/** Of one flow: those that its route is part of. */
export function conflictsOf(mesh: Mesh, flow: Flow, expectation: Expectation): readonly Conflict[] {
  const cell = declaredCell(mesh, flow, expectation);
  if (cell === null) return [];
  const collector = collectConflicts(mesh);
  collector.add([cell]);
  return collector.conflicts().filter(({ cells }) => cells.includes(cell.key));
}

/** A port that no Service leads to may be open as well. */
function* plaintextToPorts(mesh: Mesh): Generator<Flow, void, undefined> {
  for (const pod of mesh.pods.filter(isAsked)) {
    for (const port of portsOf(mesh, pod)) {
      const protocol = mesh.portOwner(pod, port)?.port.protocol;
      yield { id: '', source: OUTSIDE, target: `pod:${pod.key}`, port, probe: protocol === 'tcp' ? 'tcp' : 'http' };
    }
  }
}
