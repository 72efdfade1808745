/** Health checks that must fail as they are declared, and checks whose success proves nothing. */
import type { Mesh } from '../declared/mesh.ts';
import { causeOf } from './cause.ts';
import type { CauseCode } from './causes.ts';
import type { ConflictDraft } from './conflict-draft.ts';
import { denialCause } from './denial-cause.ts';
import type { Cause, Cell } from './finding.ts';
import { said } from './sentences.ts';
import { effectiveStep } from './trail-reading.ts';

/** What the kubelet itself sends counts; one conflict a workload and cause. */
export function healthConflicts(mesh: Mesh, cells: readonly Cell[]): readonly ConflictDraft[] {
  return cells.flatMap((cell) => {
    const { probe, expectation } = cell;
    if (probe.kind !== 'health' || probe.variant !== 'kubelet') return [];
    if (expectation.expect === 'deny') return mustFail(mesh, cell);
    return effectiveStep(expectation.trail, 'health')?.result === 'proves-nothing' ? provesNothing(mesh, cell) : [];
  });
}

const BY_DECLARATION: ReadonlySet<CauseCode> = new Set(['MP1401', 'MP1402', 'MP1405', 'MP1406']);

function mustFail(mesh: Mesh, cell: Cell): readonly ConflictDraft[] {
  const cause = denialCause(cell, { ...cell.expectation, expect: 'deny' });
  if (!BY_DECLARATION.has(cause.code)) return [];
  const message = `The ${checkName(cell)} of ${workloadOf(mesh, cell)} must fail: ${becauseOf(cell, cause)}`;
  return [draft(mesh, cell, 'error', causeOf(cause.code, message, { objects: cause.objects }))];
}

function becauseOf(cell: Cell, { code, message }: Cause): string {
  if (code !== 'MP1401') return message;
  const declared = said({ ...cell.expectation, expect: 'deny' });
  return `it is not rewritten and goes to port ${String(cell.target.port)} in plaintext, and ${declared}.`;
}

function provesNothing(mesh: Mesh, cell: Cell): readonly ConflictDraft[] {
  const message = `The ${checkName(cell)} of ${workloadOf(mesh, cell)} opens a TCP connection to port ${String(cell.target.port)}, which the sidecar accepts whether the application lives or not.`;
  const step = effectiveStep(cell.expectation.trail, 'health');
  return [draft(mesh, cell, 'warning', causeOf('MP1404', message, { objects: [step?.object ?? podRef(cell)] }))];
}

function draft(
  mesh: Mesh,
  cell: Cell,
  severity: ConflictDraft['severity'],
  cause: ConflictDraft['cause'],
): ConflictDraft {
  return { key: `${cause.code} ${workloadOf(mesh, cell)}`, severity, cause, cells: [cell] };
}

function checkName({ probe }: Cell): string {
  return probe.kind === 'health' ? `${probe.check} check (container ${probe.container})` : 'check';
}

function workloadOf(mesh: Mesh, { target }: Cell): string {
  const pod = `${target.namespace}/${target.name}`;
  return mesh.podsByKey.get(pod)?.workload ?? pod;
}

function podRef({ target: { namespace, name } }: Cell): Cell['expectation']['trail'][number]['object'] {
  return { kind: 'Pod', namespace, name };
}
