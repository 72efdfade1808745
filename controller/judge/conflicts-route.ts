/** Routes that nobody forbids and that cannot work, because the objects at both ends contradict each other. */
import { targetKey } from '../../proto/vocabulary.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import { causeOf, objectName } from './cause.ts';
import type { CauseCode } from './causes.ts';
import type { ConflictDraft } from './conflict-draft.ts';
import { denialCause, mixedCause } from './denial-cause.ts';
import { perspectiveOf } from './consistent.ts';
import type { Cell } from './finding.ts';
import { mismatchCode } from './mismatch-code.ts';
import { listed, routeName } from './sentences.ts';
import type { Declared } from './subject.ts';
import { decidersOf, effectiveStep, stepsOf } from './trail-reading.ts';

/** A Service with mixed endpoints is one conflict, whoever calls; otherwise the client's rule or the server's policy is. */
export function routeConflicts(cells: readonly Cell[]): readonly ConflictDraft[] {
  return cells.flatMap((cell) => [...mixedEndpoints(cell), ...mismatch(cell), ...fieldsOnTcp(cell)]);
}

function mixedEndpoints(cell: Cell): readonly ConflictDraft[] {
  if (cell.expectation.expect !== 'mixed') return [];
  return [{ key: `MP1009 ${targetKey(cell.target)}`, severity: 'error', cause: mixedCause(cell), cells: [cell] }];
}

function mismatch(cell: Cell): readonly ConflictDraft[] {
  const { expectation } = cell;
  if (expectation.outcome !== 'CLIENT_TLS_MISMATCH' || expectation.expect !== 'deny') return [];
  if (perspectiveOf(cell) === 'direct' || isForbidden(expectation.trail)) return [];
  const declared: Declared = { ...expectation, expect: 'deny' };
  const code = mismatchCode(cell, declared);
  const client = effectiveStep(declared.trail, 'client')?.object;
  const cause = denialCause(cell, declared);
  const message = `${routeName(cell)} cannot work${cause.message.slice(`${routeName(cell)} is refused`.length)}`;
  return [
    {
      key: `${code} ${culpritOf(cell, code, client)}`,
      severity: 'error',
      cause: causeOf(code, message, { objects: cause.objects, ...fixFor(code, client) }),
      cells: [cell],
    },
  ];
}

/** Authorization would refuse the route anyway: then it is nobody's purpose that it works. */
function isForbidden(trail: Declared['trail']): boolean {
  return stepsOf(trail, 'authorization').some(({ result }) => result === 'deny');
}

/** What one correction would mend. */
function culpritOf(cell: Cell, code: CauseCode, client: ObjectRef | undefined): string {
  if (code === 'MP1010' || code === 'MP1008' || code === 'MP1012') return targetKey({ ...cell.target });
  if (client !== undefined) return objectName(client);
  return listed(decidersOf(cell.expectation.decidedBy).map(objectName));
}

function fixFor(code: CauseCode, client: ObjectRef | undefined): { readonly fix?: string } {
  if (client === undefined) return {};
  const rule = objectName(client);
  if (code === 'MP1003')
    return { fix: `Take the tls block out of ${rule} (auto mTLS copes), or give the server a sidecar.` };
  if (code === 'MP1002' || code === 'MP1015') return { fix: `Set ${rule} to ISTIO_MUTUAL, or take its tls block out.` };
  return {};
}

/** Rules on HTTP fields at a port that Istio treats as TCP deny what nobody meant to deny. */
function fieldsOnTcp(cell: Cell): readonly ConflictDraft[] {
  const { expectation } = cell;
  const step = effectiveStep(expectation.trail, 'authorization');
  if (expectation.expect !== 'deny' || step?.by !== 'http-fields-on-tcp' || step.result !== 'deny') return [];
  const cause = denialCause(cell, { ...expectation, expect: 'deny' });
  const policy = step.object ?? decidersOf(expectation.decidedBy)[0];
  const name = policy === undefined ? targetKey(cell.target) : objectName(policy);
  return [{ key: `${cause.code} ${name}`, severity: 'error', cause, cells: [cell] }];
}
